"""A file of any length through a chain: a bounded stretch at a time, with a worker to itself.

Reads, feeds, collects and writes; the exact length comes out, latency taken away. Memory does not grow with length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.audio.files import AudioInfo, AudioWriter, stream_blocks
from bridge.errors import PluginCrashed, PluginHung, PluginOutputInvalid
from bridge.plugins.host.render_queue import ATTEMPTS, DedicatedWorker, LoadedPlugins
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import SharedBuffer, audio_bytes
from bridge.types import Float32

STRETCH_FRAMES = 1 << 17  # 2.7 s at 48 kHz: what is in memory at once, three times over
LONGEST_LATENCY_FRAMES = 1 << 20


@dataclass(frozen=True)
class FileRender:
    """One file to render. `settings` is (rows, controls); rows move every `block_frames`."""

    loaded: LoadedPlugins
    settings: Float32
    block_frames: int
    info: AudioInfo
    target: Path
    progress: Callable[[float], None]

    @property
    def most_ready(self) -> int:
        """The most samples that one push may make ready: its own, and a block that waited for its end."""
        return STRETCH_FRAMES + self.block_frames

    def run(self, worker: DedicatedWorker) -> None:
        """Render and write. A worker that dies is replaced once and the file begun again.

        Raises PluginError or AudioError; nothing is left at the target then.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._render(worker)
            except (PluginCrashed, PluginHung):
                if attempt == ATTEMPTS:
                    raise
        return None

    def _render(self, worker: DedicatedWorker) -> None:
        info = self.info
        source = worker.pool.take(audio_bytes(info.channels, STRETCH_FRAMES))
        target = worker.pool.take(audio_bytes(info.channels, self.most_ready))
        try:
            with AudioWriter(self.target, sample_rate_hz=info.sample_rate_hz, channels=info.channels) as writer:
                stream = _Stream(self, worker, source, target)
                stream.begin()
                written = 0
                for block in stream_blocks(info.path, STRETCH_FRAMES):
                    written += _write(writer, stream.push(block), info.frames - written)
                    self.progress(written / info.frames)
                silence = np.zeros((info.channels, STRETCH_FRAMES), dtype=np.float32)
                fed = 0
                while written < info.frames:
                    if fed > LONGEST_LATENCY_FRAMES:
                        raise PluginOutputInvalid(
                            f"{self.loaded.suspects} returned {written:,} of {info.frames:,} samples; "
                            "it changes the length and cannot be used."
                        )
                    written += _write(writer, stream.push(silence), info.frames - written)
                    fed += STRETCH_FRAMES
            self.progress(1.0)
        finally:
            worker.pool.give_back(source)
            worker.pool.give_back(target)


class _Stream:
    """The questions that make a stream of one worker."""

    def __init__(self, job: FileRender, worker: DedicatedWorker, source: SharedBuffer, target: SharedBuffer) -> None:
        self._job = job
        self._worker = worker
        self._source = source
        self._target = target
        self._plugins = job.loaded.suspects

    def begin(self) -> None:
        job = self._job
        ask = protocol.StreamRequest(
            key=job.loaded.chain.key,
            settings=job.settings.tobytes(),
            rows=len(job.settings),
            block_frames=job.block_frames,
            sample_rate_hz=job.info.sample_rate_hz,
            channels=job.info.channels,
        )
        self._worker.ask(ask, self._plugins, about=job.loaded)

    def push(self, block: Float32) -> Float32:
        """A view of what is ready; copy it before the next push."""
        channels, frames = block.shape
        region = self._source.region(0, channels, frames)
        np.copyto(self._source.view(region), block)
        target = self._target.region(0, channels, self._job.most_ready)
        ask = protocol.PushRequest(source=region, target=target, forget=self._worker.forgotten())
        answer = self._worker.ask(ask, self._plugins)
        assert isinstance(answer, protocol.PushReply)
        return self._target.view(target)[:, : answer.frames]


def _write(writer: AudioWriter, ready: Float32, missing: int) -> int:
    kept = ready[:, :missing]
    if kept.shape[1] > 0:
        writer.write(kept)
    return int(kept.shape[1])
