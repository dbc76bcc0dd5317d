"""Steps of a job that go through a whole file: read, measured, copied, put in its place. Streamed, of any length."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.audio.files import AudioInfo, AudioWriter, probe, stream_blocks
from bridge.automix.facts import Measurements
from bridge.automix.guard.metrics import measure
from bridge.errors import AudioError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.types import Audio, Float32

BLOCK_FRAMES = 1 << 17


class FileSound:
    """A `SoundSource` of a file: read in blocks, and rendered into another file. Memory never holds all of it."""

    def __init__(self, host: PluginHost, info: AudioInfo, target: Path) -> None:
        self.sample_rate_hz, self.frames = info.sample_rate_hz, info.frames
        self._host, self._source, self._target = host, info.path, target

    def blocks(self) -> Iterable[Audio]:
        """The file before its plugins."""
        return stream_blocks(self._source, BLOCK_FRAMES)

    def render(self, chain: Chain, rows: Float32, block_frames: int) -> None:
        """Render into the target with `rows` (blocks, controls)."""
        self._host.render_file(chain, rows, self._source, self._target, block_frames=block_frames)

    def rendered(self) -> Iterable[Audio]:
        """What the last `render` wrote."""
        return stream_blocks(self._target, BLOCK_FRAMES)


@contextmanager
def replace_when_done(target: Path) -> Iterator[Path]:
    """A float WAV to write, which takes the target's place in the target's format once all has gone well.

    What is tried on the way may pass full scale; what another format cannot hold at the end is refused. It lies beside
    the target in a folder of its own: no file of the user's can have its name.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".bridge-", dir=target.parent, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / "part.wav"
            yield part
            if target.suffix.lower() != part.suffix:
                part, rendered = part.with_name(target.name), part
                copy_file(rendered, part)
            part.replace(target)
    except OSError as error:
        raise AudioError(
            f"Cannot write {target}: {error.strerror}. Free some space, or choose another place."
        ) from error


def measure_file(path: Path) -> Measurements:
    """Return loudness and true peak of a whole file."""
    return measure(stream_blocks(path, BLOCK_FRAMES), probe(path).sample_rate_hz)


def copy_file(source: Path, target: Path) -> None:
    """Write the same audio in the target's format."""
    info = probe(source)
    with AudioWriter(target, sample_rate_hz=info.sample_rate_hz, channels=info.channels) as writer:
        for block in stream_blocks(source, BLOCK_FRAMES):
            writer.write(block)
