"""The job queue and the one thread that works it off: every request in the spool gets exactly one reply.

This is where errors end: a BridgeError becomes its one line, anything else a line and a trace in the log. A request
at which the daemon was killed still lies in the spool and is answered after the restart, a few times at most.
"""

from __future__ import annotations

import gc
import importlib
import logging
import threading
from collections import deque
from collections.abc import Callable

import msgspec

from bridge.daemon.heartbeat import Feedback, JobProgress
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.session_defaults import JobDefaults
from bridge.errors import BridgeError, LinkError, cut
from bridge.reaper.protocol.messages import SCHEMA, Reply
from bridge.reaper.protocol.mix_balance import MixBalanceReply, MixBalanceRequest
from bridge.reaper.protocol.spool import Spool

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 2
MAX_MESSAGE, MAX_NAME = 600, 100  # characters
NAMES = ("what", "fx", "parameter", "text")  # of `LeftAlone`: tracks and FX have any name


class JobQueue(threading.Thread):
    """Owns the engine. `submit` and `stop` may be called from any thread."""

    def __init__(
        self, spool: Spool, engine: ModelCache, *, defaults: Callable[[], JobDefaults], feedback: Feedback
    ) -> None:
        super().__init__(name="jobs", daemon=True)
        self._spool, self._engine = spool, engine
        self._defaults, self._feedback = defaults, feedback
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()  # waiting, running, or given up
        self._changed = threading.Condition()
        self._is_stopping = self._must_refresh = False
        self._running: str | None = None

    # ------------------------------------------------------------ from any thread

    def submit(self, request_id: str) -> None:
        """Queue a request; one that is known already is not queued twice."""
        with self._changed:
            if request_id not in self._known:
                self._known.add(request_id)
                self._waiting.append(request_id)
                self._changed.notify()

    def refresh_models(self) -> None:
        """Have models that changed on disk loaded again when nothing else is to do."""
        with self._changed:
            self._must_refresh = True
            self._changed.notify()

    def stop(self, limit_s: float) -> bool:
        """Finish the running job, leave the others in the spool. False when it took longer than `limit_s`."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self.join(limit_s)
        return not self.is_alive()

    @property
    def known(self) -> frozenset[str]:
        """The ids of all requests that wait or run."""
        with self._changed:
            return frozenset(self._known)

    @property
    def status(self) -> str:
        """One line: what is being done, and how much waits."""
        with self._changed:
            waiting = f", {len(self._waiting)} waiting" if self._waiting else ""
            return f"working{waiting}" if self._running else "ready"

    # ------------------------------------------------------------ the job thread

    def run(self) -> None:
        self._guarded(self._warm_up)
        gc.freeze()  # what stays is not gone through after each job: that would hold up the sockets
        while (request_id := self._next()) is not None:
            if not request_id:
                self._guarded(self._refresh)
                continue
            is_settled = self._worked(request_id)
            with self._changed:
                self._running = None
                if is_settled:
                    self._known.discard(request_id)
                is_idle = not self._waiting
            if is_idle:
                gc.collect()  # what the jobs left; while others wait it would only hold them up
        gc.unfreeze()
        self._engine.close()

    def _next(self) -> str | None:
        """The next request's id; '' when models are to be refreshed; None when the thread is to end."""
        with self._changed:
            while True:
                if self._is_stopping:
                    return None
                if self._waiting:
                    self._running = self._waiting.popleft()
                    return self._running
                if self._must_refresh:
                    self._must_refresh = False
                    return ""
                self._changed.wait()

    def _worked(self, request_id: str) -> bool:
        """Answer one request, whatever happens: the thread goes on, and the request is not taken up again."""
        try:
            return self._work(request_id)
        except Exception as error:
            log.exception("request %s", request_id)
            told = f"Bridge failed at a request ({type(error).__name__}). See logs/daemon.log; please report it."
            self._feedback("/bridge/error", told)
            return False

    def _work(self, request_id: str) -> bool:
        """Answer one request. False where its file cannot be removed: it is then not taken up again."""
        if not self._spool.has_request(request_id):
            return True  # taken back by the script
        if self._spool.has_reply(request_id):  # the daemon was killed between reply and tidying up
            self._finish(request_id)
            return not self._spool.has_request(request_id)
        reply = self._answer(request_id)
        try:
            self._deliver(reply)
        except LinkError as error:
            log.error("no reply to %s: %s", request_id, error)
            self._feedback("/bridge/error", str(error))
            return True  # it stays in the spool, and the next look finds it again
        self._finish(request_id)
        self._feedback("/bridge/result", reply.id, reply.status, reply.message, len(reply.writes))
        if reply.status == "error":
            self._feedback("/bridge/error", reply.message)
        log.info("%s: %s, %s", request_id, reply.status, reply.message)
        return not self._spool.has_request(request_id)

    def _warm_up(self) -> None:
        importlib.import_module("bridge.daemon.request_handler")  # what a job needs and the socket must not wait for
        self._spool.write_offer(self._engine.names())
        self._engine.warm_up()

    def _refresh(self) -> None:
        self._spool.write_offer(self._engine.names())
        self._engine.refresh()

    def _finish(self, request_id: str) -> None:
        self._spool.finish(request_id, keep_audio=self._spool.has_member(request_id))

    def _answer(self, request_id: str) -> Reply | MixBalanceReply:
        from bridge.daemon.mix_balance import handle_mix_balance
        from bridge.daemon.request_handler import handle_request

        try:
            self._spool.check_free_space()
            attempt = self._spool.begin_attempt(request_id)
            if attempt > MAX_ATTEMPTS:
                raise LinkError(
                    f"The daemon ended {MAX_ATTEMPTS} times while it worked on this request, so it was given up. "
                    "See logs/daemon.log in Bridge's home folder; try another range of the track."
                )
            request, progress = (
                self._spool.read_request(request_id),
                JobProgress(self._spool, request_id, self._feedback),
            )
            if isinstance(request, MixBalanceRequest):
                return handle_mix_balance(request, spool=self._spool, engine=self._engine, progress=progress)
            reply = handle_request(
                request,
                spool=self._spool,
                engine=self._engine,
                defaults=self._defaults(),
                progress=progress,
            )
            return with_readable_error(reply)
        except BridgeError as error:
            return _error_reply(request_id, str(error))
        except Exception as error:
            log.exception("request %s", request_id)
            name = type(error).__name__
            return _error_reply(
                request_id, f"Bridge failed at this request ({name}: {error}). See logs/daemon.log; please report it."
            )

    def _deliver(self, reply: Reply | MixBalanceReply) -> None:
        """Write the reply; on a full disk the request's own audio makes room for the line that says so."""
        try:
            self._spool.write_reply(reply)
        except LinkError as error:
            self._spool.drop_audio(f"{reply.id}.wav")
            self._spool.write_reply(_error_reply(reply.id, str(error)))

    def _guarded(self, step: Callable[[], None]) -> None:
        """Prepare something that the next job would do as well; what goes wrong will be that job's error."""
        try:
            step()
        except BridgeError as error:
            log.error("%s", error)
            self._feedback("/bridge/error", str(error))
        except Exception:
            log.exception("preparing models")


def _error_reply(request_id: str, message: str) -> Reply:
    return Reply(schema=SCHEMA, id=request_id, status="error", message=cut(message, MAX_MESSAGE))


def with_readable_error(reply: Reply) -> Reply:
    """The reply with names cut that somebody made very long: tracks and FX have any name."""
    left_alone = tuple(
        msgspec.structs.replace(row, **{name: cut(getattr(row, name), MAX_NAME) for name in NAMES})
        for row in reply.left_alone
    )
    changes = tuple(msgspec.structs.replace(change, plugin=cut(change.plugin, MAX_NAME)) for change in reply.changes)
    message = cut(reply.message, MAX_MESSAGE)
    return msgspec.structs.replace(reply, message=message, left_alone=left_alone, changes=changes)
