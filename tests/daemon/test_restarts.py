"""A job that was accepted is answered or reported, also where the daemon is killed at any step of it."""

from __future__ import annotations

import json

from daemon_process import Home, surface, wait_for
from live_session import open_session

from bridge.reaper.protocol.messages import SCHEMA

STEPS = ("reading the request", "listening", "trying the settings")


def step_of(home: Home, request_id: str) -> str:
    """What the progress file says; '' while there is none."""
    try:
        return str(json.loads((home.spool.folder / "progress" / f"{request_id}.json").read_bytes())["step"])
    except (FileNotFoundError, json.JSONDecodeError):
        return ""


def test_a_daemon_killed_at_any_step_is_followed_by_one_that_answers(home: Home) -> None:
    ids: list[str] = []
    for place in range(len(STEPS)):
        with home.daemon() as daemon:
            ids.append(home.send(home.request(audio=home.noise(20.0))))
            wait_for(lambda place=place: step_of(home, ids[-1]) in STEPS[place:], STEPS[place])
            daemon.kill()
            assert [home.spool.has("replies", request_id) for request_id in ids] == [True] * place + [False]
    receipt = {"schema": SCHEMA, "id": ids[0], "status": "applied", "error": "while no daemon ran", "results": []}
    (home.spool.folder / "receipts" / f"{ids[0]}.json").write_text(json.dumps(receipt), "utf-8")
    with home.daemon():
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * len(STEPS)
        wait_for(lambda: not home.spool.receipts(), "the receipt to be taken")
        assert "while no daemon ran" in (home.folder / "logs" / "daemon.log").read_text("utf-8")
        wait_for(lambda: not home.spool.pending(), "the requests to be tidied up")


def test_an_action_goes_on_with_the_next_daemon(home: Home) -> None:
    with open_session(home, seconds=20.0) as studio:
        requests = home.spool.folder / "requests"
        studio.reaper.run_action("bridge_automix.lua")
        studio.until(lambda: any(requests.glob("*.json")))
        request_id = next(requests.glob("*.json")).stem
        wait_for(lambda: step_of(home, request_id), "the job to begin")
        studio.daemon.kill()
        with home.daemon():  # REAPER is busy meanwhile, as in a dialog
            studio.reaper.run_until_idle(60)
        assert studio.reaper.messages.boxes == []
        assert studio.reaper.undo_points == ["Bridge: Auto-mix track"]


def test_a_folder_named_like_a_receipt_is_said_once(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        name = "0b9d7a52-93a5-4ab9-8a37-0c5f6e1d2a3b.json"
        (home.spool.folder / "receipts" / name).mkdir()
        log = home.folder / "logs" / "daemon.log"
        wait_for(lambda: name in log.read_text("utf-8"), "the line about it")
        (home.spool.folder / "receipts" / "sibling").touch()
        beat = home.spool.folder / "heartbeat.json"
        for _ in range(3):  # the spool is looked through once a second, as the heartbeat is written
            before = beat.stat().st_mtime_ns
            wait_for(lambda before=before: beat.stat().st_mtime_ns != before, "a heartbeat")
        send("/bridge/ping", until="/bridge/status")
        assert log.read_text("utf-8").count(name) == 1
