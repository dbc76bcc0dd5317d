"""Calls to REAPER's scripts: a file in the spool, the action that takes it, and the answer, whenever it comes.

REAPER may be busy for a minute (a render, a dialog): a call waits, and only one that nobody took is withdrawn.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable

from bridge.daemon.heartbeat import Feedback
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.errors import LinkError
from bridge.reaper.protocol.messages import SCHEMA
from bridge.reaper.protocol.script_calls import Kind, ScriptCall, ScriptCallAnswer
from bridge.reaper.protocol.spool import Spool

log = logging.getLogger(__name__)

SILENCE_AFTER_S = 2.0
"""After this long without an answer the surfaces learn that REAPER does not answer."""

GIVE_UP_S = 90.0
"""After this long a call is withdrawn."""

NAMES: dict[Kind, str] = {
    "begin": "the move of the amount",
    "settle": "the undo step of the amount",
    "compare": "compare",
    "undo": "undo",
    "automix": "the auto-mix",
}
"""Calls as people speak of them."""

MAX_KEPT = 64  # answers that nobody has waited for

SILENCE_TEXT = (
    "REAPER does not answer yet: it is busy (a dialog, a render), closed, or its OSC surface is not set up "
    "(`reaper-bridge doctor` looks). It will be done once REAPER answers."
)
REMEDY = "Look whether REAPER runs and shows a dialog; `reaper-bridge doctor` looks at its OSC surface."


class ScriptCalls:
    """Calls and answers. `receive` and `check` may be called from any thread, the rest from the one that sends.

    `changed` is the condition on which that thread waits for anything new; it is notified with every answer.
    `on_silence` is called on that thread whenever REAPER turns out not to answer.
    """

    def __init__(
        self,
        spool: Spool,
        link: ReaperOscClient,
        feedback: Feedback,
        changed: threading.Condition,
        *,
        on_silence: Callable[[], None] = lambda: None,
    ) -> None:
        self._spool, self._link, self._feedback, self._changed = spool, link, feedback, changed
        self._on_silence = on_silence
        self._answers: dict[str, ScriptCallAnswer] = {}
        self._ended: dict[str, ScriptCallAnswer] = {}
        self._number = 0
        self._open: dict[str, float] = {}  # calls that nobody has taken yet, and since when
        self._is_silent = False
        self.is_stopping = False

    # ------------------------------------------------------------ from any thread

    def receive_all(self) -> None:
        """Receive answers that lie there already, or that the system gave no notice of."""
        for answer_id in self._spool.script_call_answers():
            self.receive(answer_id)

    def receive(self, answer_id: str) -> None:
        """Read an answer and wake who waits for it. One that cannot be read is removed, and said so."""
        try:
            answer = self._spool.take_script_call_answer(answer_id)
        except LinkError as error:
            log.error("%s", error)
            self._feedback("/bridge/error", str(error))
            return
        if answer is None:
            return
        with self._changed:
            self.note_taken(answer.id)
            kept = self._ended if answer.gesture else self._answers
            kept[answer.gesture or answer.id] = answer
            while len(kept) > MAX_KEPT:
                del kept[next(iter(kept))]
            self._changed.notify_all()

    def check(self, what: str) -> None:
        """LinkError where REAPER is known not to answer and something waits for it already."""
        if self.is_awaited():
            raise LinkError(self.refusal(what))

    def refusal(self, what: str) -> str:
        """Why `what` is not asked for while REAPER does not answer."""
        waited_s = max((time.monotonic() - since_s for since_s in self._waiting()), default=0.0)
        return f"REAPER has not answered for {waited_s:.0f} s, so {what} was not asked for. {REMEDY}"

    @property
    def is_silent(self) -> bool:
        """Whether REAPER is known not to answer: it let a call wait, and has given no sign since."""
        return self._is_silent

    def is_awaited(self) -> bool:
        """Whether something waits for a REAPER that is known not to answer."""
        return bool(self._waiting())

    def _waiting(self) -> list[float]:
        """Since when."""
        with self._changed:
            is_new = time.monotonic() - GIVE_UP_S
            return [since_s for since_s in self._open.values() if since_s > is_new] if self._is_silent else []

    # ------------------------------------------------------------ from the thread that sends

    def note_taken(self, call_id: str) -> None:
        """REAPER has taken a call, or answered it: so it lives."""
        with self._changed:
            self._open.pop(call_id, None)
            self._is_silent = False

    def report_silence(self) -> None:
        """Tell the surfaces that REAPER lets everybody wait."""
        with self._changed:
            self._is_silent = True
        self._feedback("/bridge/status", SILENCE_TEXT)
        self._on_silence()

    def new(self, kind: Kind, **fields: object) -> ScriptCall:
        self._number += 1
        return ScriptCall(
            schema=SCHEMA,
            id=str(uuid.uuid4()),
            number=self._number,
            time_s=time.time(),
            kind=kind,
            **fields,  # type: ignore[arg-type]
        )

    def send(self, call: ScriptCall, script: str | None) -> None:
        """Write the call and start the script that takes it; None: it runs already, and looks."""
        self._link.check()
        self._spool.write_script_call(call)
        with self._changed:
            self._open[call.id] = time.monotonic()
        if script is not None:
            self._link.run_script(script)

    def wait(
        self, call: ScriptCall, *, limit_s: float, until: Callable[[], bool] = lambda: False
    ) -> ScriptCallAnswer | None:
        """The answer; None after `limit_s`, when `until()` turns true, or when the daemon is to stop.

        Tell the surfaces once where REAPER lets everybody wait.
        """
        began_s, is_reported = time.monotonic(), False
        while True:
            with self._changed:
                waited_s = time.monotonic() - began_s
                left_s = (limit_s if is_reported else min(limit_s, SILENCE_AFTER_S)) - waited_s
                is_answered = self._changed.wait_for(
                    lambda: call.id in self._answers or self.is_stopping or until(), max(left_s, 0.0)
                )
                if is_answered or time.monotonic() - began_s >= limit_s:
                    return self._answers.pop(call.id, None)
            is_reported = True
            self.report_silence()

    def require(self, call: ScriptCall) -> ScriptCallAnswer:
        """The answer, however long REAPER is busy. LinkError where nobody takes it, or the daemon is to stop."""
        answer = self.wait(call, limit_s=GIVE_UP_S)
        if answer is None:
            self.withdraw(call)
            if self.is_stopping:
                raise LinkError(f"The daemon ends; REAPER had not answered yet, so {NAMES[call.kind]} was given up.")
            raise LinkError(
                f"REAPER has not answered within {GIVE_UP_S:.0f} s, so {NAMES[call.kind]} was given up. {REMEDY}"
            )
        return answer

    def execute(self, call: ScriptCall, script: str) -> ScriptCallAnswer:
        """Send a call and wait for its answer; see `require`."""
        self.send(call, script)
        return self.require(call)

    def is_untaken(self, call: ScriptCall) -> bool:
        """Whether no script has taken the call yet."""
        return self._spool.has("asks", call.id)

    def withdraw(self, call: ScriptCall) -> bool:
        """False where the scripts were faster."""
        with self._changed:
            self._open.pop(call.id, None)
        return self._spool.withdraw_script_call(call.id)

    def has_answer(self, call: ScriptCall) -> bool:
        """Whether the answer is here. Call it with `changed` held."""
        return call.id in self._answers

    def ended(self, gesture_id: str) -> ScriptCallAnswer | None:
        """How the scripts have ended a gesture by themselves, if they have."""
        with self._changed:
            return self._ended.pop(gesture_id, None)

    def is_ended(self, gesture_id: str) -> bool:
        """Likewise, and it stays to be taken. Call it with `changed` held."""
        return gesture_id in self._ended
