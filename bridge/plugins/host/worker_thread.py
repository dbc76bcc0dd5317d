"""One lane of the host: a thread with one worker, which it starts, feeds, replaces and ends.

A lane keeps a second render waiting in its worker, so that the worker never waits for the lane. When a worker dies,
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
from bridge.plugins.host.render_queue import ATTEMPTS, ExclusiveTask, LoadedPlugins, RenderJob, RenderQueue
from bridge.plugins.host.worker_process import Deadlines, WorkerGone, WorkerProcess
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import BufferPool, audio_bytes

IN_FLIGHT = 2
START_LIMIT_S = 60.0  # a cold disk may take its time to import numpy and pedalboard


@dataclass(frozen=True)
class WorkerThreadSettings:
    """What all lanes of a host share. Limits are for one sign of progress, not for the whole."""

    lanes: int
    load_limit_s: float
    render_limit_s: float
    modules: Sequence[str]
    module_folders: Sequence[Path]


class WorkerThread(threading.Thread):
    """To errands it is their `DedicatedWorker`."""

    def __init__(
        self, settings: WorkerThreadSettings, queue: RenderQueue, pool: BufferPool, deadlines: Deadlines
    ) -> None:
        super().__init__(name="plugin lane", daemon=True)
        self._settings = settings
        self._queue = queue
        self.pool = pool
        self._deadlines = deadlines
        self._worker: WorkerProcess | None = None
        self._doing: protocol.ProgressReply | None = None
        self._is_closing = False

    def run(self) -> None:
        while (item := self._queue.take()) is not None:
            if isinstance(item, ExclusiveTask):
                self._serve_errand(item)
            else:
                self._serve_renders(item)
            if self._worker is not None:
                self._deadlines.release(self._worker)
        if self._worker is not None:
            self._worker.close()

    def shut(self) -> None:
        """From another thread: kill the worker, so that the lane comes to its end."""
        self._is_closing = True
        if (worker := self._worker) is not None:
            worker.kill()

    @property
    def worker_pid(self) -> int | None:
        """The process at work, for tests and diagnosis; None while there is none."""
        worker = self._worker
        return worker.pid if worker is not None else None

    # ------------------------------------------------------------ errands

    def _serve_errand(self, errand: ExclusiveTask) -> None:
        try:
            errand.finish(errand.work(self), None)
        except (errors.BridgeError, OSError) as error:
            errand.finish(None, error)

    def ask(self, ask: protocol.WorkerRequest, plugins: str, *, about: LoadedPlugins | None = None) -> protocol.Answers:
        """As `DedicatedWorker` says: for the errand that this lane serves, on its thread."""
        try:
            worker = self._ready_worker()
            self._deadlines.watch(worker, self._settings.render_limit_s)
            worker.send(*self._introduction(worker, about), ask)
            answer = self._receive()
        except WorkerGone as gone:
            raise self._lost(gone, plugins) from gone
        if isinstance(answer, protocol.ErrorReply):
            raise error_from_reply(answer)
        return answer

    def forgotten(self) -> tuple[str, ...]:
        """The shared files that this worker may still map though they are gone; each is told once."""
        if self._worker is None:
            return ()
        files = self.pool.retired(self._worker.told_forgotten)
        self._worker.told_forgotten += len(files)
        return files

    # ------------------------------------------------------------ renders

    def _serve_renders(self, first: RenderJob) -> None:
        in_flight: deque[RenderJob] = deque()
        try:
            self._start(first, in_flight)
            while in_flight:
                self._fill(in_flight)
                answer = self._receive()
                done = in_flight.popleft()
                try:
                    self._fill(in_flight)  # before the result is copied: the worker need not wait for that
                finally:  # a worker that dies here has answered this one, and somebody waits for it
                    self._finish(done, answer)
        except WorkerGone as gone:
            self._recover(gone, in_flight)
        finally:  # nothing is left but after an error of this program: then nobody should wait for ever
            for job in in_flight:
                job.batch.finish(job, PluginError("Bridge failed while rendering; its log says how. Report this."))

    def _fill(self, in_flight: deque[RenderJob]) -> None:
        while len(in_flight) < IN_FLIGHT:
            job = self._queue.take_render_ahead(self._settings.lanes if in_flight else 1)
            if job is None:
                return
            self._start(job, in_flight)

    def _start(self, job: RenderJob, in_flight: deque[RenderJob]) -> None:
        if (stopped := job.batch.error) is not None:
            job.batch.finish(job, RenderNotTried(str(stopped)))
            return
        try:
            region = job.source.region()
            job.target = self.pool.take(audio_bytes(region.channels, region.frames))
        except PluginError as error:  # no room to share audio in
            job.batch.finish(job, error)
            return
        in_flight.append(job)
        worker = self._ready_worker()
        ask = protocol.RenderRequest(
            key=job.batch.loaded.chain.key,
            settings=job.settings.tobytes(),
            rows=len(job.settings),
            block_frames=job.block_frames,
            sample_rate_hz=job.sample_rate_hz,
            source=region,
            target=job.target.region(0, region.channels, region.frames),
            forget=self.forgotten(),
        )
        if len(in_flight) == 1:
            self._deadlines.watch(worker, self._settings.render_limit_s)
        worker.send(*self._introduction(worker, job.batch.loaded), ask)

    def _finish(self, job: RenderJob, answer: protocol.Answers) -> None:
        assert job.target is not None
        if isinstance(answer, protocol.ErrorReply):
            job.batch.finish(job, error_from_reply(answer))
        else:
            region = job.source.region()
            view = job.target.view(job.target.region(0, region.channels, region.frames))
            job.batch.finish(job, np.array(view))
            del view
        self.pool.give_back(job.target)
        job.target = None

    def _recover(self, gone: WorkerGone, in_flight: deque[RenderJob]) -> None:
        """The worker died. What it was at is tried once more, what waited behind it goes back."""
        is_load_hang = gone.was_hung and self._doing is not None and self._doing.is_loading
        for job in in_flight:
            if job.target is not None:
                self.pool.give_back(job.target)
                job.target = None
        if in_flight:
            culprit = in_flight[0]
            culprit.attempts += 1
            if self._is_closing or is_load_hang or culprit.attempts >= ATTEMPTS:
                error = self._lost(gone, culprit.batch.loaded.suspects)
                in_flight.popleft().batch.finish(culprit, error, is_fault=True)
        self._lose()
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
            self._worker.told_forgotten = len(self.pool.retired(0))
            if self._is_closing:
                self._worker.kill()
            self._deadlines.watch(self._worker, START_LIMIT_S)
            self._receive()
        return self._worker

    def _introduction(self, worker: WorkerProcess, loaded: LoadedPlugins | None) -> list[protocol.WorkerRequest]:
        """What the worker must hear before it hears of this chain; nothing if it knows it."""
        if loaded is None or loaded.chain.key in worker.known_chains:
            return []
        worker.known_chains.add(loaded.chain.key)
        return [protocol.LoadRequest(key=loaded.chain.key, slots=loaded.chain.slots, paths=loaded.paths)]

    def _receive(self) -> protocol.Answers:
        """The next answer that is more than a sign of progress; each sign starts the time limit again."""
        assert self._worker is not None
        while True:
            answer = self._worker.receive()
            if not isinstance(answer, protocol.ProgressReply):
                self._doing = None
                self._deadlines.watch(self._worker, self._settings.render_limit_s)
                return answer
            self._doing = answer
            limit_s = self._settings.load_limit_s if answer.is_loading else self._settings.render_limit_s
            self._deadlines.watch(self._worker, limit_s)

    def _lose(self) -> None:
        if self._worker is not None:
            self._deadlines.release(self._worker)
            self._worker.close()
        self._worker = self._doing = None

    def _lost(self, gone: WorkerGone, plugins: str) -> PluginError:
        """The error for people, and the worker given up."""
        doing, is_closing = self._doing, self._is_closing
        self._lose()
        if is_closing:
            return HostClosed()
        name = doing.plugin if doing is not None else plugins
        if doing is not None and doing.is_loading and gone.was_hung:
            return PluginHung(
                f"{name} did not load within {self._settings.load_limit_s:g} s; "
                "raise plugin_load_limit_s, or leave this plugin out."
            )
        if gone.was_hung:
            return PluginHung(
                f"{name} did not answer within {self._settings.render_limit_s:g} s; "
                "raise plugin_render_limit_s, or leave this plugin out."
            )
        step = "loading" if doing is not None and doing.is_loading else "processing"
        return PluginCrashed(
            f"{name or 'A plugin worker'} crashed while {step} (exit status {gone.exit_code}); "
            "leave this plugin out, or install another version of it."
        )


def error_from_reply(failed: protocol.ErrorReply) -> PluginError:
    kind = getattr(errors, failed.error, PluginError)
    error: PluginError = kind(failed.message)
    return error
