"""Auto-mixes that a surface asked for: refused, overtaken, or taken by nobody, the surface is told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from daemon_process import Home, wait_for
from free_port import free_port
from live_session import open_session

from bridge.daemon import pending_automixes as rooms
from bridge.daemon import script_calls
from bridge.daemon.pending_automixes import PendingAutomixes
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.daemon.script_calls import ScriptCalls
from bridge.errors import LinkError
from bridge.reaper.protocol.messages import SCHEMA, encode
from bridge.reaper.protocol.script_calls import LIVE_SCRIPT, ScriptCallAnswer
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings


class Desk:
    """A spool on which REAPER's part is played by the test."""

    def __init__(self, home: Path) -> None:
        self.spool = Spool(home / "spool", free_mib=1)
        self.spool.create()
        self.told: list[tuple[object, ...]] = []
        settings = Settings(home=home, reaper_osc_port=free_port())
        self.script_calls = ScriptCalls(
            self.spool, ReaperOscClient(settings, self.spool), self._report, threading.Condition()
        )
        self.pending = PendingAutomixes(self.script_calls, self._report)

    def _report(self, *values: object) -> None:
        self.told.append(values)

    def asks(self) -> list[str]:
        return [file.stem for file in (self.spool.folder / "asks").iterdir()]

    def answer(self, call: str, status: str, message: str) -> None:
        (self.spool.folder / "asks" / f"{call}.json").unlink()
        data = encode(ScriptCallAnswer(schema=SCHEMA, id=call, status=status, error=message))  # type: ignore[arg-type]
        (self.spool.folder / "answers" / f"{call}.json").write_bytes(data)
        self.script_calls.receive_all()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_every_refusal_is_told_however_many_wait(desk: Desk) -> None:
    for track in (1, 2, 3):
        desk.pending.send(track=track)
    first, second, third = desk.asks()
    desk.answer(second, "refused", "there is no such track")
    desk.answer(first, "refused", "it was stopped")
    desk.answer(third, "done", "")
    assert desk.pending.has_answers()
    desk.pending.poll()
    assert sorted(desk.told) == [("/bridge/error", "it was stopped"), ("/bridge/error", "there is no such track")]
    assert not desk.pending.has_answers()
    assert desk.pending.wait_s is None


def test_no_flood_of_them_waits_for_a_closed_reaper(desk: Desk) -> None:
    for track in range(rooms.MAX_UNTAKEN):
        desk.pending.send(track=track + 1)
    with pytest.raises(LinkError, match="dropped: 16 of them wait"):
        desk.pending.send(track=99)
    assert len(desk.asks()) == rooms.MAX_UNTAKEN
    (desk.spool.folder / "asks" / f"{desk.asks()[0]}.json").unlink()  # a script takes one
    desk.pending.send(track=99)
    assert len(desk.asks()) == rooms.MAX_UNTAKEN


def test_what_nobody_takes_is_said_once_and_given_up_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.pending.send()
    desk.pending.poll()
    assert desk.told == []
    assert desk.pending.wait_s is not None
    monkeypatch.setattr(rooms, "SILENCE_AFTER_S", 0.0)
    desk.pending.poll()
    desk.pending.poll()
    assert [path for path, _ in desk.told] == ["/bridge/status"]
    assert "REAPER does not answer" in str(desk.told[0][1])
    monkeypatch.setattr(rooms, "GIVE_UP_S", 0.0)
    desk.pending.poll()
    assert desk.told[1][0] == "/bridge/error"
    assert "given up" in str(desk.told[1][1])
    assert desk.asks() == []
    assert desk.pending.wait_s is None


def test_what_waits_for_an_answer_is_given_up_by_its_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_calls, "GIVE_UP_S", 0.0)
    with pytest.raises(LinkError, match="the move of the amount was given up"):
        desk.script_calls.execute(desk.script_calls.new("begin", amount=0.5), LIVE_SCRIPT)
    assert desk.asks() == []


def test_what_was_taken_is_waited_for_in_silence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "SILENCE_AFTER_S", 0.0)
    monkeypatch.setattr(rooms, "GIVE_UP_S", 0.0)
    desk.pending.send()
    desk.spool.withdraw_script_call(desk.asks()[0])
    desk.pending.poll()
    assert desk.told == []
    assert desk.pending.wait_s is None


def test_asked_again_meanwhile_the_first_is_stopped_and_the_second_done(home: Home) -> None:
    with open_session(home, seconds=20.0) as studio:
        studio.client.send("/bridge/automix")
        requests = home.spool.folder / "requests"
        studio.until(lambda: any(requests.glob("*.json")))
        studio.client.send("/bridge/automix", 1)
        assert "stopped" in studio.until_heard("/bridge/error")
        studio.until_heard("/bridge/receipt")
        studio.reaper.run_until_idle(30)
        assert studio.reaper.undo_points == ["Bridge: Auto-mix track"]
        wait_for(lambda: not home.spool.pending(), "the requests to be tidied up")


def test_a_closed_reaper_is_told_while_the_daemon_goes_on(home: Home) -> None:
    with open_session(home) as studio:
        studio.client.send("/bridge/automix")  # REAPER takes no turn: a dialog, a render
        wait_for(lambda: any("does not answer" in str(t) for t in studio.client.texts("/bridge/status")), "the line")
        studio.until_heard("/bridge/result")
        studio.reaper.run_until_idle(30)


def test_what_is_given_up_blocks_nothing_and_a_sign_of_life_ends_the_silence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_calls, "SILENCE_AFTER_S", 0.02)
    monkeypatch.setattr(script_calls, "GIVE_UP_S", 0.1)
    with pytest.raises(LinkError):
        desk.script_calls.execute(desk.script_calls.new("undo"), LIVE_SCRIPT)
    desk.script_calls.check("compare")  # nothing waits any more: it may be tried
    monkeypatch.setattr(script_calls, "GIVE_UP_S", 60.0)
    call = desk.script_calls.new("undo")
    desk.script_calls.send(call, LIVE_SCRIPT)
    with pytest.raises(LinkError, match="so compare was not asked for"):
        desk.script_calls.check("compare")
    desk.answer(call.id, "done", "")
    assert not desk.script_calls.is_silent
    desk.script_calls.check("compare")
