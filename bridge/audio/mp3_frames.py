"""How much an MP3 file really holds: its frames counted, beside what its Xing or Info header promises.

Decoders estimate the length of a file without such a header, and believe one that has become wrong. Decodes no audio.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bridge.audio.completeness import content_start
from bridge.errors import AudioError

_KBITS = {  # by (MPEG version 1, layer)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = (44_100, 48_000, 32_000)
_LEAST_LEFT = 2048  # bytes, which is more than a frame
_ID3V1_BYTES = 128
_FEWEST = 3  # frames in a row that make a file an MP3


@dataclass(frozen=True)
class _Frame:
    size: int
    samples: int


def samples_without_header(path: Path) -> int | None:
    """Samples per channel of an MP3 without a Xing header, encoder delay included; None for one whose header is right,
    and for other kinds of files.

    Raises AudioError for a file that holds less or more than its header says.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = content_start(file)
        first = _frame_at(data, start)
        if first is None:
            return None
        promised = _promised_frames(data[start : start + first.size])
        counted, samples, end = 0, 0, start
        while (frame := _frame_at(data, end := _behind_tags(file, data, end))) and end + frame.size <= len(data):
            counted, samples, end = counted + 1, samples + frame.samples, end + frame.size
        is_cut = frame is not None or not _ends_well(data[end : end + 8], len(data) - end)
    if counted < _FEWEST:
        return None
    if promised is None:
        if is_cut:
            raise AudioError(f"{path} is truncated or damaged: an MP3 frame is cut off. Copy or export it again.")
        return samples
    if counted - 1 < promised:
        raise AudioError(
            f"{path} is truncated: it holds {counted - 1:,} of {promised:,} MP3 frames. Copy or export it again."
        )
    if counted - 1 > promised:
        raise AudioError(
            f"{path} holds {counted - 1:,} MP3 frames and its header says {promised:,}, as of files joined one behind "
            "the other; convert it to WAV."
        )
    return None


def _frame_at(data: mmap.mmap, place: int) -> _Frame | None:
    """The frame whose header stands at `place`; None where there is none (ISO/IEC 11172-3, section 2.4.1.3)."""
    if place + 4 > len(data):
        return None
    (header,) = struct.unpack_from(">I", data, place)
    version, layer = header >> 19 & 3, 4 - (header >> 17 & 3)
    kbits_index, rate_index = header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or version == 1 or layer == 4 or kbits_index in (0, 15) or rate_index == 3:
        return None
    is_first = version == 3
    rate_hz = _RATES_HZ[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    bits_per_s, padding = 1000 * _KBITS[is_first, layer][kbits_index], header >> 9 & 1
    if layer == 1:
        return _Frame((12 * bits_per_s // rate_hz + padding) * 4, 384)
    samples = 576 if layer == 3 and not is_first else 1152
    return _Frame(samples // 8 * bits_per_s // rate_hz + padding, samples)


def _behind_tags(file: BinaryIO, data: mmap.mmap, place: int) -> int:
    """`place`, or behind the tags of a file that ends there and of one that begins: both stand between joined files."""
    if data[place : place + 3] == b"TAG":
        place += _ID3V1_BYTES
    return content_start(file, place) if data[place : place + 3] == b"ID3" else place


def _ends_well(behind: bytes, size: int) -> bool:
    """Whether what stands behind the last frame is a tag, or too little to be audio."""
    return size < _LEAST_LEFT or behind.startswith((b"APETAGEX", b"LYRICSBE")) or not any(behind)


def _promised_frames(first: bytes) -> int | None:
    """The count in the Xing or Info header that the first frame holds; None where it holds none."""
    for name in (b"Xing", b"Info"):
        place = first.find(name)
        if 0 <= place <= len(first) - 12:
            flags, count = struct.unpack_from(">II", first, place + 4)
            return count if flags & 1 else None
    return None
