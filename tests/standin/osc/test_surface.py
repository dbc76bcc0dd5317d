"""REAPER's OSC surface, met over a real socket."""

import math
import socket
import time
from collections.abc import Iterator

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.standin import StandIn
from bridge.standin.osc.surface import RECEIVE_BUFFER_BYTES, StandInOscSurface, buffer_bytes


def message(address: str, *arguments: tuple[object, str]):
    builder = OscMessageBuilder(address)
    for value, tag in arguments:
        builder.add_arg(value, tag)
    return builder.build()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(0.0)
        yield heard


@pytest.fixture
def surface(reaper: StandIn, listener: socket.socket) -> StandInOscSurface:
    return StandInOscSurface(reaper, feedback=listener.getsockname())


@pytest.fixture
def send(reaper: StandIn, surface: StandInOscSurface) -> Iterator:
    """`send(*datagrams)` and one tick."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

        def deliver(*datagrams: bytes) -> None:
            for data in datagrams:
                sender.sendto(data, ("127.0.0.1", surface.port))
            reaper.tick()

        yield deliver


def value_address(reaper: StandIn, parameter: str) -> str:
    return f"/track/1/fx/1/fxparam/{reaper.project.tracks[0].fx[0].index(parameter) + 1}/value"


def ratio(reaper: StandIn) -> float:
    return reaper.project.tracks[0].fx[0].values()["Ratio"][0]


def told(listener: socket.socket) -> dict[str, object]:
    heard: dict[str, object] = {}
    while True:
        try:
            read = OscMessage(listener.recv(4096))
        except BlockingIOError:
            return heard
        heard[read.address] = read.params[0]


def test_a_float_sets_a_parameter(reaper: StandIn, send) -> None:
    send(message(value_address(reaper, "Ratio"), (0.25, "f")).dgram)
    assert ratio(reaper) == 0.25


def test_nothing_happens_before_the_tick(reaper: StandIn, surface: StandInOscSurface, send) -> None:
    before = ratio(reaper)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(message(value_address(reaper, "Ratio"), (0.25, "f")).dgram, ("127.0.0.1", surface.port))
    assert ratio(reaper) == before


@pytest.mark.parametrize(
    ("value", "tag"), [(1, "i"), (True, "T"), (False, "F"), (0.25, "d"), (2, "h"), (b"abcd", "b"), ("0.5", "s")]
)
def test_other_types_do_nothing(reaper: StandIn, surface: StandInOscSurface, send, value: object, tag: str) -> None:
    before = ratio(reaper)
    send(message(value_address(reaper, "Ratio"), (value, tag)).dgram)
    assert ratio(reaper) == before
    assert surface.discarded == 1


def test_the_end_of_an_edit_is_an_int_that_means_something(reaper: StandIn, surface: StandInOscSurface, send) -> None:
    send(message(value_address(reaper, "Ratio"), (-1, "i")).dgram)
    assert surface.discarded == 0


def test_values_are_passed_on_unclamped(reaper: StandIn, send) -> None:
    send(message(value_address(reaper, "Ratio"), (1.5, "f")).dgram)
    assert ratio(reaper) == 1.5


def test_lists_set_up_to_16_at_once(reaper: StandIn, send) -> None:
    comp = reaper.project.tracks[0].fx[0]
    numbers = [comp.index(name) + 1 for name in ("Ratio", "Attack")]
    send(message(f"/track/1/fx/1,1/fxparam/{numbers[0]},{numbers[1]}/value", (0.1, "f"), (0.2, "f")).dgram)
    assert [comp.values()[name][0] for name in ("Ratio", "Attack")] == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    "address",
    ["/track/9/fx/1/fxparam/1/value", "/track/1/fx/7/fxparam/1/value", "/track/1/fx/1/fxparam/999/value", "/nonsense",
     "/track/*/fx/1/fxparam/1/value", "/track/[1-3]/fx/1/fxparam/1/value", "/track/1/fx/1/fxparam/²/value"],
)  # fmt: skip
def test_wrong_targets_and_wildcards_are_silent(
    reaper: StandIn, surface: StandInOscSurface, send, address: str
) -> None:
    before = reaper.project.tracks[0].fx[0].values()
    send(message(address, (0.123, "f")).dgram)
    assert reaper.project.tracks[0].fx[0].values() == before
    assert surface.discarded == 1


def test_bundles_are_flattened_and_timetags_ignored(reaper: StandIn, send) -> None:
    inner = OscBundleBuilder(time.time() + 3600)
    inner.add_content(message(value_address(reaper, "Ratio"), (0.75, "f")))
    outer = OscBundleBuilder(time.time() + 3600)
    outer.add_content(message(value_address(reaper, "Attack"), (0.5, "f")))
    outer.add_content(inner.build())
    send(outer.build().dgram)
    assert ratio(reaper) == 0.75
    assert reaper.project.tracks[0].fx[0].values()["Attack"][0] == 0.5


def test_a_message_that_is_too_long_discards_what_comes_behind_it_in_the_tick(reaper: StandIn, send) -> None:
    first, second = (message(value_address(reaper, "Ratio"), (value, "f")).dgram for value in (0.25, 0.75))
    send(first, message("/x" * 600, (0.5, "f")).dgram, second)
    assert ratio(reaper) == 0.25
    send(second)
    assert ratio(reaper) == 0.75


def test_a_burst_of_datagrams_loses_some_and_bundles_lose_none(
    reaper: StandIn, surface: StandInOscSurface, send
) -> None:
    address = value_address(reaper, "Ratio")
    send(*(message(address, (i / 1000, "f")).dgram for i in range(1000)))
    assert ratio(reaper) < 0.9
    bundles = []
    for number in range(50):
        bundle = OscBundleBuilder(0)
        for step in range(20):
            bundle.add_content(message(address, ((number * 20 + step) / 1000, "f")))
        bundles.append(bundle.build().dgram)
    surface.discarded = 0
    send(*bundles)
    assert ratio(reaper) == pytest.approx(0.999)
    assert surface.discarded == 0


@pytest.mark.parametrize(("size", "kept"), [(24, 256), (1024, 92), (3379, 48)])
def test_bursts_are_lost_by_bytes(size: int, kept: int) -> None:
    """As was counted on the real receiver."""
    assert RECEIVE_BUFFER_BYTES // buffer_bytes(size) == pytest.approx(kept, abs=1)


def test_of_256_small_datagrams_all_arrive_and_of_300_the_last_ones_do_not(
    reaper: StandIn, surface: StandInOscSurface, send
) -> None:
    address = value_address(reaper, "Ratio")
    send(*(message(address, (i / 1000, "f")).dgram for i in range(256)))
    assert (surface.discarded, ratio(reaper)) == (0, pytest.approx(0.255))
    send(*(message(address, (i / 1000, "f")).dgram for i in range(300)))
    assert (surface.discarded, ratio(reaper)) == (44, pytest.approx(0.255))


def bundle_of(*contents: bytes) -> bytes:
    return b"#bundle\0" + bytes(8) + b"".join(len(data).to_bytes(4, "big") + data for data in contents)


def test_a_bundle_as_the_first_element_of_a_bundle_is_dropped(reaper: StandIn, send) -> None:
    before = ratio(reaper)
    send(bundle_of(bundle_of(message(value_address(reaper, "Ratio"), (0.75, "f")).dgram)))
    assert ratio(reaper) == before


def test_a_size_of_0_loses_the_rest_of_the_tick(reaper: StandIn, send) -> None:
    first, second = (message(value_address(reaper, "Ratio"), (value, "f")).dgram for value in (0.25, 0.75))
    send(bundle_of(first, b"", second), second)
    assert ratio(reaper) == 0.25


def test_lists_are_of_one_length_or_single_and_of_16_at_most(reaper: StandIn, surface: StandInOscSurface, send) -> None:
    comp = reaper.project.tracks[0].fx[0]
    before, attack = comp.values(), comp.index("Attack") + 1
    number = comp.index("Ratio") + 1
    send(message(f"/track/1/fx/1,1,1/fxparam/{number},{attack}/value", (0.1, "f"), (0.2, "f"), (0.3, "f")).dgram)
    send(message("/track/1/fx/1/fxparam/" + ",".join([str(number)] * 17) + "/value", *[(0.1, "f")] * 17).dgram)
    assert comp.values() == before
    assert surface.discarded == 2
    send(message(f"/track/1/fx/1/fxparam/{number},{attack}/value", (0.1, "f"), (0.2, "f")).dgram)
    assert [comp.values()[name][0] for name in ("Ratio", "Attack")] == pytest.approx([0.1, 0.2])


def test_nan_is_passed_on(reaper: StandIn, send) -> None:
    send(message(value_address(reaper, "Ratio"), (float("nan"), "f")).dgram)
    assert math.isnan(reaper.project.tracks[0].fx[0].read_normalized(reaper.project.tracks[0].fx[0].index("Ratio")))


@pytest.mark.parametrize("track", ["*", "?"])
def test_a_wildcard_in_the_place_of_the_track_reaches_the_master(reaper: StandIn, send, track: str) -> None:
    master, before = reaper.project.every_track()[0].add_fx("ReaComp"), ratio(reaper)
    number = master.index("Ratio") + 1
    send(message(f"/track/{track}/fx/1/fxparam/{number}/value", (0.75, "f")).dgram)
    assert master.values()["Ratio"][0] == 0.75
    assert ratio(reaper) == before


def test_actions_in_a_list_are_all_run(reaper: StandIn, surface: StandInOscSurface, send, tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.lua").write_text(f'reaper.ShowConsoleMsg("{name}") reaper.defer(function() end)')
    reaper.register_actions()
    names = [reaper.command_name(f"{name}.lua") for name in ("one", "two")]
    send(message(f"/action/{','.join(names)}").dgram)
    send(message("/action/40001,40002").dgram)
    assert reaper.messages.console == ["one", "two"]
    send(message("/action", *[(reaper.commands[name], "i") for name in names]).dgram)
    assert reaper.messages.console == ["one", "two"] * 2
    reaper.run_until_idle()


def test_bypass_counts_the_other_way_round(reaper: StandIn, send) -> None:
    send(message("/track/1/fx/1/bypass", (0.0, "f")).dgram)
    assert not reaper.project.tracks[0].fx[0].is_enabled
    send(message("/track/1/fx/1/bypass", (1, "i")).dgram)
    assert reaper.project.tracks[0].fx[0].is_enabled


def test_wet_and_dry(reaper: StandIn, send) -> None:
    comp = reaper.project.tracks[0].fx[0]
    send(message("/track/1/fx/1/wetdry", (0, "i")).dgram)
    assert comp.read_normalized(comp.find(":wet")) == 1.0
    send(message("/track/1/fx/1/wetdry", (0.5, "f")).dgram)
    assert comp.read_normalized(comp.find(":wet")) == 0.5


def test_actions(reaper: StandIn, send, tmp_path) -> None:
    (tmp_path / "hello.lua").write_text('reaper.ShowConsoleMsg("hello") reaper.defer(function() end)')
    reaper.register_actions()
    name = reaper.command_name("hello.lua")
    send(message(f"/action/{name}").dgram)
    send(message(f"/action/{name}", (1.0, "f")).dgram)
    send(message("/action/str", (name, "s")).dgram)
    send(message("/action", (reaper.commands[name], "i")).dgram)
    assert reaper.messages.console == ["hello"] * 4
    send(message(f"/action/{name}", (0.0, "f")).dgram)
    send(message("/action/_RSunknown").dgram)
    assert reaper.messages.console == ["hello"] * 4
    reaper.run_until_idle()


def test_feedback_tells_of_changes_made_elsewhere(reaper: StandIn, send, listener: socket.socket) -> None:
    reaper.turn_knob(reaper.project.tracks[0].fx[0], "Ratio", 0.5)
    send()
    heard = told(listener)
    address = value_address(reaper, "Ratio")
    assert heard[address] == 0.5
    assert heard[address.removesuffix("value") + "str"] == reaper.project.tracks[0].fx[0].values()["Ratio"][1]
    send()
    assert told(listener) == {}


def test_feedback_never_repeats_what_was_just_written(reaper: StandIn, send, listener: socket.socket) -> None:
    send(message(value_address(reaper, "Ratio"), (0.5, "f")).dgram)
    heard = told(listener)
    assert value_address(reaper, "Ratio") not in heard
    assert heard["/fxparam/last_touched/value"] == 0.5


def test_broken_datagrams_are_skipped(surface: StandInOscSurface, send) -> None:
    for data in (
        b"",
        b"\0",
        b"/x",
        b"/x\0\0\0,f\0\0\1",
        b"#bundle\0",
        b"#bundle\0" + b"\0" * 8 + b"\0\0\0\x7f/x\0\0",
        b"\xff" * 64,
    ):
        send(data)
