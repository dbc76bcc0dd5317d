"""Gestures that follow each other without an end, with REAPER's part played by the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import wait_for
from free_port import free_port

from bridge.daemon import amount_control as rooms
from bridge.daemon.amount_control import AmountControl
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.daemon.session_defaults import SessionDefaults
from bridge.reaper.protocol.messages import SCHEMA, decode, encode
from bridge.reaper.protocol.script_calls import ScriptCall, ScriptCallAnswer
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings
from bridge.surfaces.commands import Command

GESTURES = 600  # far more than calls may be nested


class PlayedReaper(threading.Thread):
    """Answers every ask; before it says that a gesture has settled the user moves the fader on, `moves` times."""

    def __init__(self, home: Path, moves: int) -> None:
        super().__init__(daemon=True)
        self.spool = Spool(home / "spool", free_mib=1)
        self.spool.create()
        settings = Settings(home=home, reaper_osc_port=free_port())
        self.told: list[tuple[object, ...]] = []
        link = ReaperOscClient(settings, self.spool)
        self.live = AmountControl(
            self.spool, link, settings, SessionDefaults(settings.styles), lambda *values: self.told.append(values)
        )
        self.settled: list[float] = []
        self._moves, self._is_over = moves, threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.0005):
            for file in list((self.spool.folder / "asks").glob("*.json")):
                self._answer(decode(file.read_bytes(), ScriptCall, source=file.name))

    def _answer(self, ask: ScriptCall) -> None:
        (self.spool.folder / "asks" / f"{ask.id}.json").unlink()
        if ask.kind == "settle":
            self.settled.append(ask.amount or 0.0)
            if len(self.settled) < self._moves:
                self.live.submit(Command("amount", len(self.settled) / self._moves))
        answer = ScriptCallAnswer(
            schema=SCHEMA, id=ask.id, status="moving" if ask.kind == "begin" else "done", amount=ask.amount
        )
        (self.spool.folder / "answers" / f"{ask.id}.json").write_bytes(encode(answer))
        self.live.script_calls.receive_all()

    def end(self) -> None:
        self._is_over.set()
        self.join(10)
        assert self.live.stop(10)


@pytest.fixture
def reaper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedReaper]:
    monkeypatch.setattr(rooms, "REST_S", 0.0)
    played = PlayedReaper(tmp_path, GESTURES)
    played.start()
    played.live.start()
    yield played
    played.end()


def test_gestures_may_follow_each_other_for_ever(reaper: PlayedReaper) -> None:
    reaper.live.submit(Command("amount", 0.0))
    wait_for(lambda: len(reaper.settled) >= GESTURES, "the last gesture to settle")
    wait_for(lambda: reaper.told.count(("/bridge/amount", (GESTURES - 1) / GESTURES)), "the last amount")
    assert not [values for values in reaper.told if values[0] == "/bridge/error"]
