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
from bridge.errors import BridgeError, LinkError, truncated
from bridge.reaper.describe import describe_reply
from bridge.reaper.protocol.messages import SCHEMA, Reply
from bridge.reaper.protocol.mix_balance import MixBalanceReply, MixBalanceRequest
from bridge.reaper.protocol.spool import Spool
from bridge.reaper.protocol.verification import VerificationReply, VerificationRequest

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 2
MAX_ERROR, MAX_NAME, MAX_LINE = 600, 100, 2000  # characters


class JobQueue(threading.Thread):
    """Owns the models. `submit`, `refresh_models` and `stop` may be called from any thread."""

    def __init__(
        self, spool: Spool, models: ModelCache, *, defaults: Callable[[], JobDefaults], feedback: Feedback
    ) -> None:
        super().__init__(name="jobs", daemon=True)
        self._spool, self._models = spool, models
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
        self._prepare(self._warm_up)
        gc.freeze()  # what stays is not gone through after each job: that would hold up the sockets
        while (request_id := self._next()) is not None:
            if not request_id:
                self._prepare(self._models.refresh)
                continue
            is_settled = self._settle(request_id)
            with self._changed:
                self._running = None
                if is_settled:
                    self._known.discard(request_id)
                is_idle = not self._waiting
            if is_idle:
                gc.collect()  # what the jobs left; while others wait it would only hold them up
        gc.unfreeze()
        self._models.close()

    def _next(self) -> str | None:
        """The next request's id; '' when models are to be refreshed; None when the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._waiting or self._must_refresh)
            if self._is_stopping:
                return None
            if self._waiting:
                self._running = self._waiting.popleft()
                return self._running
            self._must_refresh = False
            return ""

    def _warm_up(self) -> None:
        importlib.import_module("bridge.daemon.request_handler")  # what a job needs and the socket must not wait for
        self._models.warm_up()

    def _prepare(self, load: Callable[[], None]) -> None:
        """Load models that the next job would load as well; what goes wrong will be that job's error."""
        try:
            self._spool.write_available_models(self._models.names())
            load()
        except BridgeError as error:
            log.error("%s", error)
            self._feedback("/bridge/error", str(error))
        except Exception:
            log.exception("preparing models")

    def _settle(self, request_id: str) -> bool:
        """Answer one request. False where its file cannot be removed: it is then not taken up again."""
        try:
            if not self._spool.has("requests", request_id):
                return True  # taken back by the script
            reply = None if self._spool.has("replies", request_id) else self._reply(request_id)
            if reply is not None:  # there was one where the daemon was killed before it could tidy up
                self._deliver(reply)
            self._spool.finish(request_id, keep_audio=self._spool.has("members", request_id))
            if reply is not None:
                self._report(reply)
            return not self._spool.has("requests", request_id)
        except LinkError as error:
            log.error("no reply to %s: %s", request_id, error)
            self._feedback("/bridge/error", str(error))
            return True  # it stays in the spool, and the next look finds it again
        except Exception as error:
            log.exception("request %s", request_id)
            line = f"Bridge failed at a request ({type(error).__name__}). See logs/daemon.log; please report it."
            self._feedback("/bridge/error", line)
            return False

    def _reply(self, request_id: str) -> Reply | MixBalanceReply | VerificationReply:
        from bridge.daemon.mix_balance import handle_mix_balance
        from bridge.daemon.request_handler import handle_request
        from bridge.daemon.verification import handle_verification

        try:
            self._spool.check_free_space()
            if self._spool.begin_attempt(request_id) > MAX_ATTEMPTS:
                raise LinkError(
                    f"The daemon ended {MAX_ATTEMPTS} times while it worked on this request, so it was given up. "
                    "See logs/daemon.log in Bridge's home folder; try another range of the track."
                )
            request = self._spool.read_request(request_id)
            progress = JobProgress(self._spool, request_id, self._feedback)
            if isinstance(request, MixBalanceRequest):
                return handle_mix_balance(request, spool=self._spool, models=self._models, progress=progress)
            defaults = self._defaults()
            if isinstance(request, VerificationRequest):
                return handle_verification(
                    request, spool=self._spool, models=self._models, defaults=defaults, progress=progress
                )
            reply = handle_request(
                request, spool=self._spool, models=self._models, defaults=defaults, progress=progress
            )
            return with_short_names(reply)
        except BridgeError as error:
            return _error_reply(request_id, str(error))
        except Exception as error:
            log.exception("request %s", request_id)
            name = type(error).__name__
            return _error_reply(
                request_id, f"Bridge failed at this request ({name}: {error}). See logs/daemon.log; please report it."
            )

    def _deliver(self, reply: Reply | MixBalanceReply | VerificationReply) -> None:
        """Write the reply; on a full disk the request's own audio makes room for the line that says so."""
        try:
            self._spool.write_reply(reply)
        except LinkError as error:
            self._spool.drop_audio(f"{reply.id}.wav")
            self._spool.write_reply(_error_reply(reply.id, str(error)))

    def _report(self, reply: Reply | MixBalanceReply | VerificationReply) -> None:
        line = truncated(describe_reply(reply), MAX_LINE)
        self._feedback("/bridge/result", reply.id, reply.status, line, len(reply.writes))
        if reply.status == "error":
            self._feedback("/bridge/error", line)
        log.info("%s: %s, %s", reply.id, reply.status, line)


def _error_reply(request_id: str, line: str) -> Reply:
    return Reply(schema=SCHEMA, id=request_id, status="error", error=truncated(line, MAX_ERROR))


def with_short_names(reply: Reply) -> Reply:
    """The reply with names cut that somebody made very long: tracks and FX have any name."""
    names = ("what", "fx", "parameter", "text")
    left_alone = tuple(
        msgspec.structs.replace(row, **{name: truncated(getattr(row, name), MAX_NAME) for name in names})
        for row in reply.left_alone
    )
    changes = tuple(
        msgspec.structs.replace(change, plugin=truncated(change.plugin, MAX_NAME)) for change in reply.changes
    )
    unrendered = tuple(truncated(name, MAX_NAME) for name in reply.unrendered)
    computed = tuple(truncated(name, MAX_NAME) for name in reply.computed)
    return msgspec.structs.replace(
        reply, left_alone=left_alone, changes=changes, unrendered=unrendered, computed=computed
    )
