"""A MIDI surface at the real daemon: its controls are commands; where there is no MIDI, that is said and no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
from daemon_process import ROOT, Daemon, Home, surface, wait_for
from socket_midi import FOLDER_VARIABLE, Device, plugged_in

NAME = "Test surface"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with plugged_in(tmp_path / "ports", NAME) as device:
        yield device


def with_midi(ports: Path, **more: str) -> dict[str, str]:
    folders = (str(ROOT), str(Path(__file__).parents[1] / "support"))
    return {
        "PYTHONPATH": os.pathsep.join(folders),
        "MIDO_BACKEND": "socket_midi",
        FOLDER_VARIABLE: str(ports),
        "BRIDGE_MIDI_INPUT": NAME,
        "BRIDGE_REAPER_OSC_PORT": "0",
        **more,
    }


def said_after(daemon: Daemon, device: Device, message: mido.Message, address: str) -> str:
    """What a surface that shows text reads after a control has moved."""
    device.connections(2)
    with surface(daemon) as send:
        send("/bridge/ping", until="/bridge/status")
        device.send(message)
        while True:
            send("/bridge/ping", until="/bridge/status")
            for heard in send.heard:  # type: ignore[attr-defined]
                if heard.address == address and heard.params[0] != "ready":
                    return str(heard.params[0])


def test_a_knob_sets_the_amount_and_what_a_note_cannot_do_is_said(home: Home, device: Device, tmp_path: Path) -> None:
    with home.daemon(environment=with_midi(tmp_path / "ports")) as daemon:
        turned = mido.Message("control_change", control=20, value=0)
        assert "amount 0 %" in said_after(daemon, device, turned, "/bridge/status")
        note = mido.Message("note_on", note=60, velocity=100)
        assert "REAPER" in said_after(daemon, device, note, "/bridge/error")


@pytest.mark.parametrize("has_backend", [True, False])
def test_without_midi_it_is_said_and_everything_else_goes_on(home: Home, tmp_path: Path, has_backend: bool) -> None:
    (tmp_path / "ports").mkdir()
    environment = with_midi(tmp_path / "ports", **({} if has_backend else {"MIDO_BACKEND": "no_such_backend"}))
    with home.daemon(environment=environment) as daemon:
        log = home.folder / "logs" / "daemon.log"
        wanted = f"No MIDI port is called '{NAME}'" if has_backend else "MIDI is off: MIDI cannot be reached"
        wait_for(lambda: wanted in log.read_text("utf-8"), "the line in the log")
        with surface(daemon) as send:
            assert send("/bridge/ping", until="/bridge/status") < 5.0


def test_a_layout_that_is_wrong_is_said(home: Home, device: Device, tmp_path: Path) -> None:
    (home.folder / "midi.toml").write_text('[[control]]\ncommand = "explode"\n')
    with home.daemon(environment=with_midi(tmp_path / "ports")):
        log = home.folder / "logs" / "daemon.log"
        wait_for(lambda: "midi.toml is no layout" in log.read_text("utf-8"), "the line in the log")


def test_what_is_learned_while_the_daemon_runs_is_used_at_once(home: Home, device: Device, tmp_path: Path) -> None:
    layout, log = home.folder / "midi.toml", home.folder / "logs" / "daemon.log"
    with home.daemon(environment=with_midi(tmp_path / "ports")) as daemon:
        device.connections(2)
        layout.write_text('[[control]]\ncommand = "amount"\nnumber = 99\ntakeover = "jump"\n')
        wait_for(lambda: "1 controls are bound" in log.read_text("utf-8"), "the line about the layout")
        turned = mido.Message("control_change", control=99, value=0)
        assert "amount 0 %" in said_after(daemon, device, turned, "/bridge/status")
        layout.write_text("nonsense")
        wait_for(lambda: "MIDI goes on as it was" in log.read_text("utf-8"), "the line about the mistake")
        turned = mido.Message("control_change", control=99, value=127)
        assert "amount 100 %" in said_after(daemon, device, turned, "/bridge/status")


def test_a_layout_that_is_mended_switches_midi_on(home: Home, device: Device, tmp_path: Path) -> None:
    layout, log = home.folder / "midi.toml", home.folder / "logs" / "daemon.log"
    layout.mkdir()
    with home.daemon(environment=with_midi(tmp_path / "ports")):
        wait_for(lambda: "MIDI is off" in log.read_text("utf-8"), "the line in the log")
        layout.rmdir()
        device.connections(2)
