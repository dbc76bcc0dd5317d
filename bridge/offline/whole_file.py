"""Steps of a job that go through a whole file: measured, copied, put in its place. Streamed, of any length."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.audio.files import AudioWriter, check_written_name, probe, stream_blocks
from bridge.audio.loudness import LoudnessMeter
from bridge.automix.job import Measurements
from bridge.errors import AudioError
from bridge.offline.result import FileJob

BLOCK_FRAMES = 1 << 16


def check_target(job: FileJob) -> None:
    """AudioError for a target that is one of the inputs, lies in no folder, or is of a kind that is not written."""
    check_written_name(job.target)
    for given in (job.source, job.reference):
        if given is not None and job.target.exists() and given.exists() and job.target.samefile(given):
            raise AudioError(
                f"{job.target} is one of the inputs; name another file with -o, and nothing is overwritten."
            )
    if not job.target.parent.is_dir():
        raise AudioError(f"The folder {job.target.parent} does not exist; make it, or choose another with -o.")


@contextmanager
def replace_when_done(target: Path) -> Iterator[Path]:
    """A file to write, with the target's ending, that takes the target's place once all has gone well.

    It lies beside the target in a folder of its own: no file of the user's can have its name.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".bridge-", dir=target.parent, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / f"part{target.suffix}"
            yield part
            part.replace(target)
    except OSError as error:
        raise AudioError(
            f"Cannot write {target}: {error.strerror}. Free some space, or choose another place."
        ) from error


def measure_file(path: Path) -> Measurements:
    """Loudness and true peak of a whole file."""
    info = probe(path)
    meter = LoudnessMeter(info.channels, info.sample_rate_hz)
    for block in stream_blocks(path, BLOCK_FRAMES):
        meter.add(block)
    return Measurements(meter.loudness_lufs, meter.true_peak_dbtp, None)


def copy_file(source: Path, target: Path) -> None:
    """The same audio in the target's format."""
    info = probe(source)
    with AudioWriter(target, sample_rate_hz=info.sample_rate_hz, channels=info.channels) as writer:
        for block in stream_blocks(source, BLOCK_FRAMES):
            writer.write(block)
