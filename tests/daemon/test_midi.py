"""A MIDI surface at the real daemon: its controls are commands; where there is no MIDI, that is said and no more."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import mido
import pytest
from daemon_process import ROOT, Daemon, Home, surface, wait_for
from pythonosc.osc_message import OscMessage


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_midi(port: int) -> dict[str, str]:
    folders = (str(ROOT), str(Path(__file__).parents[1] / "support"))
    return {
        "PYTHONPATH": os.pathsep.join(folders),
        "MIDO_BACKEND": "socket_midi",
        "SOCKET_MIDI_PORT": str(port),
        "BRIDGE_MIDI_INPUT": "Test surface",
    }


def said(daemon: Daemon, message: mido.Message, port: int, address: str, limit_s: float = 20.0) -> str:
    """What the surfaces read after a MIDI message, which is sent until the input is open."""
    with surface(daemon) as send:
        send("/bridge/ping", until="/bridge/status")
        client: socket.socket = send.client  # type: ignore[attr-defined]
        client.settimeout(0.2)
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            client.sendto(bytes(message.bytes()), ("127.0.0.1", port))
            try:
                answer = OscMessage(client.recv(65536))
            except (TimeoutError, ConnectionError):
                continue
            if answer.address == address:
                return str(answer.params[0])
    raise AssertionError(f"nothing came at {address} within {limit_s:g} s")


def test_a_knob_sets_the_amount(home: Home) -> None:
    port = free_port()
    with home.daemon(environment=with_midi(port)) as daemon:
        turned = mido.Message("control_change", control=20, value=0)
        assert "amount 0 %" in said(daemon, turned, port, "/bridge/status")


def test_what_a_note_cannot_do_is_said_and_the_surface_lives(home: Home) -> None:
    port = free_port()
    with home.daemon(environment=with_midi(port)) as daemon:
        assert "REAPER" in said(daemon, mido.Message("note_on", note=60, velocity=100), port, "/bridge/error")
        assert "amount 100 %" in said(
            daemon, mido.Message("control_change", control=20, value=127), port, "/bridge/status"
        )


@pytest.mark.parametrize(
    "backend", [{"MIDO_BACKEND": "no_such_backend"}, {**with_midi(1), "BRIDGE_MIDI_INPUT": "Lost"}]
)
def test_without_midi_it_is_said_and_everything_else_goes_on(home: Home, backend: dict[str, str]) -> None:
    with home.daemon(environment={"BRIDGE_MIDI_INPUT": "Lost", **backend}) as daemon:
        log = home.folder / "logs" / "daemon.log"
        wait_for(lambda: "MIDI is off" in log.read_text("utf-8"), "the line in the log")
        assert "OSC works without" in log.read_text("utf-8") or "No MIDI input is called 'Lost'" in log.read_text(
            "utf-8"
        )
        with surface(daemon) as send:
            assert send("/bridge/ping", until="/bridge/status") < 5.0
