"""Control surfaces and the daemon: what they hear, what they set, and what they are told."""

from __future__ import annotations

import socket

import pytest
from daemon_process import Daemon, Home, surface
from pythonosc.osc_message import OscMessage

from bridge.reaper.describe import describe_reply


def test_surfaces_hear_progress_and_result(served: tuple[Home, Daemon]) -> None:
    home, daemon = served
    with surface(daemon) as send:
        send("/bridge/ping", until="/bridge/status")
        request_id = home.send(home.request())
        client = send.client  # type: ignore[attr-defined]
        messages: list[OscMessage] = []
        while not messages or messages[-1].address != "/bridge/result":
            messages.append(OscMessage(client.recv(65536)))
        shares = [message.params[0] for message in messages if message.address == "/bridge/progress"]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        reply = home.reply(request_id)
        assert messages[-1].params == [request_id, "apply", describe_reply(reply), len(reply.writes)]


def test_an_amount_from_a_surface_holds_for_the_next_job(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        send("/bridge/amount", 0.5, until="/bridge/status")
        assert send.heard[-1].params == ["amount 50 % for the next auto-mix"]  # type: ignore[attr-defined]
        reply = home.ask()
        gain = next(change for change in reply.changes if (change.slot, change.control) == ("low_shelf", "gain_db"))
        assert 4.0 <= gain.after <= 8.0


@pytest.mark.parametrize("path", ["/bridge/undo", "/bridge/compare", "/bridge/automix"])
def test_what_only_reaper_can_do_is_said(served: tuple[Home, Daemon], path: str) -> None:
    _, daemon = served
    with surface(daemon) as send:
        values = [1] if path == "/bridge/compare" else []
        send(path, *values, until="/bridge/error")
        assert "REAPER" in send.heard[-1].params[0]  # type: ignore[attr-defined]


def test_automix_from_a_surface_runs_the_action_in_reaper(home: Home) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reaper:
        reaper.bind(("127.0.0.1", 0))
        reaper.settimeout(30)
        environment = {
            "BRIDGE_REAPER_OSC_PORT": str(reaper.getsockname()[1]),
            "BRIDGE_REAPER_AUTOMIX_ACTION": "_RS0123456789abcdef",
        }
        with home.daemon(environment=environment) as daemon, surface(daemon) as send:
            send("/bridge/automix", until="/bridge/status")
            message = OscMessage(reaper.recv(65536))
    assert (message.address, message.params) == ("/action/str", ["_RS0123456789abcdef"])
