"""Names of controls as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli.output import print_table
from bridge.plugins.chain.chain_file import load_chain
from bridge.report.control_names import control_name
from bridge.settings import shipped_folder


def test_names_are_not_broken_on_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    chain = load_chain(Path(shipped_folder("models")) / "chains" / "channel-strip.toml")
    names = [control_name(control.slot, control.name) for control in chain.controls]
    assert "Low shelf · Gain" in names
    why = "160-630 Hz lay 3.2 dB above the target, now 0.4 dB above; this alone lowers it by 2.8 dB."
    rows = [(name, "10000.00 Hz", "12000.00 Hz", "100%", why) for name in names]
    print_table("Settings", ("control", "before", "after", "confidence", "why"), rows)
    shown = capsys.readouterr().out
    assert all(word in shown.split() for name in names for word in name.split()), shown
