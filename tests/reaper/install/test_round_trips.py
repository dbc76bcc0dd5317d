"""Whatever REAPER's files look like, and whatever users change in them meanwhile: Bridge leaves no byte behind.

BRIDGE_EXAMPLES=10 tries ten times as many files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bridge.reaper.install import key_map, startup, surface_entry
from bridge.reaper.install.actions import ReaperAction
from bridge.reaper.install.surface_entry import SurfaceEntry, SurfaceRecord
from bridge.reaper.install.text_file import TextFile, parse, serialise

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]  # of a machine that does other things too
MANY = int(os.environ.get("BRIDGE_EXAMPLES", "1"))
SURFACE = SurfaceEntry(9010, 9011)
ACTIONS = [
    ReaperAction("bridge_automix.lua", "Bridge: Auto-mix track"),
    ReaperAction("bridge panel.lua", "Bridge: Panel"),
]
COMMAND = ["/opt/Jörgs Python/bin/python", "-m", "bridge", "--home", 'C:\\Users\\J "x"\\Bridge', "daemon"]
ENDS = st.sampled_from(["\n", "\r\n"])
ENCODINGS = [
    ("utf-8", b""),
    ("utf-8", b"\xef\xbb\xbf"),
    ("latin-1", b""),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
]


@dataclass(frozen=True)
class Kind:
    """One of REAPER's files: lines that occur in it, and how Bridge goes in and out of it again."""

    lines: tuple[str, ...]
    add: Callable[[TextFile], tuple[TextFile, object]]
    take_out: Callable[..., TextFile]


INI = Kind(
    (
        "[REAPER]", "[reaper]", "  [ReaPer] ", "[Recent]", "[audioconfig]", "csurf_cnt=0", "csurf_cnt=1",
        "csurf_cnt = 2", "CSURF_CNT=02", "csurf_cnt=", "csurf_cnt=x", 'csurf_0=MCU "" 0 8 3 4', "csurf_0 = ",
        'csurf_1=OSC "Tablet" 3 8000 "10.0.0.7" 9000 1024 10 ""', 'csurf_2=HUI "x"', 'Csurf_7=FADERPORT "" 1 1',
        "lastproject=/songs/Übung.rpp", "", "   ", "; note", "a\x85b\x0bc\x1cd",
    ),
    lambda text: surface_entry.add(text, SURFACE, None),
    surface_entry.take_out,
)  # fmt: skip
KEY_MAP = Kind(
    (
        'SCR 4 0 RSabc "Custom: mine.lua" mine.lua', 'SCR 4 32060 RSdef "Custom: x" "a b/x.lua"', "KEY 1 66 _RSabc 0",
        f"KEY 9 67 {ACTIONS[0].id} 0", 'ACT 0 0 "1" "Custom: Größer" 40001', "",
        f'SCR 4 32060 {ACTIONS[0].id[1:]} "Custom: midi" y.lua',
    ),
    lambda text: key_map.add(text, ACTIONS, None),
    key_map.take_out,
)  # fmt: skip
STARTUP = Kind(
    ("local x = 1", "reaper.defer(function() end)", "return x", "#!/usr/bin/lua", "", "-- Bridge: mine", "  -- größer"),
    lambda text: (startup.add(text, COMMAND), None),
    lambda text, _: startup.take_out(text, source="__startup.lua"),
)
KINDS = st.sampled_from([INI, KEY_MAP, STARTUP])


@st.composite
def files(draw: st.DrawFn) -> tuple[Kind, bytes, str, bytes]:
    """A kind of file, its bytes, its encoding and its mark; line ends may be mixed, and missing at the end."""
    kind = draw(KINDS)
    encoding, mark = draw(st.sampled_from(ENCODINGS))
    free = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"], max_codepoint=255), max_size=6)
    bodies = draw(st.lists(st.sampled_from(kind.lines) | free, max_size=12))
    ends = draw(st.lists(ENDS, min_size=len(bodies), max_size=len(bodies)))
    if draw(st.booleans()):
        ends = [ends[0]] * len(ends) if ends else ends
    if ends and draw(st.booleans()):
        ends[-1] = ""
    text = "".join(body + end for body, end in zip(bodies, ends, strict=True))
    assume(encoding not in ("utf-8", "latin-1") or "\0" not in text)
    return kind, mark + text.encode(encoding), encoding, mark


def parsed(data: bytes) -> TextFile:
    return parse(data, source="a file")


@given(files())
@settings(max_examples=80 * MANY, deadline=None, suppress_health_check=SLOW)
def test_in_and_out_again_leaves_every_byte(file: tuple[Kind, bytes, str, bytes]) -> None:
    kind, data, _, _ = file
    added, record = kind.add(parsed(data))
    written = serialise(added)
    assert written != data
    assert serialise(kind.take_out(parsed(written), record)) == data


@given(files())
@settings(max_examples=40 * MANY, deadline=None, suppress_health_check=SLOW)
def test_twice_is_once(file: tuple[Kind, bytes, str, bytes]) -> None:
    kind, data, _, _ = file
    added, record = kind.add(parsed(data))
    if kind is INI:
        again, same = surface_entry.add(added, SURFACE, record)  # type: ignore[arg-type]
    elif kind is KEY_MAP:
        again, same = key_map.add(added, ACTIONS, record)  # type: ignore[arg-type]
    else:
        again, same = startup.add(added, COMMAND), record
    assert serialise(again) == serialise(added)
    assert same == record


@given(st.binary(max_size=80), KINDS)
@settings(max_examples=40 * MANY, deadline=None, suppress_health_check=SLOW)
def test_any_bytes_come_through(data: bytes, kind: Kind) -> None:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    assume(marked or b"\0" not in data)
    added, record = kind.add(parsed(data))
    assert serialise(kind.take_out(parsed(serialise(added)), record)) == data


@given(files(), st.data())
@settings(max_examples=80 * MANY, deadline=None, suppress_health_check=SLOW)
def test_what_the_user_changes_meanwhile_stays(file: tuple[Kind, bytes, str, bytes], data: st.DataObject) -> None:
    """Lines that are not of Bridge's come, change and go, in the file with Bridge as in the file without."""
    kind, before, encoding, _ = file
    plain = parsed(before)
    added, record = kind.add(plain)
    own = [line for line in added.lines if line not in plain.lines]
    free = [
        line for line in plain.lines if not _concerns(line) and plain.lines.count(line) == 1 and line.endswith("\n")
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        if not free:
            break
        line = data.draw(st.sampled_from(free))
        free.remove(line)
        umlaut = "a=ü\r\n".encode("utf-8" if encoding == "utf-8" else "latin-1").decode("latin-1")
        new = data.draw(st.sampled_from([(), ("zoom=3\n",), (line, umlaut), ("; x\n", line)]))
        plain, added = _exchange(plain, line, new), _exchange(added, line, new)
    assert own or kind is INI
    out = kind.take_out(parsed(serialise(added)), record)
    assert serialise(out) == serialise(plain)


def _concerns(line: str) -> bool:
    """Lines by which Bridge's place is found, or that open another section."""
    return "[" in line or "csurf" in line.lower() or "SCR" in line or line.startswith(("#", "-- Bridge"))


def _exchange(text: TextFile, line: str, new: tuple[str, ...]) -> TextFile:
    at = text.lines.index(line)
    return TextFile((*text.lines[:at], *new, *text.lines[at + 1 :]), text.mark, text.encoding, text.rest)


def entries(text: TextFile) -> list[str]:
    return [line.strip() for line in text.lines if line.lower().startswith("csurf_")]


def test_a_surface_that_the_user_adds_behind_ours_moves_up_when_ours_goes() -> None:
    before = parsed(b'[REAPER]\r\nx=1\r\ncsurf_cnt=1\r\ncsurf_0=MCU "" 0\r\n[a]\r\n')
    added, record = surface_entry.add(before, SURFACE, None)
    assert entries(added) == ["csurf_cnt=2", 'csurf_0=MCU "" 0', f"csurf_1={SURFACE.value}"]
    assert surface_entry.find(added) == SURFACE
    grown = (
        serialise(added)
        .replace(b"csurf_cnt=2", b"csurf_cnt=3")
        .replace(b'8192 0 "Bridge"\r\n', b'8192 0 "Bridge"\r\ncsurf_2=HUI "" 1\r\n')
    )
    out = surface_entry.take_out(parsed(grown), record)
    assert serialise(out) == b'[REAPER]\r\nx=1\r\ncsurf_cnt=2\r\ncsurf_0=MCU "" 0\r\ncsurf_1=HUI "" 1\r\n[a]\r\n'
    again, _ = surface_entry.add(parsed(grown), SURFACE, record)
    assert serialise(again) == grown


def test_a_surface_with_other_ports_is_replaced_and_still_goes_without_a_trace() -> None:
    before = b"[reaper]\ncsurf_cnt=00\n"
    added, record = surface_entry.add(parsed(before), SURFACE, None)
    other, record = surface_entry.add(added, SurfaceEntry(9100, 9101), record)
    assert surface_entry.find(other) == SurfaceEntry(9100, 9101)
    assert serialise(surface_entry.take_out(other, record)) == before


def test_a_surface_that_the_user_removed_in_reaper_is_not_missed() -> None:
    _, record = surface_entry.add(parsed(b"[REAPER]\ncsurf_cnt=1\ncsurf_0=MCU\n"), SURFACE, None)
    now = b"[REAPER]\ncsurf_cnt=1\ncsurf_0=MCU\nnew=1\n"
    assert serialise(surface_entry.take_out(parsed(now), record)) == now


def test_an_entry_beyond_the_count_or_in_another_section_is_none() -> None:
    assert surface_entry.find(parsed(f"[REAPER]\ncsurf_cnt=0\ncsurf_0={SURFACE.value}\n".encode())) is None
    assert surface_entry.find(parsed(f"[other]\ncsurf_cnt=1\ncsurf_0={SURFACE.value}\n".encode())) is None
    assert surface_entry.find(parsed(f"[REAPER]\ncsurf_cnt=1\ncsurf_0={SURFACE.value}\n".encode())) == SURFACE


def test_without_its_notes_an_entry_is_still_found_and_replaced() -> None:
    added, _ = surface_entry.add(parsed(b"[REAPER]\ncsurf_cnt=0\n"), SURFACE, None)
    again, record = surface_entry.add(added, SURFACE, None)
    assert serialise(again) == serialise(added)
    assert serialise(surface_entry.take_out(again, record)) == b"[REAPER]\ncsurf_cnt=0\n"
    assert serialise(surface_entry.take_out(again, SurfaceRecord())) == b"[REAPER]\ncsurf_cnt=0\n"


def test_an_action_that_the_user_has_loaded_stays_the_users() -> None:
    loaded = f"{key_map.line_of(ACTIONS[0])}\r\n".encode().replace(b"Bridge: Auto", b"auto")
    added, ids = key_map.add(parsed(loaded), ACTIONS, None)
    assert ids == [ACTIONS[1].id]
    assert key_map.registered(added) >= {action.id for action in ACTIONS}
    assert serialise(key_map.take_out(added, ids)) == loaded
