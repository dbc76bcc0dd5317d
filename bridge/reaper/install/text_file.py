"""Text files of somebody else, edited line by line without changing anything else in them.

Encoding, byte order mark, line ends (mixed ones too) and a missing last line end stay as they are: what is inserted
here and removed again leaves the bytes that were there. Nothing here knows what the lines mean.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bridge.errors import SettingsError

_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF8_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class TextFile:
    """Lines with their ends, and all that is needed to write the same bytes again.

    Files of eight-bit encodings are read as Latin-1, in which every byte is a character: UTF-8 and code pages pass
    through untouched, as long as what is compared and inserted is ASCII.
    """

    lines: tuple[str, ...] = ()
    mark: bytes = b""
    encoding: str = "latin-1"
    rest: bytes = field(default=b"", repr=False)  # half a character at the end of UTF-16

    @property
    def is_empty(self) -> bool:
        return not self.lines and not self.rest


def parse(data: bytes, *, source: str) -> TextFile:
    """The lines of a file. SettingsError for a file that is not text; `source` names it."""
    mark = next((mark for mark in (*_UTF16, _UTF8_MARK) if data.startswith(mark)), b"")
    encoding = _UTF16.get(mark, "latin-1")
    body, rest = data[len(mark) :], b""
    if encoding == "latin-1" and b"\0" in body:
        raise SettingsError(f"{source} is not a text file: it holds a zero byte. Restore it from a backup, then retry.")
    if encoding != "latin-1" and len(body) % 2:
        body, rest = body[:-1], body[-1:]
    characters = body.decode(encoding, "surrogatepass" if mark in _UTF16 else "strict")
    return TextFile(tuple(_LINE.findall(characters)), mark, encoding, rest)


def serialise(text: TextFile) -> bytes:
    errors = "strict" if text.encoding == "latin-1" else "surrogatepass"
    return text.mark + "".join(text.lines).encode(text.encoding, errors) + text.rest


def body_of(line: str) -> str:
    """A line without its end."""
    return line.removesuffix("\n").removesuffix("\r") if line.endswith("\n") else line


def end_of(line: str) -> str:
    return line[len(body_of(line)) :]


def insert(text: TextFile, at: int, bodies: Sequence[str]) -> TextFile:
    """Put lines before line `at`, with line ends like those around. A file without a last line end keeps none."""
    lines = list(text.lines)
    end = _end_for(lines, at)
    added = [body + end for body in bodies]
    if at == len(lines) and lines and not end_of(lines[-1]):
        lines[-1] += end
        added[-1] = bodies[-1]
    return replace(text, lines=(*lines[:at], *added, *lines[at:]))


def remove(text: TextFile, at: int, count: int = 1) -> TextFile:
    """Take lines out again: the exact inverse of `insert`, wherever other lines have come and gone since."""
    lines = list(text.lines)
    is_open = at + count == len(lines) and not end_of(lines[-1])
    del lines[at : at + count]
    if is_open and lines:
        lines[-1] = body_of(lines[-1])
    return replace(text, lines=tuple(lines))


def substitute(text: TextFile, at: int, body: str) -> TextFile:
    """Another line in the place of line `at`, with the same end."""
    lines = list(text.lines)
    lines[at] = body + end_of(lines[at])
    return replace(text, lines=tuple(lines))


def _end_for(lines: Sequence[str], at: int) -> str:
    if at == len(lines) and lines and lines[-1].endswith("\r"):
        return "\r\n"  # "\n" would make one line end of the two
    for line in (*reversed(lines[:at]), *lines[at:]):
        if end := end_of(line):
            return end
    return os.linesep
