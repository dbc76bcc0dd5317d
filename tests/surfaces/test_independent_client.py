"""OSC as a client speaks it that shares no code with Bridge: liblo, with all its types, bundles and timetags."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator

import liblo
import pytest
from free_port import free_port

from bridge.surfaces.commands import Command
from bridge.surfaces.osc import OscServer

pytestmark = pytest.mark.skipif(
    not liblo.IS_THERE, reason="liblo's oscsend and oscdump are not installed (liblo-tools)"
)

LIMIT_S = 20.0
NTP_EPOCH_S = 2_208_988_800


class Bridge:
    def __init__(self) -> None:
        self.commands: queue.Queue[Command] = queue.Queue()
        self.feedback_port = free_port()
        self.surface = OscServer(
            "127.0.0.1", 0, self.feedback_port, handle=self.commands.put, status=lambda: "größer als 3"
        )

    @property
    def port(self) -> int:
        return self.surface.port

    def next(self) -> Command:
        return self.commands.get(timeout=LIMIT_S)


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    bridge.surface.open()
    yield bridge
    bridge.surface.close()


@pytest.fixture(scope="module")
def library() -> liblo.Library:
    return liblo.Library()


@pytest.mark.parametrize(
    ("path", "types", "values", "command"),
    [
        ("amount", "f", [0.25], Command("amount", 0.25)),
        ("amount", "d", [0.5], Command("amount", 0.5)),
        ("amount", "i", [1], Command("amount", 1.0)),
        ("amount", "h", [1], Command("amount", 1.0)),
        ("amount", "s", ["0.75"], Command("amount", 0.75)),
        ("amount", "T", [], Command("amount", 1.0)),
        ("compare", "T", [], Command("compare", 1)),
        ("compare", "F", [], Command("compare", 0)),
        ("compare", "h", [1], Command("compare", 1)),
        ("compare", "d", [0.0], Command("compare", 0)),
        ("automix", "", [], Command("automix")),
        ("automix", "T", [], Command("automix")),
        ("automix", "i", [3], Command("automix", 3)),
        ("automix", "h", [3], Command("automix", 3)),
        ("undo", "I", [], Command("undo")),
        ("next", "f", [1.0], Command("next")),
        ("style", "s", ["warm vocal"], Command("style", "warm vocal")),
    ],
)
def test_every_type_is_taken_as_it_is_meant(
    bridge: Bridge, path: str, types: str, values: list[object], command: Command
) -> None:
    liblo.oscsend(bridge.port, f"/bridge/{path}", types, *values)
    assert bridge.next() == command


def test_feedback_is_read_in_the_types_that_are_promised(bridge: Bridge) -> None:
    with liblo.oscdump(bridge.feedback_port) as lines:
        heard = ""
        end_s = time.monotonic() + LIMIT_S
        while not heard:  # oscdump does not tell when it listens
            assert time.monotonic() < end_s
            liblo.oscsend(bridge.port, "/bridge/ping")
            try:
                heard = lines.get(timeout=0.2)
            except queue.Empty:
                continue
        assert heard == '/bridge/status s "größer als 3"'
        bridge.surface.send("/bridge/amount", 0.5)
        bridge.surface.send("/bridge/compare", 1)
        bridge.surface.send("/bridge/result", "id", "apply", "done", 3)
        wanted = ["/bridge/amount f 0.500000", "/bridge/compare i 1", '/bridge/result sssi "id" "apply" "done" 3']
        found = [line for line in iter(lambda: lines.get(timeout=LIMIT_S), wanted[-1]) if "status" not in line]
        assert [*found, wanted[-1]] == wanted


def test_a_blob_is_no_number_and_the_next_message_is_heard(bridge: Bridge, library: liblo.Library) -> None:
    with liblo.oscdump(bridge.feedback_port):
        library.send(bridge.port, "/bridge/amount", library.message("b", b"\1\2\3"))
        library.send(bridge.port, "/bridge/amount", library.message("fb", 0.5, b"12345"))
        assert bridge.next() == Command("amount", 0.5)
        library.send(bridge.port, "/bridge/amount", library.message("d", 0.25))
        assert bridge.next() == Command("amount", 0.25)
        assert bridge.commands.empty()


@pytest.mark.parametrize("ahead_s", [None, -3600, 0, 3600], ids=["now", "past", "present", "future"])
def test_a_bundle_is_done_at_once_and_in_order_whatever_its_time(
    bridge: Bridge, library: liblo.Library, ahead_s: int | None
) -> None:
    """Faders are not a sequencer: a bundle dated ahead must not hold up what comes behind it."""
    at = liblo.IMMEDIATELY if ahead_s is None else (int(time.time()) + NTP_EPOCH_S + ahead_s, 1 << 31)
    values = [step / 8 for step in range(9)]
    messages = [("/bridge/amount", library.message("f", value)) for value in values]
    library.send_bundle(bridge.port, [*messages, ("/bridge/compare", library.message("T", None))], at)
    assert [bridge.next() for _ in range(10)] == [*(Command("amount", v) for v in values), Command("compare", 1)]


def test_releases_start_nothing(bridge: Bridge, library: liblo.Library) -> None:
    for types, value in (("f", 0.0), ("i", 0), ("F", None), ("h", 0), ("d", 0.0)):
        library.send(bridge.port, "/bridge/undo", library.message(types, value))
    liblo.oscsend(bridge.port, "/bridge/undo")
    assert bridge.next() == Command("undo")
    assert bridge.commands.empty()
