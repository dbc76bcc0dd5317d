"""OSC datagrams as REAPER's surface reads them: bundles flattened, timetags ignored, three type tags, hard limits.

Only reads; what a message does is up to `surface`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_DATAGRAM_BYTES = 32768
MAX_MESSAGE_BYTES = 1024
_BUNDLE = b"#bundle\0"


class TooLong(Exception):
    """A message is longer than REAPER's buffer: everything that waits in this tick is lost."""


@dataclass(frozen=True)
class OscMessage:
    address: str
    arguments: tuple[int | float | str, ...]


def read_datagram(data: bytes) -> Iterator[OscMessage | None]:
    """The messages of a datagram in order, None for those that do not parse. Raises TooLong."""
    if len(data) > MAX_DATAGRAM_BYTES:
        yield None
        return
    if data.startswith(_BUNDLE):
        position = 16  # behind the timetag, which REAPER ignores
        while position + 4 <= len(data):
            size = int.from_bytes(data[position : position + 4], "big")
            position += 4
            yield from read_datagram(data[position : position + size])
            position += size
        return
    if len(data) > MAX_MESSAGE_BYTES:
        raise TooLong
    yield _read_message(data)


def _read_message(data: bytes) -> OscMessage | None:
    address, position = _read_text(data, 0)
    if address is None or not address.startswith("/"):
        return None
    tags, position = _read_text(data, position)
    arguments: list[int | float | str] = []
    for tag in (tags or ",")[1:]:
        if tag == "s":
            text, position = _read_text(data, position)
            if text is None:
                return None
            arguments.append(text)
        elif tag in "if" and position + 4 <= len(data):
            arguments.append(struct.unpack_from(f">{tag}", data, position)[0])
            position += 4
        else:
            return None  # T, F, d, h, b ...: the message does not parse
    return OscMessage(address, tuple(arguments))


def _read_text(data: bytes, position: int) -> tuple[str | None, int]:
    end = data.find(b"\0", position)
    if end < 0 or position >= len(data):
        return None, position
    return data[position:end].decode("utf-8", "replace"), (end // 4 + 1) * 4
