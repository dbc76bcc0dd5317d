"""The plugin host: renders through chains in worker processes, whatever the plugins do.

The public door of this room. It queues renders and tasks and waits for them; threads do the work (`worker_thread`),
one worker process each. It loads no plugin itself.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from bridge.audio.files import probe
from bridge.audio.layout import check_audio
from bridge.errors import HostClosed, PluginError
from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.catalog import Catalog, split_location
from bridge.plugins.chain.chain import VST3, Chain
from bridge.plugins.host.file_render import STRETCH_FRAMES, FileRender
from bridge.plugins.host.render_queue import (
    ExclusiveTask,
    LocatedChain,
    RenderBatch,
    RenderJob,
    RenderQueue,
    SharedSource,
)
from bridge.plugins.host.worker_process import Deadlines
from bridge.plugins.host.worker_thread import WorkerThread, WorkerThreadSettings
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import BufferPool, delete_stale_files
from bridge.settings import Settings
from bridge.types import Float32

IDLE_BUFFER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class RenderInput:
    """One render: audio (channels, samples), mono or stereo, and the settings to render it with.

    `normalized` is (controls,), or (blocks, controls): row k then holds from sample k * block_frames on, the last row
    to the end. All values are normalized, in the order of `chain.controls`.
    """

    audio: Float32
    sample_rate_hz: int
    normalized: Float32
    block_frames: int = 512


class PluginHost:
    """Owns `workers` processes, started when first needed, and closes them. Usable from several threads.

    `load_limit_s` is the time that loading one plugin may take, `render_limit_s` the time for one step of a render
    (ten seconds of audio, or one plugin). A worker that crashes or hangs is replaced and its render tried once more.
    `modules` are imported by every worker first, from `module_folders`; they may add plugin schemes. `catalog` finds
    plugins and remembers calibrations.
    """

    def __init__(
        self,
        *,
        workers: int,
        load_limit_s: float = 20.0,
        render_limit_s: float = 20.0,
        modules: Sequence[str] = (),
        module_folders: Sequence[Path] = (),
        catalog: Catalog | None = None,
    ) -> None:
        self.catalog = catalog or Catalog()
        self._queue = RenderQueue()
        self._pool = BufferPool(idle_limit_bytes=IDLE_BUFFER_BYTES)
        self._deadlines = Deadlines()
        settings = WorkerThreadSettings(
            threads=max(workers, 1),
            load_limit_s=load_limit_s,
            render_limit_s=render_limit_s,
            modules=modules,
            module_folders=module_folders,
        )
        shared = (settings, self._queue, self._pool, self._deadlines)
        self._threads = [WorkerThread(*shared) for _ in range(settings.threads)]
        self._start_lock = threading.Lock()
        self._is_started = self._is_closed = False
        self.load_limit_s = load_limit_s  # the time that loading one plugin may take
        self.render_count = 0  # renders asked for: what a search or a guard has cost

    def __enter__(self) -> PluginHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @overload
    def render(
        self, chain: Chain, renders: Sequence[RenderInput], *, return_errors: Literal[False] = ...
    ) -> list[Float32]: ...

    @overload
    def render(
        self, chain: Chain, renders: Sequence[RenderInput], *, return_errors: Literal[True]
    ) -> list[Float32 | PluginError]: ...

    def render(
        self, chain: Chain, renders: Sequence[RenderInput], *, return_errors: bool = False
    ) -> list[Float32] | list[Float32 | PluginError]:
        """Render a batch on all workers; results in the same order, each of the shape of its audio.

        State is reset before each render and latency taken out. An audio array that occurs several times in the
        batch is copied once. With `return_errors`, an error takes the place of its result; otherwise the first is
        raised: PluginOutputInvalid, PluginCrashed, PluginHung or another PluginError. After three crashes or hangs
        the rest of a batch is not tried, and has RenderNotTried in place of results.
        """
        batch = self._begin(chain, renders, return_errors=return_errors)
        results = batch.results()
        if batch.error is not None and not return_errors:
            raise batch.error
        return results

    def begin(self, chain: Chain, renders: Sequence[RenderInput]) -> RenderBatch:
        """As `render` with `return_errors`, without waiting; `result(index)` of the batch waits for one render."""
        return self._begin(chain, renders, return_errors=True)

    def render_file(
        self,
        chain: Chain,
        normalized: npt.ArrayLike,
        source: Path,
        target: Path,
        *,
        block_frames: int = 512,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> None:
        """Render a file of any length. Memory does not grow with the length.

        Args:
            chain: to render through.
            normalized: (controls,) or (blocks, controls), as in `RenderInput`.
            source: any audio file that Bridge reads.
            target: 32-bit float WAV or 24-bit FLAC, of the same length and rate; nothing is left there after an error.
            block_frames: samples for which a row of `normalized` holds.
            progress: gets the share that is done, 0..1, from another thread.

        Raises:
            AudioError: a file cannot be used.
            PluginError: a plugin failed, or took longer than the limit for a stretch of a few seconds.
        """
        rows = np.atleast_2d(chain.check_normalized(normalized))
        work = FileRender(
            located=self._located(chain),
            normalized=rows,
            block_frames=block_frames if len(rows) > 1 else STRETCH_FRAMES,
            info=probe(source),
            target=target,
            progress=progress,
        )
        self.run_task(ExclusiveTask(work.run))

    def describe(self, chain: Chain) -> tuple[protocol.SlotDescription, ...]:
        """Load the chain's plugins and tell identity, latency and load time of each.

        Raises PluginError if a plugin is missing, or is not the one that the chain was calibrated with.
        """
        located, request = self._located(chain), protocol.DescribeRequest(key=chain.key)
        reply = self.run_task(ExclusiveTask(lambda worker: worker.call(request, located)))
        assert isinstance(reply, protocol.DescribeReply)
        return reply.slots

    def identify(self, plugin: str) -> protocol.SlotDescription:
        """Load 'vst3:NAME' once and describe it. Raises PluginError as `describe` does."""
        reply = self._try_out(plugin, only_identity=True)
        assert isinstance(reply, protocol.IdentifyReply)
        return reply.slot

    def calibrate(self, plugin: str) -> Calibration:
        """Return what trying a plugin shows of its parameters: seconds the first time, then kept by the catalog.

        Args:
            plugin: 'vst3:NAME', a plugin's name or the path of its bundle.

        Returns:
            The display law, choices and effect of every parameter, and the plugin's fingerprint.

        Raises:
            PluginMissing: there is no such plugin; the message has the nearest names.
            PluginCrashed, PluginHung, PluginError: it cannot be loaded, or dies of being tried.
        """
        bundle, member = split_location(self.catalog.locate(plugin))
        if (known := self.catalog.known_calibration(Path(bundle), member)) is not None:
            return known
        reply = self._try_out(plugin, only_identity=False)
        assert isinstance(reply, protocol.CalibrateReply)
        self.catalog.remember_calibration(Path(bundle), reply.calibration, member)
        return reply.calibration

    def plugin_names(self, plugin: str) -> tuple[str, ...]:
        """Return the names of all plugins in the bundle of 'vst3:NAME'; () where it cannot be opened."""
        request = protocol.NamesRequest(plugin=plugin, path=str(self.catalog.find(plugin)))
        reply = self.run_task(ExclusiveTask(lambda worker: worker.call(request, plugin)))
        assert isinstance(reply, protocol.NamesReply)
        return reply.names

    def try_state(self, plugin: str, normalized: Mapping[str, float]) -> protocol.TryStateReply:
        """Load 'vst3:NAME', give it the state that another host shows, and return what it shows then.

        Args:
            plugin: as in a chain.
            normalized: values by the parameters' names, as `Fingerprint` has them; others stay as the plugin has them.

        Raises:
            PluginError: it is missing, cannot be loaded, or renders nothing usable so.
        """
        request = protocol.TryStateRequest(plugin=plugin, path=self.catalog.locate(plugin), normalized=dict(normalized))
        reply = self.run_task(ExclusiveTask(lambda worker: worker.call(request, plugin)))
        assert isinstance(reply, protocol.TryStateReply)
        return reply

    def run_task(self, task: ExclusiveTask) -> object:
        """Run something on a worker that does nothing else meanwhile, and wait for it."""
        self._put([task])
        return task.future.result()

    @property
    def worker_pids(self) -> list[int]:
        """The workers that run now."""
        return [pid for thread in self._threads if (pid := thread.worker_pid) is not None]

    def close(self) -> None:
        """End all workers and delete all shared memory. What is still being rendered ends in an error."""
        with self._start_lock:
            if self._is_closed:
                return
            self._is_closed = True
        atexit.unregister(self.close)
        for item in self._queue.close():
            if isinstance(item, ExclusiveTask):
                item.future.set_exception(HostClosed())
            else:
                item.batch.finish(item, HostClosed())
        for thread in self._threads:
            thread.shut()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._deadlines.close()
        self._pool.close()

    def _try_out(self, plugin: str, *, only_identity: bool) -> object:
        path = self.catalog.locate(plugin)
        request = protocol.CalibrateRequest(plugin=plugin, path=path, only_identity=only_identity)
        return self.run_task(ExclusiveTask(lambda worker: worker.call(request, plugin)))

    def _begin(self, chain: Chain, renders: Sequence[RenderInput], *, return_errors: bool) -> RenderBatch:
        with self._start_lock:
            self.render_count += len(renders)
        batch = RenderBatch(self._located(chain), len(renders), return_errors=return_errors)
        self._put(self._jobs(chain, batch, renders))
        return batch

    def _put(self, items: list[RenderJob] | list[ExclusiveTask]) -> None:
        with self._start_lock:
            if not self._is_started and not self._is_closed:
                self._is_started = True
                delete_stale_files()
                atexit.register(self.close)
                for thread in self._threads:
                    thread.start()
        self._queue.put(items)

    def _jobs(self, chain: Chain, batch: RenderBatch, renders: Sequence[RenderInput]) -> list[RenderJob]:
        sources: dict[int, SharedSource] = {}
        jobs = []
        for index, render in enumerate(renders):
            source = sources.get(id(render.audio))
            if source is None:
                audio = check_audio(render.audio, f"render {index}")
                source = sources[id(render.audio)] = SharedSource(audio, self._pool)
            normalized = chain.check_normalized(render.normalized)
            if render.block_frames < 1 or render.sample_rate_hz < 1:
                raise PluginError(f"Render {index} has no block length or no sample rate; both must be above 0.")
            source.users += 1
            jobs.append(
                RenderJob(
                    batch=batch,
                    index=index,
                    source=source,
                    normalized=normalized.reshape(1, -1) if normalized.ndim == 1 else normalized,
                    block_frames=render.block_frames,
                    sample_rate_hz=render.sample_rate_hz,
                )
            )
        return jobs

    def _located(self, chain: Chain) -> LocatedChain:
        """Raises PluginMissing for a VST3 plugin that is not installed."""
        paths = [self.catalog.locate(slot.plugin) if slot.scheme == VST3 else "" for slot in chain.slots]
        return LocatedChain(chain, tuple(paths))


def host_for(settings: Settings) -> PluginHost:
    """A host with the workers and time limits of `settings`, that remembers plugins in the home folder."""
    return PluginHost(
        workers=settings.worker_count,
        load_limit_s=settings.plugin_load_limit_s,
        render_limit_s=settings.plugin_render_limit_s,
        catalog=Catalog(cache_folder=settings.home / "plugins"),
    )
