"""Live control: a thread of its own that turns what surfaces send into what REAPER does, one thing after the other, in
the order in which it arrived.

An amount is a gesture. Its first value goes to the scripts, which look at what the user has touched, set it, and
answer where everything stands; the following ones are streamed to REAPER's OSC surface, 30 a second at most and always
the last; after a short rest, or where something else has its turn, the scripts make the undo step and read back. What
arrives while an auto-mix of a surface is under way is about its outcome, and waits. This module computes no setting.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import NamedTuple

from bridge.daemon.command_queue import CommandQueue, QueuedCommand
from bridge.daemon.heartbeat import Feedback
from bridge.daemon.pending_automixes import PendingAutomixes
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.daemon.script_calls import NAMES, ScriptCalls
from bridge.daemon.session_defaults import SessionDefaults
from bridge.errors import BridgeError, LinkError
from bridge.reaper.describe import describe_answer
from bridge.reaper.protocol.osc import fx_values
from bridge.reaper.protocol.script_calls import LIVE_SCRIPT, MovingTrackState, ScriptCall, ScriptCallAnswer
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings
from bridge.surfaces.commands import Command, Name

log = logging.getLogger(__name__)

PERIOD_S = 1.0 / 30.0
"""Between two values: REAPER looks about 30 times a second, and more would only fill its queue."""

REST_S = 0.4
"""A fader that rests this long is at its place: the undo step is made."""

SEEN = 0.002  # amounts nearer than this are the same: one was sent, the other read back
EARLY_S = 0.05  # how long scripts that are still there may need for a gesture that follows the last one at once
SETTLE_LIMIT_S = 3.0  # then the script is taken to be gone, and another one settles

_WHAT: dict[Name, str] = {
    "automix": NAMES["automix"],
    "next": "the next style",
    "compare": NAMES["compare"],
    "undo": NAMES["undo"],
}
_OF_OUTCOME: tuple[Name, ...] = ("amount", "compare", "undo")
"""Commands about what an auto-mix has set. A further auto-mix stops the one before it, and waits for nothing."""


class _Gesture(NamedTuple):
    call: ScriptCall
    answer: ScriptCallAnswer


class AmountControl(threading.Thread):
    """`submit` and `stop` may be called from any thread and return at once."""

    def __init__(
        self, spool: Spool, link: ReaperOscClient, settings: Settings, defaults: SessionDefaults, feedback: Feedback
    ) -> None:
        super().__init__(name="live", daemon=True)
        self._settings, self._defaults, self._feedback = settings, defaults, feedback
        self._changed = threading.Condition()
        self._link = link
        self.script_calls = ScriptCalls(spool, link, feedback, self._changed, on_silence=self._refuse_waiting)
        self._queue = CommandQueue()
        self._early: ScriptCall | None = None  # the next gesture's, sent while the last one settles
        self._pending = PendingAutomixes(self.script_calls, feedback)

    # ------------------------------------------------------------ from any thread

    def submit(self, command: Command) -> None:
        """Queue a command. LinkError where it cannot be done: REAPER is known not to answer, or too many wait. An
        amount is kept all the same: no last value of a fader is lost."""
        self._link.check()
        if command.name != "amount":
            self.script_calls.check(_WHAT[command.name])
        elif self.script_calls.is_awaited():
            percent = 100.0 * float(command.value or 0.0)
            self._feedback("/bridge/status", f"{percent:.0f} % is kept: it is set once REAPER answers.")
        with self._changed:
            self._queue.check_room(command)
            if command.name == "next":
                self._defaults.choose_next_style()
            self._queue.put(command, self._defaults.now.style)
            self._changed.notify_all()
        if command.name == "next":
            self._feedback("/bridge/status", self._defaults.style_text)
        elif command.name in _OF_OUTCOME and self._pending.must_report_hold():
            self._feedback("/bridge/status", "An auto-mix is under way: what is asked now is done once it has ended.")

    def stop(self, limit_s: float) -> bool:
        """End the thread; an open gesture is ended by the scripts, which see that the daemon is gone."""
        with self._changed:
            self.script_calls.is_stopping = True
            self._changed.notify_all()
        self.join(limit_s)
        return not self.is_alive()

    # ------------------------------------------------------------ the thread

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, self._pending.wait_s)
                if self.script_calls.is_stopping:
                    return
            try:
                self._pending.poll()
                if self._early is not None or self._is_turn(self._queue.head):
                    self._do_next()
            except BridgeError as error:
                log.error("%s", error)
                self._feedback("/bridge/error", str(error))
            except Exception:
                log.exception("live control")
                self._feedback("/bridge/error", "Bridge failed at this command. See logs/daemon.log; please report it.")

    def _has_work(self) -> bool:
        is_next = self._early is not None or self._is_turn(self._queue.head)
        return is_next or self.script_calls.is_stopping or self._pending.has_answers()

    def _is_turn(self, waiting: QueuedCommand | None) -> bool:
        """Whether a command can be carried out now."""
        return waiting is not None and not (waiting.command.name in _OF_OUTCOME and self._pending.is_under_way)

    def _do_next(self) -> None:
        with self._changed:
            waiting = self._queue.take() if self._queue.is_other_next and self._early is None else None
        if waiting is None:
            self._move()
        else:
            self._carry_out(waiting)

    def _refuse_waiting(self) -> None:
        """REAPER turns out not to answer: nobody waits behind what it was asked."""
        with self._changed:
            commands = self._queue.drop_others()
        for command in commands:
            self._feedback("/bridge/error", self.script_calls.refusal(_WHAT[command.name]))

    def _carry_out(self, waiting: QueuedCommand) -> None:
        command = waiting.command
        self.script_calls.check(_WHAT[command.name])
        match command.name:
            case "next":
                self._pending.send(style=waiting.style, is_again=True)
            case "automix":
                if command.value is None and self._settings.reaper_automix_action:
                    self._link.run_action(self._settings.reaper_automix_action)
                else:
                    self._pending.send(style=waiting.style, track=command.value)
                self._feedback("/bridge/status", "asked REAPER to run the action")
            case "compare":
                call = self.script_calls.new("compare", is_on=bool(command.value))
                self._report(self.script_calls.execute(call, LIVE_SCRIPT))
            case "undo":
                self._report(self.script_calls.execute(self.script_calls.new("undo"), LIVE_SCRIPT))

    # ------------------------------------------------------------ the amount

    def _take_amount(self) -> float | None:
        with self._changed:
            return self._queue.take_amount()

    def _move(self) -> None:
        """Gestures, as long as the next one begins while the last one settles."""
        self._gesture()
        while self._early is not None:
            self._gesture()

    def _gesture(self) -> None:
        """One gesture, from its first value to its undo step."""
        gesture = self._begin()
        if gesture is None:
            return
        amount = self._stream(gesture)
        if amount is None:
            return
        ended = self.script_calls.ended(gesture.call.id) or self._settle(gesture, amount)
        if ended is not None:
            self._report(ended)
            self._follow(ended, amount)

    def _follow(self, ended: ScriptCallAnswer, sent: float) -> None:
        """Another script's turn came. What the fader had sent behind that begins a gesture of its own."""
        is_seen = ended.amount is not None and abs(ended.amount - sent) <= SEEN
        if ended.is_overtaken and not is_seen and self._early is None:
            self._early = self.script_calls.new("begin", amount=sent)
            self.script_calls.send(self._early, LIVE_SCRIPT)

    def _begin(self) -> _Gesture | None:
        """Let the scripts look and set the first value; None, and said, where there is nothing to move."""
        answer, call, self._early = None, self._early, None
        if call is not None:  # the script that has just settled may have taken it
            answer = self.script_calls.wait(call, limit_s=EARLY_S)
            if answer is None and self.script_calls.is_untaken(call):
                self._link.run_script(LIVE_SCRIPT)
        else:
            call = self.script_calls.new("begin", amount=self._take_amount())
            self.script_calls.send(call, LIVE_SCRIPT)
        try:
            answer = answer or self.script_calls.require(call)
        except LinkError:
            self._defaults.choose_amount(100.0 * (call.amount or 0.0))  # a job that comes all the same
            raise
        if answer.status == "moving":
            self._defaults.forget_amount()
            return _Gesture(call, answer)
        if answer.status != "nothing":
            raise LinkError(answer.error)
        self._defaults.choose_amount(100.0 * (call.amount or 0.0))
        self._feedback("/bridge/status", self._defaults.amount_text)
        return None

    def _stream(self, gesture: _Gesture) -> float | None:
        """Send values until the fader rests, something else is to be done, or the scripts have ended it. Returns the
        last one sent; None where the daemon is to stop."""
        sent, sent_at_s = float(gesture.call.amount or 0.0), time.monotonic()
        while True:
            with self._changed:
                rest_s = sent_at_s + REST_S - time.monotonic()
                self._changed.wait_for(
                    lambda: self._is_interrupted(gesture) or self._queue.is_amount_next, max(rest_s, 0.0)
                )
                if self.script_calls.is_stopping:
                    return None
                if self._is_interrupted(gesture) or not self._queue.is_amount_next:
                    return sent
                self._changed.wait_for(
                    lambda: self.script_calls.is_stopping, max(sent_at_s + PERIOD_S - time.monotonic(), 0.0)
                )
                amount = self._queue.take().amount
            self._link.send(fx_values({track.index + 1: _values(track, amount) for track in gesture.answer.tracks}))
            sent, sent_at_s = amount, time.monotonic()

    def _is_interrupted(self, gesture: _Gesture) -> bool:
        return self.script_calls.is_stopping or self.script_calls.is_ended(gesture.call.id) or self._queue.is_other_next

    def _settle(self, gesture: _Gesture, amount: float) -> ScriptCallAnswer | None:
        """Have the undo step made. A fader that moves on meanwhile does not wait for it. Returns how the scripts have
        ended the gesture, where that came first."""

        def is_ended() -> bool:
            return self.script_calls.is_ended(gesture.call.id)

        call = self.script_calls.new("settle", gesture=gesture.call.id, amount=amount)
        self.script_calls.send(call, None)
        answer = self.script_calls.wait(
            call, limit_s=SETTLE_LIMIT_S, until=lambda: self._queue.is_amount_next or is_ended()
        )
        if answer is None and (following := self._take_amount()) is not None:
            self._early = self.script_calls.new("begin", amount=following)
            self.script_calls.send(self._early, None)
            answer = self.script_calls.wait(call, limit_s=SETTLE_LIMIT_S, until=is_ended)
        if (ended := self.script_calls.ended(gesture.call.id)) is not None:
            self.script_calls.withdraw(call)
            return ended
        if answer is None:
            self._link.run_script(LIVE_SCRIPT)  # whoever began it is gone: another one settles
            answer = self.script_calls.require(call)
        self._report(answer)
        return None

    def _report(self, answer: ScriptCallAnswer) -> None:
        """Tell the surfaces where everything stands. LinkError where it was refused."""
        if answer.status in ("refused", "nothing"):
            raise LinkError(answer.error)
        if answer.amount is not None:
            self._feedback("/bridge/amount", answer.amount)
        self._feedback("/bridge/compare", int(answer.is_compared))
        line = describe_answer(answer)
        self._feedback("/bridge/status", line)
        log.info("%s", line)


def _values(track: MovingTrackState, amount: float) -> dict[tuple[int, int], float]:
    """What to send for one track: {(FX, parameter): value}, counted from 1 as REAPER's surface does."""
    return {(move.fx + 1, move.parameter + 1): move.value(amount) for move in track.moves}
