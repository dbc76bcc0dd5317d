"""OSC datagrams as REAPER's surface reads them: one flat queue a tick, timetags ignored, three type tags, hard limits.

Only reads; what a message does is up to `surface`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

MAX_DATAGRAM_BYTES = 32768
MAX_MESSAGE_BYTES = 1024
_BUNDLE = b"#bundle\0"
_T = TypeVar("_T", int, float, str)


@dataclass(frozen=True)
class OscMessage:
    """A message that REAPER could read."""

    address: str
    arguments: tuple[int | float | str, ...]


def read_tick(datagrams: Iterable[bytes]) -> Iterator[OscMessage | None]:
    """The messages of all that has come since the last tick, in order; None for one that does not parse.

    REAPER puts datagrams one behind the other, each behind its length as bundles have it, and goes through elements:
    so bundles are flat. A bundle as the first element of a bundle is read as a message, and means nothing. At a length
    that cannot be, or of more than a message may have, all that is left of the tick is lost, which is one None.
    """
    queue = b"".join(
        struct.pack(">i", min(len(data), MAX_DATAGRAM_BYTES)) + data[:MAX_DATAGRAM_BYTES] for data in datagrams
    )
    at = 0
    while at + 4 <= len(queue):
        size, at = _read_size(queue, at)
        if 0 < size <= len(queue) - at and len(queue) - at > 20 and queue.startswith(_BUNDLE, at):
            size, at = _read_size(queue, at + 16)  # behind the timetag, which REAPER ignores
        if not 0 < size <= min(len(queue) - at, MAX_MESSAGE_BYTES):
            yield None
            return
        yield _read_message(queue[at : at + size])
        at += size


def _read_size(queue: bytes, at: int) -> tuple[int, int]:
    """A length, and where what it counts begins."""
    return int.from_bytes(queue[at : at + 4], "big", signed=True), at + 4


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


class Arguments:
    """The arguments of a message, taken one after the other, each by its type."""

    def __init__(self, values: Sequence[int | float | str]) -> None:
        self._values = list(values)

    def pop(self, kind: type[_T]) -> _T | None:
        """The next argument, where it is of this type; else it stays."""
        if self._values and isinstance(self._values[0], kind):
            value = self._values[0]
            del self._values[0]
            return value
        return None

    def trigger(self, flag: str) -> int:
        """1 for a press, -1 for a release (of kind 'b' alone), 0 for neither. Kind 't' needs no argument."""
        value = self.pop(float)
        number: float | None = value if value is not None else self.pop(int)
        if flag == "b":
            return {0.0: -1, 1.0: 1}.get(-1.0 if number is None else number, 0)
        return int(flag == "t" and (number is None or number == 1))
