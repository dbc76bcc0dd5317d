"""A motor fader on a MIDI surface and REAPER's plugins: each follows the other, through everything that is real."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import mido
from daemon_process import ROOT, Home
from live_session import is_near, open_session, prepare
from socket_midi import FOLDER_VARIABLE, plugged_in


def fader(value: int) -> mido.Message:
    return mido.Message("control_change", control=20, value=value)


def light(velocity: int) -> mido.Message:
    return mido.Message("note_on", note=60, velocity=velocity)


def test_a_motor_fader_moves_the_settings_and_is_moved(tmp_path: Path, make_home: Callable[[Path], Home]) -> None:
    environment = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(Path(__file__).parents[1] / "support"))),
        "MIDO_BACKEND": "socket_midi",
        FOLDER_VARIABLE: str(tmp_path / "ports"),
        "BRIDGE_MIDI_INPUT": "Motor",
    }
    with (
        plugged_in(tmp_path / "ports", "Motor") as device,
        open_session(make_home(tmp_path / "home"), environment=environment) as studio,
    ):
        device.connections(2)
        studio.client.send("/bridge/ping")
        mixed = prepare(studio)
        device.wait(lambda: fader(127) in device.received, "the fader all the way up")  # what Bridge has set
        assert device.received[:2] == [light(127), light(0)]  # while the job ran
        device.send(fader(10), fader(50))  # soft takeover: it has not come to where the amount stands
        for value in range(127, 63, -9):
            device.send(fader(value))
        studio.until(lambda: is_near(studio.values(), mixed.at(64 / 127), 1e-3))
        studio.until_heard("/bridge/status", "amount 50 %")
        studio.do("/bridge/amount", 0.25, word="amount")
        device.wait(lambda: fader(32) in device.received, "the fader to follow")
