"""Whether an audio file holds all that its header promises. Decoders fill what is missing with silence, unasked.

Knows WAV (RIFF, RF64), AIFF, FLAC and Ogg; other formats do not tell. Decodes no audio.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TAIL_BYTES = 1 << 17  # longer than any FLAC frame or Ogg page
_UNKNOWN_SIZE = 0xFFFFFFFF  # what a writer leaves that could not go back to its header

_MOST_BEHIND_NOTHING = 4096  # bytes of other chunks that may follow an empty data chunk; more is audio
_REPAIR = "Open it in REAPER or another editor, and export it"


def missing_part(path: Path) -> str | None:
    """What is wrong with the file's length and the remedy, in words behind its name; None if it is whole or its format
    does not tell."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = content_start(file)
        file.seek(start)
        magic = file.read(12)
        if magic[:4] in (b"RIFF", b"RF64") and magic[8:] == b"WAVE":
            return _missing_chunk(chunks_of(file, size, "<", start), b"data", size)
        if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
            return _missing_chunk(chunks_of(file, size, ">", start), b"SSND", size)
        file.seek(max(size - _TAIL_BYTES, 0))
        tail = file.read()
    if magic[:4] == b"fLaC":
        return None if _ends_with_flac_frame(tail) else _truncated("its last FLAC frame is cut off")
    if magic[:4] == b"OggS":
        return None if _ends_with_last_page(tail) else _truncated("its last Ogg page is cut off")
    return None


def content_start(file: BinaryIO, place: int = 0) -> int:
    """Where audio begins behind `place`: after the ID3v2 tags that some programs put in front of any file."""
    while True:
        file.seek(place)
        head = file.read(10)
        if head[:3] != b"ID3" or len(head) < 10:
            return place
        size = sum((byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        place += 10 + size + (10 if head[5] & 16 else 0)


def chunks_of(file: BinaryIO, size: int, order: str, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, length) of each chunk of the form at `start`; a 64-bit length comes from the ds64 chunk."""
    long_length = None
    position = start + 12
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        if name == b"ds64" and len(sizes := file.read(16)) == 16:
            long_length = struct.unpack("<8xQ", sizes)[0]
        if name == b"data" and length == _UNKNOWN_SIZE and long_length is not None:
            length = long_length
        yield name, position + 8, length
        position += 8 + length + length % 2


def _missing_chunk(chunks: Iterator[tuple[bytes, int, int]], wanted: bytes, size: int) -> str | None:
    for name, start, length in chunks:
        if name != wanted:
            continue
        if length == _UNKNOWN_SIZE or (length == 0 and size - start > _MOST_BEHIND_NOTHING):
            return "has no length: its length was never written (a recorder that crashed, or a stream). " + _REPAIR
        if start + length <= size:
            return None
        return _truncated(f"it holds {size - start:,} of {length:,} bytes of audio")
    return _truncated("it ends before its audio begins")


def _truncated(why: str) -> str:
    return f"is truncated: {why}. Copy or export it again"


def _ends_with_flac_frame(tail: bytes) -> bool:
    """A frame's checksum over itself, stored checksum included, is 0. Tags after the audio (ID3v1) are cut."""
    if tail[-128:-125] == b"TAG":
        tail = tail[:-128]
    position = len(tail)
    while (position := tail.rfind(b"\xff", 0, position)) >= 0:
        is_sync = tail[position + 1 : position + 2] in (b"\xf8", b"\xf9")
        if is_sync and _crc16(tail[position:]) == 0:
            return True
    return False


def _crc16_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x8005 if value & 0x8000 else value << 1
        table.append(value & 0xFFFF)
    return tuple(table)


_CRC16 = _crc16_table()


def _crc16(data: bytes) -> int:
    """FLAC's CRC-16: polynomial x^16 + x^15 + x^2 + 1, starting at 0 (RFC 9639, section 9.3)."""
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFF) ^ _CRC16[(value >> 8) ^ byte]
    return value


def _ends_with_last_page(tail: bytes) -> bool:
    """The last page is whole and says that it is the last (RFC 3533, section 6)."""
    start = tail.rfind(b"OggS")
    if start < 0 or len(tail) < start + 27:
        return False
    flags, segments = tail[start + 5], tail[start + 26]
    lengths = tail[start + 27 : start + 27 + segments]
    return bool(flags & 4) and len(tail) >= start + 27 + segments + sum(lengths)
