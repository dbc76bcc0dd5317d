"""Auto-mixes that were asked of REAPER: nothing waits for them, and none is forgotten.

REAPER answers when an action is over, minutes later perhaps, or has something to refuse at once.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from bridge.daemon.heartbeat import Feedback
from bridge.daemon.script_requests import GIVE_UP_S, LOOK, PATIENCE_S, ScriptRequests
from bridge.errors import LinkError
from bridge.reaper.protocol.script_requests import AUTOMIX_SCRIPT, ScriptRequest

log = logging.getLogger(__name__)

LOOK_PERIOD_S = 0.5
MAX_UNTAKEN = 16  # no flood of them lies in the spool for a REAPER that is closed
MAX_KEPT = 64  # what REAPER took and never answered: it crashed


@dataclass
class _Errand:
    ask: ScriptRequest
    asked_at_s: float
    is_taken: bool = False
    is_told: bool = False  # that REAPER does not answer


class PendingRequests:
    """Used by the one thread that asks."""

    def __init__(self, asking: ScriptRequests, feedback: Feedback) -> None:
        self._asking, self._feedback = asking, feedback
        self._open: list[_Errand] = []

    def send(self, **fields: object) -> None:
        """Ask for an auto-mix; `fields` are those of the ask. LinkError where it cannot be, or too many wait."""
        if sum(self._asking.is_waiting(errand.ask) for errand in self._open if not errand.is_taken) >= MAX_UNTAKEN:
            raise LinkError(f"The auto-mix was dropped: {MAX_UNTAKEN} of them wait for REAPER. Wait for it.")
        ask = self._asking.new("automix", **fields)
        self._asking.put(ask, AUTOMIX_SCRIPT)
        self._open = [*self._open[-MAX_KEPT:], _Errand(ask, time.monotonic())]

    @property
    def wait_s(self) -> float | None:
        """How long nothing needs to be looked at but answers; None: until something is asked for."""
        return LOOK_PERIOD_S if any(not errand.is_taken for errand in self._open) else None

    def has_news(self) -> bool:
        """Whether one is answered. Call it with the condition of `Asking` held."""
        return any(self._asking.has_come(errand.ask) for errand in self._open)

    def look(self) -> None:
        """Tell what REAPER has refused, and where nobody takes what was asked for."""
        self._open = [errand for errand in self._open if not self._is_over(errand)]

    def _is_over(self, errand: _Errand) -> bool:
        answer = self._asking.answer(errand.ask, limit_s=0.0)
        if answer is not None:
            if answer.status != "done":
                self._refuse(answer.message)
            return True
        waited_s = time.monotonic() - errand.asked_at_s
        if errand.is_taken or waited_s < PATIENCE_S:
            return False
        errand.is_taken = not self._asking.is_waiting(errand.ask)
        if errand.is_taken:
            self._asking.heard_of(errand.ask.id)
        elif waited_s >= GIVE_UP_S and self._asking.take_back(errand.ask):
            self._refuse(f"REAPER has not taken the auto-mix within {GIVE_UP_S:.0f} s, so it was given up. {LOOK}")
            return True
        elif not errand.is_told:
            errand.is_told = True
            self._asking.tell_silence()
        return False

    def _refuse(self, message: str) -> None:
        log.error("%s", message)
        self._feedback("/bridge/error", message)
