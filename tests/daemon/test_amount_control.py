"""Live control through everything that is real: the daemon process, REAPER's scripts, its OSC surface, OSC clients."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from daemon_process import Home, wait_for
from liblo import IS_THERE, oscsend
from live_session import Client, Prepared, is_near, open_session, prepare
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder, build_msg

from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.features.styles import Style, save_style
from bridge.settings import shipped_folder

BLOCKED_S = float(os.environ.get("BRIDGE_TEST_BLOCKED_S", "0"))  # 60 for the whole minute


@pytest.fixture(scope="module", params=["5.3", "5.4"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_home: Callable[[Path], Home]
) -> Iterator[Prepared]:
    home = make_home(tmp_path_factory.mktemp("live") / "Bridge hömé")
    with open_session(home, lua=request.param) as studio:
        yield prepare(studio)


@pytest.fixture
def mixed(shared: Prepared) -> Prepared:
    shared.again()
    return shared


def test_a_fader_moves_the_settings_and_ends_in_one_undo_step(mixed: Prepared) -> None:
    studio, points = mixed.studio, len(mixed.studio.reaper.undo_points)
    for amount in (0.9, 0.6, 0.3, 0.5):
        studio.client.send("/bridge/amount", amount)
        studio.reaper.tick()
    assert studio.until_heard("/bridge/status", "amount") == "amount 50 %"
    assert studio.reaper.undo_points[points:] == ["Bridge: Amount 50 % on Vocals"]
    assert is_near(studio.values(), mixed.at(0.5))
    record = studio.record
    assert record.amount == pytest.approx(0.5)
    assert record.states[-1].values == pytest.approx(tuple(studio.values().values()))
    assert record.gesture is None
    studio.reaper.undo()
    assert is_near(studio.values(), mixed.after, 1e-9)


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_in_a_container_follows_when_the_fader_rests(mixed: Prepared, count: int) -> None:
    studio, track = mixed.studio, mixed.studio.track
    chain = [*track.fx]
    track.put_in_container(*chain[:count])
    try:
        for amount in (0.9, 0.6, 0.3, 0.5):
            studio.client.send("/bridge/amount", amount)
            studio.reaper.tick()
        assert studio.until_heard("/bridge/status", "amount") == "amount 50 %"
        assert is_near(studio.values(), mixed.at(0.5))
    finally:
        track.fx[:] = chain


def test_the_ends_are_exact(mixed: Prepared) -> None:
    studio = mixed.studio
    assert studio.do("/bridge/amount", 0.0, word="amount") == "amount 0 %"
    assert is_near(studio.values(), mixed.before, 1e-9)
    assert studio.do("/bridge/amount", 1.0, word="amount") == "amount 100 %"
    assert is_near(studio.values(), mixed.after, 1e-9)


def test_what_the_user_has_touched_stays_and_is_named(mixed: Prepared) -> None:
    studio = mixed.studio
    comp = studio.track.find_fx("ReaComp")
    studio.reaper.turn_knob(comp, "Ratio", 0.77)
    said = studio.do("/bridge/amount", 0.25, word="amount")
    assert "Ratio of" in said
    assert "touched" in said
    assert comp.values()["Ratio"][0] == 0.77
    others = {name: value for name, value in studio.values().items() if "Ratio" not in name}
    assert is_near(others, {name: value for name, value in mixed.at(0.25).items() if name in others})
    assert studio.do("/bridge/compare", 1).startswith("as it was")
    assert comp.values()["Ratio"][0] == 0.77


def test_after_undo_the_fader_goes_on_from_where_the_track_stands(mixed: Prepared) -> None:
    studio = mixed.studio
    studio.do("/bridge/amount", 0.2, word="amount")
    studio.reaper.undo()
    assert studio.do("/bridge/amount", 0.6, word="amount") == "amount 60 %"
    assert is_near(studio.values(), mixed.at(0.6))


def test_compare_and_back(mixed: Prepared) -> None:
    studio = mixed.studio
    studio.do("/bridge/amount", 0.4, word="amount")
    points = len(studio.reaper.undo_points)
    studio.do("/bridge/compare", 1, until="/bridge/compare", word="1")
    assert is_near(studio.values(), mixed.before, 1e-9)
    studio.do("/bridge/compare", 0, until="/bridge/compare", word="0")
    assert is_near(studio.values(), mixed.at(0.4))
    assert studio.reaper.undo_points[points:] == ["Bridge: Compare, as it was", "Bridge: Compare, as set"]


def test_undo_takes_back_bridges_steps_alone(mixed: Prepared) -> None:
    studio = mixed.studio
    studio.do("/bridge/amount", 0.4, word="amount")
    assert "Amount 40 %" in studio.do("/bridge/undo")
    assert is_near(studio.values(), mixed.after, 1e-9)
    assert studio.client.texts("/bridge/amount")[-1] == 1.0
    said = studio.do("/bridge/undo", until="/bridge/error")
    assert "Prepare the test" in said
    assert is_near(studio.values(), mixed.after, 1e-9)


@pytest.mark.skipif(not IS_THERE, reason="liblo's oscsend is not installed")
def test_an_independent_client_with_its_own_types(mixed: Prepared) -> None:
    studio, port = mixed.studio, mixed.studio.daemon.port

    def send(path: str, types: str, *values: str) -> None:
        studio.client.mark()
        oscsend(port, path, types, *values)

    for types, value, percent in (
        ("f", "0.25", 25),
        ("d", "0.5", 50),
        ("h", "0", 0),
        ("i", "1", 100),
        ("s", "0.75", 75),
    ):
        send("/bridge/amount", types, value)
        assert studio.until_heard("/bridge/status", "amount") == f"amount {percent} %"
    send("/bridge/compare", "T")
    studio.until_heard("/bridge/compare", "1")
    assert is_near(studio.values(), mixed.before, 1e-9)
    send("/bridge/compare", "F")
    studio.until_heard("/bridge/compare", "0")
    assert is_near(studio.values(), mixed.at(0.75))
    send("/bridge/undo", "T")
    studio.until_heard("/bridge/status", "undone")
    send("/bridge/ping", "N")
    studio.until_heard("/bridge/status", "ready")


def test_a_blob_is_refused_in_few_words(mixed: Prepared) -> None:
    builder = OscMessageBuilder("/bridge/amount")
    builder.add_arg(b"\x01" * 5000, "b")
    mixed.studio.client.send_packet(builder.build().dgram)
    said = mixed.studio.until_heard("/bridge/error")
    assert "needs a number" in said
    assert len(said) < 200


def test_the_last_value_of_a_bundle_dated_ahead_counts(mixed: Prepared) -> None:
    studio = mixed.studio
    inner = OscBundleBuilder(IMMEDIATELY)
    for amount in (0.1, 0.9, 0.35):
        inner.add_content(build_msg("/bridge/amount", [amount]))
    outer = OscBundleBuilder(time.time() + 3600)  # type: ignore[arg-type]
    outer.add_content(inner.build())
    studio.client.send_packet(outer.build().dgram)
    assert studio.until_heard("/bridge/status", "amount") == "amount 35 %"
    assert is_near(studio.values(), mixed.at(0.35))


def test_all_surfaces_are_told(mixed: Prepared) -> None:
    studio = mixed.studio
    others = [Client(studio.daemon.port) for _ in range(3)]
    for other in others:
        other.send("/bridge/ping")
        studio.until(lambda other=other: other.texts("/bridge/status"))
    studio.client.send("/bridge/amount", 0.5)
    for other in others:
        studio.until(lambda other=other: other.texts("/bridge/amount") == [0.5])
        studio.until(lambda other=other: other.texts("/bridge/compare") == [0])
        other.socket.close()


def test_an_fx_that_is_moved_meanwhile_keeps_its_own_values(mixed: Prepared) -> None:
    studio, chain = mixed.studio, mixed.studio.track.fx
    studio.client.send("/bridge/amount", 0.5)
    studio.until(lambda: is_near(studio.values(), mixed.at(0.5)))
    chain.reverse()
    try:
        assert "moved" in studio.until_heard("/bridge/status", "moved")
        assert is_near(studio.values(), mixed.at(0.5))
        assert studio.do("/bridge/amount", 0.2, word="amount") == "amount 20 %"
        assert is_near(studio.values(), mixed.at(0.2))
    finally:
        chain.reverse()


def test_a_busy_reaper_gets_the_last_value_once_it_is_back(mixed: Prepared) -> None:
    studio = mixed.studio
    for step in range(30):
        studio.client.send("/bridge/amount", step / 100)
    end_s, was_told = time.monotonic() + BLOCKED_S, False
    studio.client.socket.settimeout(5.0)
    while not was_told or time.monotonic() < end_s:  # REAPER makes no tick
        with contextlib.suppress(TimeoutError):
            was_told |= b"REAPER does not answer" in studio.client.socket.recv(65536)
    studio.client.socket.setblocking(False)
    studio.client.send("/bridge/amount", 0.8)
    assert studio.until_heard("/bridge/status", "amount") == "amount 80 %"
    assert is_near(studio.values(), mixed.at(0.8))


def test_a_second_run_of_the_script_takes_the_open_gesture_over(mixed: Prepared) -> None:
    studio, points = mixed.studio, len(mixed.studio.reaper.undo_points)
    studio.client.send("/bridge/amount", 0.9)
    studio.until(lambda: studio.record.gesture is not None and is_near(studio.values(), mixed.at(0.9)))
    studio.reaper.run_action("bridge_surface_live.lua")  # REAPER ends the one that runs
    studio.client.send("/bridge/amount", 0.35)
    assert studio.until_heard("/bridge/status", "amount") == "amount 35 %"
    studio.reaper.run_until_idle(10)
    assert is_near(studio.values(), mixed.at(0.35))
    assert studio.reaper.undo_points[points:] == ["Bridge: Amount 90 % on Vocals", "Bridge: Amount 35 % on Vocals"]
    assert studio.reaper.messages.boxes == []


@pytest.mark.parametrize("path", ["/bridge/compare", "/bridge/undo"])
def test_a_second_run_does_what_the_first_one_has_taken(mixed: Prepared, path: str) -> None:
    """The script that still runs may take an ask before REAPER hears that it shall be run for it."""
    studio, asks = mixed.studio, mixed.studio.home.spool.folder / "asks"
    if path == "/bridge/undo":
        studio.do("/bridge/amount", 0.5, word="amount")
        studio.reaper.run_until_idle(10)
    studio.client.send(path, *([1] if path == "/bridge/compare" else []))
    wait_for(lambda: list(asks.glob("*.json")), "the ask")
    studio.until(lambda: not list(asks.glob("*.json")))
    studio.reaper.run_action("bridge_surface_live.lua")  # as if REAPER had heard of it only now
    told = studio.until_heard("/bridge/status", "as it was" if path == "/bridge/compare" else "undone")
    assert told
    studio.reaper.run_until_idle(10)
    wanted = mixed.before if path == "/bridge/compare" else mixed.after
    assert is_near(studio.values(), wanted)
    assert not list(asks.glob("*.json"))


def test_automix_of_a_track_by_its_number(mixed: Prepared) -> None:
    studio = mixed.studio
    said = studio.do("/bridge/automix", 9, until="/bridge/error")
    assert "no track 9" in said
    studio.client.heard.clear()
    studio.track.selected = False
    studio.client.send("/bridge/automix", 1)
    studio.until(lambda: studio.client.texts("/bridge/result"))
    studio.reaper.run_until_idle(20)
    studio.track.selected = True
    assert studio.reaper.messages.boxes == []


def test_styles_in_their_order_then_none(mixed: Prepared) -> None:
    studio = mixed.studio
    rng = np.random.default_rng(0)
    for name in ("bright", "warm"):
        sound = SoundFeatures(rng.normal(-40, 8, (64, 300)).astype(np.float32), 60)
        save_style(studio.home.folder / "styles", Style(name, sound, FeatureSettings()))
    said = studio.do("/bridge/style", "brihgt" * 1000, until="/bridge/error")
    assert "Styles: bright, warm." in said
    assert len(said) < 250
    for expected in ("style 'bright'", "style 'warm'", "no style"):
        said = studio.do("/bridge/next", until="/bridge/status", word="for the next auto-mix")
        assert said.startswith(expected)
        studio.until_heard("/bridge/result")
        studio.reaper.run_until_idle(30)


def test_ten_thousand_messages_lose_no_last_value(mixed: Prepared) -> None:
    studio = mixed.studio
    process = psutil.Process(studio.daemon.process.pid)
    before_mib = process.memory_info().rss / 2**20
    paths = ("/bridge/amount", "/bridge/compare", "/bridge/nonsense", "/bridge/ping")
    packets = [build_msg(paths[index % 4], [index % 100 / 100]).dgram for index in range(100)]
    for index in range(10_000):
        studio.client.send_packet(packets[index % 100])
        if index % 200 == 0:
            studio.client.listen()
            studio.reaper.tick()
    studio.client.send("/bridge/ping")
    studio.until_heard("/bridge/status")
    studio.client.send("/bridge/amount", 0.45)
    studio.until(lambda: is_near(studio.values(), mixed.at(0.45)) and studio.record.gesture is None)
    assert process.memory_info().rss / 2**20 < before_mib + 20


def test_when_the_daemon_ends_in_the_middle_the_step_is_made(home: Home) -> None:
    with open_session(home) as studio:
        mixed = prepare(studio)
        studio.client.send("/bridge/amount", 0.5)
        studio.until(lambda: is_near(studio.values(), mixed.at(0.5)))
        assert studio.daemon.stop() == 0
        studio.reaper.run_until_idle(30)
        assert studio.reaper.undo_points[-1] == "Bridge: Amount 50 % on Vocals"
        assert studio.record.gesture is None
        assert studio.record.amount == pytest.approx(0.5, abs=1e-3)


def test_a_daemon_killed_in_the_middle_is_followed_by_one_that_goes_on(home: Home) -> None:
    with open_session(home) as studio:
        mixed = prepare(studio)
        studio.client.send("/bridge/amount", 0.5)
        studio.until(lambda: is_near(studio.values(), mixed.at(0.5)))
        studio.daemon.kill()
        studio.reaper.stop_scripts()  # REAPER is closed as well: the record still says what moved
        assert studio.reaper.undo_points[-1] == "Bridge: Amount 50 % on Vocals"
        with home.daemon(environment={"BRIDGE_REAPER_OSC_PORT": str(studio.osc.port)}) as second:
            studio.client.socket.close()
            studio.client = Client(second.port)
            assert studio.do("/bridge/amount", 0.1, word="amount") == "amount 10 %"
            assert is_near(studio.values(), mixed.at(0.1))


# ---------------------------------------------------------------- who may send


def own_address() -> str:
    """An address of this machine that is not its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has no address but its loopback")
    return address


@pytest.mark.parametrize("is_named", [False, True])
def test_others_are_heard_only_where_they_are_named(home: Home, is_named: bool) -> None:
    address = own_address()
    environment = {"BRIDGE_OSC_HOST": "0.0.0.0", "BRIDGE_OSC_ALLOW": address if is_named else "203.0.113.7"}
    with home.daemon(environment=environment) as daemon, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((address, 0))
        other.settimeout(30)
        other.sendto(build_msg("/bridge/ping").dgram, (address, daemon.port))
        near = Client(daemon.port)
        near.send("/bridge/ping")
        wait_for(lambda: near.texts("/bridge/status"), "an answer to this machine")
        near.socket.close()
        log = (home.folder / "logs" / "daemon.log").read_text("utf-8")
        assert (f"OSC from {address} was refused" in log) is not is_named
        if is_named:
            assert other.recv(65536).startswith(b"/bridge/status")


def test_scripts_that_lie_elsewhere_are_found_by_what_they_tell(home: Home, tmp_path: Path) -> None:
    scripts = tmp_path / "by hand"
    shutil.copytree(shipped_folder("reaper_scripts"), scripts)
    with open_session(home, scripts=scripts) as studio:
        mixed = prepare(studio)
        assert studio.do("/bridge/amount", 0.5, word="amount") == "amount 50 %"
        assert is_near(studio.values(), mixed.at(0.5))
