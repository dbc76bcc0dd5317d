"""Bridge's control surface in REAPER's `reaper.ini`: one numbered entry in the section [REAPER], and their count.

    csurf_cnt=2
    csurf_1=OSC "Bridge" 1 9010 "127.0.0.1" 9011 8192 0 "Bridge"

The surface only receives: with the flag for sending as well, as Bridge wrote it at first, REAPER formats up to a
thousand texts at every change of tracks and FX, for nobody. Either entry is known as ours, and `add` writes the first.

Entries are numbered from 0 without gaps. Other surfaces keep their order and their lines; when ours goes, those behind
it move up. Only edits lines: reads and writes no file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from bridge.reaper.install.text_file import TextFile, body_of, insert, remove, substitute
from bridge.reaper.protocol.osc import MAX_DATAGRAM_BYTES

RECEIVES = 1  # of a surface's flags
NAME = "Bridge"  # of the surface, and of its pattern file

_SECTION = re.compile(r"\s*\[(.*)\]\s*")
_COUNT = re.compile(r"(\s*csurf_cnt\s*=)(.*)", re.IGNORECASE | re.DOTALL)
_ENTRY = re.compile(r"(\s*csurf_)(\d+)(\s*=)(.*)", re.IGNORECASE | re.DOTALL)
_OURS = re.compile(rf'\s*OSC\s+"{NAME}"\s+(\d+)\s+(\d+)\s+"([^"]*)"\s+(\d+)\s.*"{NAME}".*', re.IGNORECASE | re.DOTALL)

_ANY_OSC = re.compile(r'\s*OSC\s+"([^"]*)"\s+(\d+)\s+(\d+)\s', re.IGNORECASE)


class SurfaceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the file was where ours went in."""

    is_section_new: bool = False
    is_count_new: bool = False
    count: str | None = None  # as it was written, behind the equals sign
    displaced: str = ""  # an entry beyond the count, which REAPER did not read


class SurfaceEntry(NamedTuple):
    """The ports of Bridge's surface: where REAPER hears it, and where REAPER's own messages would go."""

    receive_port: int
    send_port: int
    host: str = "127.0.0.1"
    flags: int = RECEIVES

    @property
    def value(self) -> str:
        """As `reaper.ini` writes it."""
        return (
            f'OSC "{NAME}" {self.flags} {self.receive_port} "{self.host}" {self.send_port} '
            f'{MAX_DATAGRAM_BYTES} 0 "{NAME}"'
        )


def find(text: TextFile) -> SurfaceEntry | None:
    """Bridge's surface, where REAPER will read it: an entry within the count."""
    at = _our_line(text)
    if at is None:
        return None
    count_line = _count_line(text)
    entry = _ENTRY.fullmatch(body_of(text.lines[at]))
    assert entry
    found = _OURS.fullmatch(entry[4])
    assert found
    if count_line is None or int(entry[2]) >= _count(text, count_line) or not int(found[1]) & RECEIVES:
        return None
    return SurfaceEntry(int(found[2]), int(found[4]), found[3], int(found[1]))


class ReceivingSurface(NamedTuple):
    """An OSC surface of REAPER's that listens."""

    name: str
    port: int


def receiving_surfaces(text: TextFile) -> list[ReceivingSurface]:
    """The OSC surfaces that REAPER reads and that listen, ours among them."""
    count_line = _count_line(text)
    count = _count(text, count_line) if count_line is not None else 0
    found = (_ANY_OSC.match(entry[4]) for entry in _entries(text).values() if int(entry[2]) < count)
    return [ReceivingSurface(match[1], int(match[3])) for match in found if match and int(match[2]) & RECEIVES]


def add(text: TextFile, surface: SurfaceEntry, record: SurfaceRecord | None) -> tuple[TextFile, SurfaceRecord]:
    """With the surface as its last entry. `record`: of an earlier `add`, whose entry is replaced."""
    if record is not None:
        if find(text) == surface:
            return text, record
        text = take_out(text, record)
    elif _our_line(text) is not None:
        text = take_out(text, SurfaceRecord())  # left over from an installation whose notes are gone
    span = _section(text)
    if span is None:
        added = insert(text, len(text.lines), ["[REAPER]", "csurf_cnt=1", f"csurf_0={surface.value}"])
        return added, SurfaceRecord(is_section_new=True, is_count_new=True)
    at = _count_line(text)
    if at is None:
        text = insert(text, span.start + 1, ["csurf_cnt=1"])
        text, displaced = _enter(text, 0, surface.value)
        return text, SurfaceRecord(is_count_new=True, displaced=displaced)
    found = _COUNT.fullmatch(body_of(text.lines[at]))
    assert found
    number = _count(text, at)
    text, displaced = _enter(_set_count(text, at, str(number + 1)), number, surface.value)
    return text, SurfaceRecord(count=found[2], displaced=displaced)


def take_out(text: TextFile, record: SurfaceRecord) -> TextFile:
    """Without Bridge's surface: as it was before `add`, with whatever else has changed since."""
    at = _our_line(text)
    if at is None:
        return text
    entry = _ENTRY.fullmatch(body_of(text.lines[at]))
    assert entry
    number, count_line = int(entry[2]), _count_line(text)
    count = _count(text, count_line) if count_line is not None else 0
    is_last = number >= count - 1
    text = substitute(text, at, record.displaced) if record.displaced and is_last else remove(text, at)
    text = _move_up(text, above=number, below=count)
    count_line = _count_line(text)
    if count_line is not None and number < count:
        text = _give_count_back(text, count_line, count - 1, record)
    return _drop_section(text) if record.is_section_new else text


# ------------------------------------------------------------ lines of the section


def _section(text: TextFile) -> range | None:
    """The lines of the section [REAPER], its head included."""
    heads = [(at, found[1]) for at, line in enumerate(text.lines) if (found := _SECTION.fullmatch(body_of(line)))]
    for place, (at, name) in enumerate(heads):
        if name.strip().upper() == "REAPER":
            return range(at, heads[place + 1][0] if place + 1 < len(heads) else len(text.lines))
    return None


def _count_line(text: TextFile) -> int | None:
    return next((at for at in _section(text) or () if _COUNT.fullmatch(body_of(text.lines[at]))), None)


def _entries(text: TextFile) -> dict[int, re.Match[str]]:
    """All numbered entries of the section by line."""
    found = ((at, _ENTRY.fullmatch(body_of(text.lines[at]))) for at in _section(text) or ())
    return {at: match for at, match in found if match}


def _our_line(text: TextFile) -> int | None:
    return next((at for at, entry in _entries(text).items() if _OURS.fullmatch(entry[4])), None)


def _count(text: TextFile, at: int) -> int:
    found = _COUNT.fullmatch(body_of(text.lines[at]))
    assert found
    return _number(found[2])


def _number(text: str) -> int:
    """The number at the beginning of a text; 0 where there is none, as REAPER reads it."""
    digits = re.match(r"\s*(\d{1,4})", text)
    return int(digits[1]) if digits else 0


def _set_count(text: TextFile, at: int, count: str) -> TextFile:
    found = _COUNT.fullmatch(body_of(text.lines[at]))
    assert found
    return substitute(text, at, f"{found[1]}{count}")


def _enter(text: TextFile, number: int, value: str) -> tuple[TextFile, str]:
    """Write entry `number`; also the line that stood in its place, if one did."""
    entries = _entries(text)
    for at, entry in entries.items():
        if int(entry[2]) == number:
            line = body_of(text.lines[at])
            return substitute(text, at, f"{entry[1]}{entry[2]}{entry[3]}{value}"), line
    count_line = _count_line(text)
    assert count_line is not None
    below = [at for at, entry in entries.items() if int(entry[2]) < number]
    return insert(text, max((*below, count_line)) + 1, [f"csurf_{number}={value}"]), ""


def _move_up(text: TextFile, *, above: int, below: int) -> TextFile:
    for at, entry in _entries(text).items():
        if above < int(entry[2]) < below:
            text = substitute(text, at, f"{entry[1]}{int(entry[2]) - 1}{entry[3]}{entry[4]}")
    return text


def _give_count_back(text: TextFile, at: int, count: int, record: SurfaceRecord) -> TextFile:
    if record.is_count_new and count == 0:
        return remove(text, at)
    is_as_before = record.count is not None and _number(record.count) == count
    return _set_count(text, at, record.count if is_as_before and record.count is not None else str(count))


def _drop_section(text: TextFile) -> TextFile:
    span = _section(text)
    if span is None or any(body_of(text.lines[at]).strip() for at in span[1:]):
        return text
    return remove(text, span.start)
