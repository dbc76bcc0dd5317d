"""A file of any length through a chain: a bounded stretch at a time, with a worker to itself.

Reads, feeds, collects and writes; the exact length comes out, latency taken away. Memory does not grow with length.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.audio.files import AudioInfo, AudioWriter, stream_blocks
from bridge.errors import PluginCrashed, PluginHung, PluginOutputInvalid
from bridge.plugins.host.render_queue import ATTEMPTS, DedicatedWorker, LocatedChain
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import audio_bytes
from bridge.types import Audio, Float32

STRETCH_FRAMES = 1 << 17  # 2.7 s at 48 kHz: what is in memory at once, three times over
LONGEST_LATENCY_FRAMES = 1 << 20


@dataclass(frozen=True)
class FileRender:
    """One file to render. `normalized` is (rows, controls); rows move every `block_frames`."""

    located: LocatedChain
    normalized: Float32
    block_frames: int
    info: AudioInfo
    target: Path
    progress: Callable[[float], None]

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
        info, written, fed = self.info, 0, 0
        with (
            AudioWriter(self.target, sample_rate_hz=info.sample_rate_hz, channels=info.channels) as writer,
            closing(self._stream(worker)) as stream,
        ):
            for ready in stream:
                kept = ready[:, : info.frames - written]
                if kept.shape[1]:
                    writer.write(kept)
                written += kept.shape[1]
                fed += STRETCH_FRAMES
                self.progress(written / info.frames)
                if written == info.frames:
                    return
                if fed > info.frames + STRETCH_FRAMES + LONGEST_LATENCY_FRAMES:
                    raise PluginOutputInvalid(
                        f"{self.located} returned {written:,} of {info.frames:,} samples; "
                        "it changes the length and cannot be used."
                    )

    def _stream(self, worker: DedicatedWorker) -> Generator[Audio, None, None]:
        """What is ready after each stretch of the file, then of silence without end: views, to be copied at once."""
        channels = self.info.channels
        most_ready = STRETCH_FRAMES + self.block_frames  # a stretch, and a block that waited for its end
        begin = protocol.StreamRequest(
            key=self.located.chain.key,
            normalized=self.normalized.tobytes(),
            rows=len(self.normalized),
            block_frames=self.block_frames,
            sample_rate_hz=self.info.sample_rate_hz,
            channels=channels,
        )
        worker.call(begin, self.located)
        source = worker.pool.acquire(audio_bytes(channels, STRETCH_FRAMES))
        target = worker.pool.acquire(audio_bytes(channels, most_ready))
        try:
            for block in self._stretches():
                from_region, to_region = source.region(*block.shape), target.region(channels, most_ready)
                np.copyto(source.view(from_region), block)
                push = protocol.PushRequest(source=from_region, target=to_region, unmap=worker.deleted_files())
                reply = worker.call(push, self.located)
                assert isinstance(reply, protocol.PushReply)
                yield target.view(to_region)[:, : reply.frames]
        finally:
            worker.pool.release(source)
            worker.pool.release(target)

    def _stretches(self) -> Iterator[Audio]:
        yield from stream_blocks(self.info.path, STRETCH_FRAMES)
        while True:
            yield np.zeros((self.info.channels, STRETCH_FRAMES), dtype=np.float32)
