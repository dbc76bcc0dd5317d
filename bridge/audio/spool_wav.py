"""The one kind of WAV that REAPER's scripts write into the spool: uncompressed float32, read without any decoder.

A file that somebody else put there may be made to keep a decoder busy for ever; here every step is bounded by the
file's size.
"""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np

from bridge.audio.completeness import chunks_of
from bridge.audio.files import check_rate
from bridge.audio.layout import MAX_CHANNELS, check_peak
from bridge.errors import AudioError
from bridge.types import Float32

FLOAT_TAG, EXTENSIBLE_TAG = 3, 0xFFFE
MOST_CHUNKS = 256  # that are looked at: the scripts write two, and millions of empty ones take minutes
_FORM = struct.Struct("<HHIIHH")


def read_float_wav(path: Path) -> tuple[Float32, int]:
    """Read a float32 WAV file, without a decoder.

    Returns:
        Float32 (channels, samples) and the sample rate in Hz.

    Raises:
        AudioError: any other kind of file, one that is cut off, or one with samples that are no numbers.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            what = "is empty" if size == 0 else "is no audio (no WAV file)"
            raise AudioError(f"{path.name} {what}. Run the action again.")
        chunks = itertools.islice(chunks_of(file, size, "<"), MOST_CHUNKS)
        parts = {name: (start, length) for name, start, length in chunks}
        if b"fmt " not in parts or b"data" not in parts:
            raise AudioError(f"{path.name} has no audio in it, or no format. Run the action again.")
        file.seek(parts[b"fmt "][0])
        form = file.read(_FORM.size)
        if len(form) < _FORM.size:
            raise AudioError(f"{path.name} is cut off in its header. Run the action again.")
        tag, channels, rate_hz, _, _, bits = _FORM.unpack(form)
        if tag not in (FLOAT_TAG, EXTENSIBLE_TAG) or bits != 32 or not 1 <= channels <= MAX_CHANNELS:
            raise AudioError(
                f"{path.name} holds {bits}-bit audio of kind {tag} with {channels} channels; the scripts write "
                "float32, mono or stereo. Run the action again."
            )
        check_rate(path.name, rate_hz)
        start, length = parts[b"data"]
        if start + length > size:
            raise AudioError(f"{path.name} is cut off: {size - start:,} of {length:,} bytes. Run the action again.")
        file.seek(start)
        samples = np.fromfile(file, dtype="<f4", count=length // (4 * channels) * channels)
    audio = np.ascontiguousarray(samples.reshape(-1, channels).T, dtype=np.float32)
    if not np.isfinite(audio).all():
        raise AudioError(f"{path.name} holds NaN or infinite samples. Find the item that makes them, and mute it.")
    return check_peak(audio, path.name), rate_hz
