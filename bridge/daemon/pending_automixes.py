"""Auto-mixes that were requested from REAPER: none is forgotten, and what is about their outcome waits for a while.

REAPER answers when an action is over, minutes later perhaps, or has something to refuse at once.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from bridge.daemon.heartbeat import Feedback
from bridge.daemon.script_calls import GIVE_UP_S, REMEDY, SILENCE_AFTER_S, ScriptCalls
from bridge.errors import LinkError
from bridge.reaper.protocol.script_calls import AUTOMIX_SCRIPT, ScriptCall

log = logging.getLogger(__name__)

CHECK_PERIOD_S = 0.5
MAX_UNTAKEN = 16  # no flood of them lies in the spool for a REAPER that is closed
MAX_KEPT = 64  # what REAPER took and never answered: it crashed


@dataclass
class _PendingAutomix:
    call: ScriptCall
    sent_at_s: float
    is_taken: bool = False
    is_reported: bool = False  # that REAPER does not answer
    is_hold_reported: bool = False  # that others wait for it

    @property
    def left_s(self) -> float:
        """For how long others still wait for it."""
        return self.sent_at_s + GIVE_UP_S - time.monotonic()


class PendingAutomixes:
    """Used by the one thread that sends requests; other threads may only ask whether one is under way."""

    def __init__(self, script_calls: ScriptCalls, feedback: Feedback) -> None:
        self._script_calls, self._feedback = script_calls, feedback
        self._pending: list[_PendingAutomix] = []

    def send(self, **fields: object) -> None:
        """Request an auto-mix; `fields` are those of the call. LinkError where it cannot be, or too many wait."""
        untaken = (pending.call for pending in self._pending if not pending.is_taken)
        if sum(self._script_calls.is_untaken(call) for call in untaken) >= MAX_UNTAKEN:
            raise LinkError(f"The auto-mix was dropped: {MAX_UNTAKEN} of them wait for REAPER. Wait for it.")
        call = self._script_calls.new("automix", **fields)
        self._script_calls.send(call, AUTOMIX_SCRIPT)
        self._pending = [*self._pending[-MAX_KEPT:], _PendingAutomix(call, time.monotonic())]

    @property
    def wait_s(self) -> float | None:
        """How long nothing needs to be checked but answers; None: until something is requested."""
        if any(not pending.is_taken for pending in self._pending):
            return CHECK_PERIOD_S
        return max((pending.left_s for pending in self._pending if pending.left_s > 0.0), default=None)

    @property
    def is_under_way(self) -> bool:
        """Whether one has not ended that others wait for."""
        return any(pending.left_s > 0.0 for pending in self._pending)

    def must_report_hold(self) -> bool:
        """Whether one is under way and the surfaces have not been told so; from any thread. Asked once, they have."""
        untold = [pending for pending in self._pending if pending.left_s > 0.0 and not pending.is_hold_reported]
        for pending in untold:
            pending.is_hold_reported = True
        return bool(untold)

    def has_answers(self) -> bool:
        """Whether one is answered. Call it with the condition of `ScriptCalls` held."""
        return any(self._script_calls.has_answer(pending.call) for pending in self._pending)

    def poll(self) -> None:
        """Report what REAPER has refused, and where nobody takes what was requested."""
        self._pending = [pending for pending in self._pending if not self._is_over(pending)]

    def _is_over(self, pending: _PendingAutomix) -> bool:
        answer = self._script_calls.wait(pending.call, limit_s=0.0)
        if answer is not None:
            if answer.status != "done":
                self._refuse(answer.error)
            return True
        waited_s = time.monotonic() - pending.sent_at_s
        if pending.is_taken or waited_s < SILENCE_AFTER_S:
            return False
        pending.is_taken = not self._script_calls.is_untaken(pending.call)
        if pending.is_taken:
            self._script_calls.note_taken(pending.call.id)
        elif waited_s >= GIVE_UP_S and self._script_calls.withdraw(pending.call):
            self._refuse(f"REAPER has not taken the auto-mix within {GIVE_UP_S:.0f} s, so it was given up. {REMEDY}")
            return True
        elif not pending.is_reported:
            pending.is_reported = True
            self._script_calls.report_silence()
        return False

    def _refuse(self, line: str) -> None:
        log.error("%s", line)
        self._feedback("/bridge/error", line)
