"""What the host's lanes work on: renders of a batch, and errands that need one worker to themselves.

A queue, the state of each batch, the audio that its renders share, and what an errand asks of its worker. No process
and no thread is known here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bridge.errors import HostClosed, PluginError
from bridge.plugins.chain.chain import BUILTIN, Chain
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import BufferPool, SharedBuffer, SharedRegion, audio_bytes
from bridge.types import Float32

ATTEMPTS = 2  # how often one render is tried, before the worker's death is told
FAULTS_PER_BATCH = 3  # crashes or hangs after which the rest of a batch is not tried


@dataclass(frozen=True)
class LoadedPlugins:
    """A chain and where its plugins are: for each slot the bundle's path, '' for a built-in effect."""

    chain: Chain
    paths: tuple[str, ...]

    @property
    def suspects(self) -> str:
        """The plugins that may crash: all but the built-in ones, if there are others."""
        names = [slot.plugin for slot in self.chain.slots]
        return ", ".join([name for name in names if not name.startswith(f"{BUILTIN}:")] or names)


class SharedSource:
    """One audio array of a batch: copied into shared memory by the first render that needs it, freed by the last."""

    def __init__(self, audio: Float32, pool: BufferPool) -> None:
        self.audio = audio
        self.users = 0
        self._pool = pool
        self._lock = threading.Lock()
        self._buffer: SharedBuffer | None = None
        self._region: SharedRegion | None = None

    def region(self) -> SharedRegion:
        with self._lock:
            if self._buffer is None or self._region is None:
                channels, frames = self.audio.shape
                self._buffer = self._pool.take(audio_bytes(channels, frames))
                self._region = self._buffer.region(0, channels, frames)
                np.copyto(self._buffer.view(self._region), self.audio)
            return self._region

    def release(self) -> None:
        with self._lock:
            self.users -= 1
            if self.users == 0 and self._buffer is not None:
                self._pool.give_back(self._buffer)
                self._buffer = self._region = None


@dataclass
class RenderJob:
    """One render of a batch. `attempts` counts the workers that died of it."""

    batch: RenderBatch
    index: int
    source: SharedSource
    settings: Float32  # (rows, controls)
    block_frames: int
    sample_rate_hz: int
    attempts: int = 0
    target: SharedBuffer | None = None


class RenderBatch:
    """The renders of one call: where results and errors come together."""

    def __init__(self, loaded: LoadedPlugins, count: int, *, return_errors: bool) -> None:
        self.loaded = loaded
        self.results: list[Float32 | PluginError | None] = [None] * count
        self.error: PluginError | None = None
        self._return_errors = return_errors
        self._pending = count
        self._faults = 0
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._awaited: tuple[int, threading.Event] | None = None
        if count == 0:
            self._done.set()

    @property
    def is_stopped(self) -> bool:
        """No further render of it is worth starting."""
        return self.error is not None

    def finish(self, job: RenderJob, result: Float32 | PluginError, *, is_fault: bool = False) -> None:
        """Each job exactly once."""
        job.source.release()
        with self._lock:
            self.results[job.index] = result
            self._faults += is_fault
            is_enough = not self._return_errors or self._faults >= FAULTS_PER_BATCH
            if isinstance(result, PluginError) and self.error is None and is_enough:
                self.error = result
            self._pending -= 1
            if self._pending == 0:
                self._done.set()
            if self._awaited is not None and self._awaited[0] == job.index:
                self._awaited[1].set()

    def stop(self, error: PluginError) -> None:
        with self._lock:
            self.error = self.error or error

    def wait(self) -> None:
        self._done.wait()

    def result(self, index: int) -> Float32 | PluginError:
        """Wait for one of them; for one thread at a time."""
        if self.results[index] is None:
            arrived = threading.Event()
            with self._lock:
                if self.results[index] is not None:
                    arrived.set()
                self._awaited = (index, arrived)
            arrived.wait()
        result = self.results[index]
        assert result is not None  # it has arrived
        return result


class DedicatedWorker(Protocol):
    """A worker that an errand has to itself."""

    @property
    def pool(self) -> BufferPool:
        """Where audio is put that the worker is to see."""

    def ask(self, ask: protocol.WorkerRequest, plugins: str, *, about: LoadedPlugins | None = None) -> protocol.Answers:
        """One question, one answer; `about`: the chain that the worker must know for it.

        PluginCrashed or PluginHung names `plugins`, if the worker has not said at which it was; an answer that is
        `Failed` is raised as its error.
        """

    def forgotten(self) -> tuple[str, ...]:
        """The shared files that this worker may still map though they are gone; each is told once."""


@dataclass
class ExclusiveTask:
    """Something for one worker alone: `work` runs on the lane's thread; its result or error comes back by `wait`."""

    work: Callable[[DedicatedWorker], object]
    result: object = None
    error: BaseException | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    def finish(self, result: object, error: BaseException | None) -> None:
        self.result, self.error = result, error
        self._done.set()

    def wait(self) -> object:
        self._done.wait()
        if self.error is not None:
            raise self.error
        return self.result


class RenderQueue:
    """First in, first out, for all lanes of a host. `take` waits; `take_render_ahead` never does."""

    def __init__(self) -> None:
        self._items: deque[RenderJob | ExclusiveTask] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, items: list[RenderJob] | list[ExclusiveTask]) -> None:
        with self._changed:
            if self._is_closed:
                raise HostClosed
            self._items.extend(items)
            self._changed.notify(len(items))

    def put_back(self, jobs: list[RenderJob]) -> list[RenderJob]:
        """To the front again. Returns those that a closed queue no longer takes: all."""
        with self._changed:
            if self._is_closed:
                return jobs
            self._items.extendleft(reversed(jobs))
            self._changed.notify(len(jobs))
            return []

    def take(self) -> RenderJob | ExclusiveTask | None:
        """The next item, or None once the queue is closed."""
        with self._changed:
            while not self._items and not self._is_closed:
                self._changed.wait()
            return None if self._is_closed else self._items.popleft()

    def take_render_ahead(self, lanes: int) -> RenderJob | None:
        """Another render for a worker, if at least `lanes` of them wait: the other lanes must find one too."""
        with self._changed:
            if len(self._items) < lanes or not isinstance(self._items[0], RenderJob):
                return None
            job = self._items.popleft()
            assert isinstance(job, RenderJob)
            return job

    def close(self) -> list[RenderJob | ExclusiveTask]:
        """Stop handing out; what was left is returned."""
        with self._changed:
            self._is_closed = True
            left = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return left
