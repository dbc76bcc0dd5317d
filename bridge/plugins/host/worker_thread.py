"""A thread of the host with one worker process, which it starts, feeds, replaces and ends.

It keeps a second render waiting in its worker, so that the worker never waits for the thread. When a worker dies,
the render it was at is tried once more elsewhere, and the one behind it goes back to the queue without blame.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge import errors
from bridge.errors import HostClosed, PluginCrashed, PluginError, PluginHung, RenderNotTried
from bridge.plugins.host.render_queue import ATTEMPTS, ExclusiveTask, LocatedChain, RenderJob, RenderQueue
from bridge.plugins.host.worker_process import Deadlines, WorkerGone, WorkerProcess
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import BufferPool, audio_bytes

IN_FLIGHT = 2
START_LIMIT_S = 60.0  # a cold disk may take its time to import numpy and pedalboard


@dataclass(frozen=True)
class WorkerThreadSettings:
    """What all worker threads of a host share. Limits are for one sign of progress, not for the whole."""

    threads: int
    load_limit_s: float
    render_limit_s: float
    modules: Sequence[str]
    module_folders: Sequence[Path]


class WorkerThread(threading.Thread):
    """Takes renders and tasks from the queue until that is closed. To a task it is its `DedicatedWorker`."""

    def __init__(
        self, settings: WorkerThreadSettings, queue: RenderQueue, pool: BufferPool, deadlines: Deadlines
    ) -> None:
        super().__init__(name="plugin worker", daemon=True)
        self._settings = settings
        self._queue = queue
        self.pool = pool
        self._deadlines = deadlines
        self._worker: WorkerProcess | None = None
        self._progress: protocol.ProgressReply | None = None
        self._is_closing = False

    def run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, ExclusiveTask):
                try:
                    item.future.set_result(item.work(self))
                except Exception as error:  # noqa: BLE001 (raised where the task is waited for)
                    item.future.set_exception(error)
            else:
                self._render(item)
            if self._worker is not None:
                self._deadlines.release(self._worker)
        if self._worker is not None:
            self._worker.close()

    def shut(self) -> None:
        """From another thread: kill the worker, so that this one comes to its end."""
        self._is_closing = True
        if (worker := self._worker) is not None:
            worker.kill()

    @property
    def worker_pid(self) -> int | None:
        """The process at work, for tests and diagnosis; None while there is none."""
        worker = self._worker
        return worker.pid if worker is not None else None

    # ------------------------------------------------------------ for tasks

    def call(self, request: protocol.WorkerRequest, subject: LocatedChain | str) -> protocol.AnyReply:
        """As `DedicatedWorker` says: for the task that this thread runs."""
        try:
            worker = self._ready_worker()
            self._deadlines.watch(worker, self._settings.render_limit_s)
            worker.send(*self._unknown_chain(worker, subject), request)
            reply = self._receive()
        except WorkerGone as gone:
            raise self._give_up(gone, subject) from gone
        if isinstance(reply, protocol.ErrorReply):
            raise _error_of(reply)
        return reply

    def deleted_files(self) -> tuple[str, ...]:
        """As `DedicatedWorker` says."""
        if self._worker is None:
            return ()
        files = self.pool.deleted_files(self._worker.deletions_sent)
        self._worker.deletions_sent += len(files)
        return files

    # ------------------------------------------------------------ renders

    def _render(self, first: RenderJob) -> None:
        """Render a job, and those that can be taken ahead while it runs."""
        in_flight: deque[RenderJob] = deque()
        try:
            self._start(first, in_flight)
            while in_flight:
                self._fill(in_flight)
                reply = self._receive()
                done = in_flight.popleft()
                try:
                    self._fill(in_flight)  # before the result is copied: the worker need not wait for that
                finally:  # a worker that dies here has rendered this one, and somebody waits for it
                    self._finish(done, reply)
        except WorkerGone as gone:
            self._recover(gone, in_flight)
        finally:  # nothing is left but after an error of this program: then nobody should wait for ever
            for job in in_flight:
                job.batch.finish(job, PluginError("Bridge failed while rendering; its log says how. Report this."))

    def _fill(self, in_flight: deque[RenderJob]) -> None:
        while len(in_flight) < IN_FLIGHT:
            job = self._queue.get_render_ahead(self._settings.threads if in_flight else 1)
            if job is None:
                return
            self._start(job, in_flight)

    def _start(self, job: RenderJob, in_flight: deque[RenderJob]) -> None:
        if (stopped := job.batch.error) is not None:
            job.batch.finish(job, RenderNotTried(str(stopped)))
            return
        try:
            source = job.source.region()
            job.target = self.pool.acquire(audio_bytes(source.channels, source.frames))
        except PluginError as error:  # no room to share audio in
            job.batch.finish(job, error)
            return
        in_flight.append(job)
        worker = self._ready_worker()
        request = protocol.RenderRequest(
            key=job.batch.located.chain.key,
            normalized=job.normalized.tobytes(),
            rows=len(job.normalized),
            block_frames=job.block_frames,
            sample_rate_hz=job.sample_rate_hz,
            source=source,
            target=job.target.region(source.channels, source.frames),
            unmap=self.deleted_files(),
        )
        if len(in_flight) == 1:
            self._deadlines.watch(worker, self._settings.render_limit_s)
        worker.send(*self._unknown_chain(worker, job.batch.located), request)

    def _finish(self, job: RenderJob, reply: protocol.AnyReply) -> None:
        assert job.target is not None
        if isinstance(reply, protocol.ErrorReply):
            job.batch.finish(job, _error_of(reply))
        else:
            job.batch.finish(job, np.array(job.target.view(job.target.region(*job.source.audio.shape))))
        self.pool.release(job.target)
        job.target = None

    def _recover(self, gone: WorkerGone, in_flight: deque[RenderJob]) -> None:
        """The worker died. What it was at is tried once more, what waited behind it goes back."""
        is_load_hang = gone.was_hung and self._progress is not None and self._progress.is_loading
        for job in in_flight:
            if job.target is not None:
                self.pool.release(job.target)
                job.target = None
        if in_flight:
            in_flight[0].attempts += 1
            if self._is_closing or is_load_hang or in_flight[0].attempts >= ATTEMPTS:
                culprit = in_flight.popleft()
                culprit.batch.finish(culprit, self._give_up(gone, culprit.batch.located), is_fault=True)
        self._forget_worker()
        for job in self._queue.put_back(list(in_flight)):
            job.batch.finish(job, HostClosed())
        in_flight.clear()

    # ------------------------------------------------------------ the worker

    def _ready_worker(self) -> WorkerProcess:
        if self._worker is None:
            limit_s = max(self._settings.load_limit_s, self._settings.render_limit_s)
            self._worker = WorkerProcess(
                own_limit_s=2 * limit_s + 10,
                modules=self._settings.modules,
                folders=self._settings.module_folders,
            )
            self._worker.deletions_sent = len(self.pool.deleted_files(0))
            if self._is_closing:
                self._worker.kill()
            self._deadlines.watch(self._worker, START_LIMIT_S)
            self._receive()
        return self._worker

    def _unknown_chain(self, worker: WorkerProcess, subject: LocatedChain | str) -> list[protocol.WorkerRequest]:
        """The request that makes the chain known, if the worker does not know it yet."""
        if isinstance(subject, str) or subject.chain.key in worker.known_chains:
            return []
        worker.known_chains.add(subject.chain.key)
        return [protocol.LoadRequest(key=subject.chain.key, slots=subject.chain.slots, paths=subject.paths)]

    def _receive(self) -> protocol.AnyReply:
        """The next reply that is more than a sign of progress; each sign starts the time limit again."""
        assert self._worker is not None
        while True:
            reply = self._worker.receive()
            self._progress = reply if isinstance(reply, protocol.ProgressReply) else None
            is_loading = self._progress is not None and self._progress.is_loading
            limit_s = self._settings.load_limit_s if is_loading else self._settings.render_limit_s
            self._deadlines.watch(self._worker, limit_s)
            if self._progress is None:
                return reply

    def _forget_worker(self) -> None:
        if self._worker is not None:
            self._deadlines.release(self._worker)
            self._worker.close()
        self._worker = self._progress = None

    def _give_up(self, gone: WorkerGone, subject: LocatedChain | str) -> PluginError:
        """Forget the worker that is gone; return the error for people."""
        progress = self._progress
        self._forget_worker()
        if self._is_closing:
            return HostClosed()
        name = progress.plugin if progress is not None else subject
        is_loading = progress is not None and progress.is_loading
        if not gone.was_hung:
            return PluginCrashed(
                f"{name or 'A plugin worker'} crashed while {'loading' if is_loading else 'processing'} "
                f"(exit status {gone.exit_code}); leave this plugin out, or install another version of it."
            )
        missed, setting, limit_s = (
            ("load", "plugin_load_limit_s", self._settings.load_limit_s)
            if is_loading
            else ("answer", "plugin_render_limit_s", self._settings.render_limit_s)
        )
        return PluginHung(
            f"{name} did not {missed} within {limit_s:g} s. Give it more time, with the line "
            f"{setting} = {min(4 * limit_s, 3600):g} in config.toml (in Bridge's home folder, which `reaper-bridge "
            "doctor` names), or leave this plugin out."
        )


def _error_of(reply: protocol.ErrorReply) -> PluginError:
    error: PluginError = getattr(errors, reply.error, PluginError)(reply.message)
    return error
