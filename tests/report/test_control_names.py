"""Names of controls as people read them."""

from __future__ import annotations

import time
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


def test_a_table_that_nobody_reads_whole_is_printed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What wrapping 6,000 rows took was 20 s."""
    begin = time.process_time()
    print_table("Controls", ("control", "neutral"), [(f"slot {number}.gain_db", "0 dB") for number in range(6000)])
    assert time.process_time() - begin < 1.0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6002 and lines[1].split() == ["control", "neutral"]
    assert lines[5] == "slot 3.gain_db     0 dB" and len({line.rindex("0 dB") for line in lines[2:]}) == 1
