"""`bridge midi`: ports are listed, controls are learned from what the user moves, and forgotten again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
from click.testing import CliRunner
from socket_midi import Device, backend, plugged_in

from bridge.cli import main
from bridge.surfaces.midi.bindings import MidiBinding, load_bindings


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    with backend(tmp_path / "ports"), plugged_in(tmp_path / "ports", "Faders") as device:
        yield device


def move(device: Device, *messages: mido.Message) -> threading.Thread:
    """The user, who moves a control once the command listens."""

    def run() -> None:
        device.connections(1)
        device.send(*messages)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_control_is_learned_shown_and_forgotten(device: Device, tmp_path: Path) -> None:
    ports = CliRunner().invoke(main, ["midi", "ports", "--json", "-"])
    assert json.loads(ports.stdout) == [{"name": "Faders", "input": True, "output": True}]
    turns = [mido.Message("control_change", control=16, value=value) for value in (1, 1, 1, 2, 1, 127, 127, 127, 1, 1)]
    user = move(device, *turns)
    result = CliRunner().invoke(main, ["midi", "learn", "amount", "--port", "fader"], catch_exceptions=False)
    user.join()
    assert result.exit_code == 0, result.output
    assert "controller 16 on channel 1 (twos-complement)" in result.output
    knob = MidiBinding(command="amount", number=16, channel=1, relative="twos-complement")
    assert knob in load_bindings(tmp_path / "home").control
    assert "compare" in CliRunner().invoke(main, ["midi", "show"]).output
    assert CliRunner().invoke(main, ["midi", "forget", "amount"]).exit_code == 0
    assert knob not in load_bindings(tmp_path / "home").control


def test_what_is_wrong_is_said_in_one_line(device: Device) -> None:
    for arguments, said in (
        (["learn", "amount"], "midi_input"),
        (["learn", "amount", "--port", "none"], "There are: Faders"),
        (["learn", "style", "--port", "Faders"], "--style NAME"),
        (["learn", "undo", "--port", "Faders", "--track", "2"], "--track N"),
    ):
        result = CliRunner().invoke(main, ["midi", *arguments])
        assert result.exit_code in (1, 2)
        assert said in result.stderr
        assert "Traceback" not in result.stderr
