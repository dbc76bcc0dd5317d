"""Whether an OSC packet is whole and plain, before python-osc reads it: that one guesses at what is not."""

from __future__ import annotations

import re
import struct

_SIZES = dict.fromkeys("ifrmc", 4) | dict.fromkeys("hdt", 8) | dict.fromkeys("TFNI", 0)  # bytes, by type tag
_PLAIN_ADDRESS = re.compile(rb"/[A-Za-z0-9_./-]*")  # no wildcard: matching many of them takes forever


def is_valid_packet(data: bytes, *, depth: int = 0) -> bool:
    """Return whether a packet is complete and plain.

    Bundles nest a little, addresses hold no wildcards, texts are UTF-8, no argument of a known size is cut off
    (python-osc pads those with zeros: a cut 0.8 becomes another number).
    """
    if len(data) % 4 or depth > 4:
        return False
    if not data.startswith(b"#bundle\0"):
        return _is_sound_message(data)
    at = 16
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size <= 0 or at + 4 + size > len(data) or not is_valid_packet(data[at + 4 : at + 4 + size], depth=depth + 1):
            return False
        at += 4 + size
    return at == len(data)


def _is_sound_message(data: bytes) -> bool:
    address, end = _padded_string(data, 0)
    if address is None or not _PLAIN_ADDRESS.fullmatch(address):
        return False
    if end == len(data):
        return True  # some surfaces leave out the type tags of a message without arguments
    types, at = _padded_string(data, end)
    if types is None or not types.startswith(b","):
        return False
    for kind in types[1:].decode("ascii", "replace"):
        if kind in _SIZES:
            at += _SIZES[kind]
        elif kind in "sS":
            text, at = _padded_string(data, at)
            if text is None or not _is_utf8(text):
                return False
        elif kind == "b":
            at = _end_of_blob(data, at)
        else:
            return False
    return at == len(data)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _end_of_blob(data: bytes, start: int) -> int:
    """Behind a blob: its size, its bytes, padded to four; behind the message where it is cut off."""
    if start + 4 > len(data):
        return len(data) + 1
    (size,) = struct.unpack_from(">i", data, start)
    return start + 4 + (size + 3) // 4 * 4 if size >= 0 else len(data) + 1


def _padded_string(data: bytes, start: int) -> tuple[bytes | None, int]:
    """A zero-terminated string padded to four bytes, and where the next item begins; None where it is cut off."""
    stop = data.find(b"\0", start)
    if stop < 0:
        return None, start
    return data[start:stop], (stop // 4 + 1) * 4
