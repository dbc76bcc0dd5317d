"""The panel: what it shows, and that mouse and keyboard do what they say. Pictures are looked at by their words."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from reaper_session import (
    IMPROVED_TEXT,
    SILENT_TEXT,
    ReaperSession,
    applying,
    change,
    longest_slices_s,
    noise,
    silent,
    unchanged,
    write_to,
)

from bridge.automix.describe import describe_explanation
from bridge.automix.facts import Explanation, ExplanationKind
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.standin.ui.window import GfxWindow

STANDS_OUT = Explanation(kind=ExplanationKind.PEAKS)
SLICE_S = 0.015
CLOCK_S = 0.005  # the thread's clock is coarse on some machines


def answer(request: Request) -> Reply:
    comp = next(fx for fx in request.fx if "ReaComp" in fx.original_name)
    changes = (
        change("compressor", "ReaComp", "threshold_db", "dB", -6.0, -21.5, 0.88, STANDS_OUT),
        change("compressor", "ReaComp", "ratio", "", None, 3.0, 0.5),
    )
    return applying(
        request,
        write_to(comp, "Thresh", 0.4),
        write_to(comp, "Ratio", 0.3),
        model="channel-strip",
        changes=changes,
        left_alone=(LeftAlone(what="ReaEQ", kind=LeftAloneKind.BYPASSED),),
    )


@pytest.fixture
def open_panel(desk: ReaperSession) -> Callable[..., GfxWindow]:
    def open_() -> GfxWindow:
        desk.daemon.answer = answer
        desk.reaper.run_action("bridge_panel.lua")
        desk.reaper.run_ticks(3)
        return desk.reaper.window

    return open_


@pytest.fixture
def mixed(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> GfxWindow:
    """The panel after an auto-mix that was started by a click."""
    window = open_panel()
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: shows(window, IMPROVED_TEXT))
    desk.reaper.run_ticks(10)
    return window


def shows(window: GfxWindow, text: str) -> bool:
    """Also where it takes several lines."""
    return text in " ".join(window.texts)


def test_what_moved_without_being_heard_is_counted_and_not_listed(
    desk: ReaperSession, open_panel: Callable[..., GfxWindow]
) -> None:
    def more(request: Request) -> Reply:
        reply = answer(request)
        inaudible = Explanation(kind=ExplanationKind.INAUDIBLE)
        idle = change("low_cut", "ReaEQ", "cutoff_frequency_hz", "Hz", 20.0, 21.0, 0.9, inaudible)
        return msgspec.structs.replace(reply, changes=(*reply.changes, idle))

    window = open_panel()
    desk.daemon.answer = more
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: shows(window, IMPROVED_TEXT))
    desk.reaper.run_ticks(10)
    assert shows(window, "2 changes by channel-strip")
    assert shows(window, "1 further setting moved without being heard")
    assert not shows(window, "Cutoff frequency")


def test_a_click_mixes_and_the_list_tells_what_was_done(desk: ReaperSession, mixed: GfxWindow) -> None:
    assert desk.comp_values() == (0.4, 0.3)
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]
    for text in (
        "Vocals",
        "2 changes by channel-strip",
        "Compressor · ReaComp",
        "Threshold",
        "−6.00 dB",
        "−21.5 dB",
        "88 %",
        "Ratio",
        "off",
        "3",
        "50 %",
        "1 left as it is",
        "ReaEQ",
        "is bypassed, so it stays as it is",
        "100 %",
    ):
        assert text in mixed.texts
    assert shows(mixed, describe_explanation(STANDS_OUT))
    assert desk.reaper.messages.boxes == []
    assert desk.daemon.leftovers() == []


def test_the_slider_moves_settings_and_ends_in_one_undo_step(desk: ReaperSession, mixed: GfxWindow) -> None:
    before = desk.daemon.requests[0].fx[1].parameters[desk.track.find_fx("ReaComp").index("Thresh")].normalized
    word = mixed.find("Amount")
    y = word.y + word.height + 13
    stops = [(x, y) for x in (300, 200, 210)]
    mixed.drag((397, y), *stops)
    desk.reaper.run_until(lambda: not mixed.is_waiting)
    desk.reaper.run_until(lambda: len(desk.reaper.undo_points) == 2)
    desk.reaper.run_ticks(16)
    assert "50 %" in [other.text for other in mixed.words if other.y == word.y]
    assert desk.comp_values()[0] == pytest.approx(before + 0.5 * (0.4 - before), abs=0.01)
    desk.reaper.undo()
    assert desk.comp_values() == (0.4, 0.3)


def test_settings_follow_the_slider_within_a_tenth_of_a_second(desk: ReaperSession, mixed: GfxWindow) -> None:
    word = mixed.find("Amount")
    place = (200, word.y + word.height + 13)
    mixed.drag(place, place, place)
    start, ticks = desk.comp_values(), 0
    while desk.comp_values() == start:
        desk.reaper.tick()
        ticks += 1
    assert ticks <= 3  # of a thirtieth of a second each


def test_keys_move_the_amount(desk: ReaperSession, mixed: GfxWindow) -> None:
    focus_on(desk, mixed, "slider")
    for key in ("left", "left", "pagedown"):
        mixed.key(key)
    desk.reaper.settle_window()
    assert "88 %" in [word.text for word in mixed.words if word.y == mixed.find("Amount").y]
    desk.reaper.run_until(lambda: len(desk.reaper.undo_points) == 2)


def focus_on(desk: ReaperSession, window: GfxWindow, what: str) -> None:
    """Tab from Auto-mix, which was clicked: match, next style, the slider, compare."""
    for _ in range({"slider": 3, "compare": 4}[what]):
        window.key("tab")
    desk.reaper.settle_window()


@pytest.mark.parametrize("way", ["click", "key", "focus"])
def test_compare_goes_back_and_forth(desk: ReaperSession, mixed: GfxWindow, way: str) -> None:
    first = desk.daemon.requests[0].fx[1].parameters
    before = first[desk.track.find_fx("ReaComp").index("Thresh")].normalized
    presses = {
        "click": lambda label: mixed.click(mixed.find(label, 1).middle),  # the first one heads a column
        "key": lambda _: mixed.key("c"),
        "focus": lambda _: mixed.key("space"),
    }
    if way == "focus":
        focus_on(desk, mixed, "compare")
    presses[way]("Before")
    desk.reaper.run_until(lambda: desk.comp_values()[0] == pytest.approx(before, abs=1e-6))
    desk.reaper.run_ticks(20)
    presses[way]("After")
    desk.reaper.run_until(lambda: desk.comp_values() == (0.4, 0.3))


def test_what_was_touched_since_stays_and_is_named(desk: ReaperSession, mixed: GfxWindow) -> None:
    desk.reaper.turn_knob(desk.track.find_fx("ReaComp"), "Ratio", 0.9)
    desk.reaper.run_ticks(10)
    mixed.key("c")
    desk.reaper.run_until(lambda: shows(mixed, "stays as it is: it was touched since"))
    assert desk.comp_values()[1] == 0.9


def test_undo_takes_the_last_step_back(desk: ReaperSession, mixed: GfxWindow) -> None:
    mixed.click("Undo")
    desk.reaper.run_until(lambda: shows(mixed, "Undone: Bridge: Auto-mix track"))
    assert desk.comp_values() != (0.4, 0.3)


@pytest.mark.parametrize("way", ["click", "escape", "action"])
def test_a_job_can_be_cancelled(desk: ReaperSession, open_panel: Callable[..., GfxWindow], way: str) -> None:
    window = open_panel()
    desk.daemon.answer = silent
    window.key("a")
    desk.reaper.run_until(lambda: "Cancel" in window.texts and bool(desk.daemon.requests))
    before = desk.comp_values()
    if way == "action":
        desk.reaper.run_action("bridge_cancel.lua")
    elif way == "click":
        window.click("Cancel")
    else:
        window.key("escape")
    desk.reaper.run_until(lambda: shows(window, "Cancelled. Nothing was changed."))
    desk.reaper.run_ticks(3)
    assert (desk.comp_values(), desk.daemon.leftovers()) == (before, [])


def test_progress_is_shown(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    desk.daemon.answer = silent
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    desk.daemon.report(desk.daemon.requests[0], 0.4, "trying settings")
    desk.reaper.run_until(lambda: shows(window, "Vocals: trying settings, 40%"))


def test_unchanged_says_why(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    desk.daemon.answer = unchanged
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: shows(window, SILENT_TEXT))


def test_without_a_daemon_the_panel_says_how_to_start_it(
    desk: ReaperSession, open_panel: Callable[..., GfxWindow]
) -> None:
    desk.daemon.beat(age_s=60.0)
    window = open_panel()
    desk.reaper.run_ticks(20)
    assert "daemon not running" in window.texts
    assert shows(window, "reaper-bridge daemon")
    window.click("Auto-mix")
    desk.reaper.settle_window()
    assert desk.daemon.requests == []
    desk.daemon.beat()
    desk.reaper.run_until(lambda: "ready" in window.texts)


def test_the_selection_is_followed(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    for name in ("Bass", "Drums", "Keys"):
        desk.reaper.project.add_track(name, noise(0.5)).selected = True
    desk.reaper.run_until(lambda: "Vocals, Bass, Drums, and 1 more" in window.texts)
    for track in desk.reaper.project.tracks:
        track.selected = False
    desk.reaper.run_until(lambda: "No track selected" in window.texts)


def test_menus_choose_model_style_and_reference(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    styles = desk.reaper.home / "styles"
    styles.mkdir()
    (styles / "warm vocal.safetensors").write_bytes(b"")
    offered = {"schema": SCHEMA, "models": [{"name": "channel-strip"}, {"name": "level"}]}
    (desk.daemon.spool / "offer.json").write_text(json.dumps(offered))
    window = open_panel()
    chosen = desk.reaper.messages.menu_choices
    for place, choice in (("default", "level"), ("none", "warm vocal")):
        chosen.append(choice)
        window.click(place)
        desk.reaper.settle_window()
    chosen.append("Mark the selected item or track")
    window.click("none")
    desk.reaper.settle_window()
    assert {"level", "warm vocal", "track Vocals"} <= set(window.texts)
    assert window.menus[:2] == [["default", "channel-strip", "level"], ["none", "warm vocal"]]
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    options = desk.daemon.requests[0].options
    assert (options.model, options.style) == ("level", "warm vocal")


def test_the_window_is_found_where_it_was(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    desk.reaper.messages.menu_choices.append("Docked")
    window.click("···")
    window.resize(600, 500)
    desk.reaper.settle_window()
    assert window.dock_state == 1
    window.close_by_user()
    desk.reaper.run_until_idle()
    desk.reaper.run_action("bridge_panel.lua")
    desk.reaper.run_ticks(2)
    assert (desk.reaper.window.width, desk.reaper.window.height, desk.reaper.window.dock_state) == (600, 500, 1)


@pytest.mark.parametrize("size", [(300, 500), (420, 760), (980, 300)])
@pytest.mark.parametrize("percent", [100, 200])
def test_no_text_stands_outside_or_upon_another(desk: ReaperSession, mixed: GfxWindow, size: Any, percent: int) -> None:
    desk.reaper.ext_state[("Bridge", "panel_size")] = str(percent)
    mixed.resize(size[0] * percent // 100, size[1] * percent // 100)
    desk.reaper.run_ticks(12)
    words = mixed.words
    assert all(word.x >= 0 and word.x + word.width <= mixed.width for word in words)
    list_top = mixed.find("2 changes by channel-strip").y
    upper = [word for word in words if word.y + word.height <= min(list_top, mixed.height)]
    for one, other in itertools.combinations(upper, 2):
        is_apart = one.y + one.height <= other.y or other.y + other.height <= one.y
        is_apart = is_apart or one.x + one.width <= other.x or other.x + other.width <= one.x
        assert is_apart or one.y == other.y, (one, other)  # left and right of one line share its box


def test_light_and_dark_follow_reaper(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    assert np.asarray(window.image())[2, 2].mean() < 60
    desk.reaper.theme_colours["col_main_bg2"] = 0xF0F0F0
    desk.reaper.run_ticks(10)
    assert np.asarray(window.image())[2, 2].mean() > 200
    desk.reaper.messages.menu_choices.append("Dark colours")
    window.click("···")
    desk.reaper.settle_window()
    desk.reaper.run_ticks(10)
    assert np.asarray(window.image())[2, 2].mean() < 60


def test_every_text_stands_out_from_its_ground(module: Callable[[str], Any]) -> None:
    theme = module("ui.theme")

    def contrast(one: int, other: int) -> float:
        dark, light = sorted((theme.luminance(one), theme.luminance(other)))
        return float((light + 0.05) / (dark + 0.05))

    pairs = [(ink, ground) for ink in (b"text", b"faint") for ground in (b"ground", b"card", b"field")]
    pairs += [(b"on_accent", b"accent"), (b"text", b"hover")]
    for name in (b"dark", b"light"):
        for ink, ground in pairs:
            assert contrast(theme[name][ink], theme[name][ground]) >= 4.5, (name, ink, ground)
        for mark in (b"accent", b"good", b"fair", b"bad"):
            assert contrast(theme[name][mark], theme[name][b"ground"]) >= 3.0, (name, mark)


def drag_amount(window: GfxWindow, step_px: int, to_px: int = 100) -> None:
    """Move the slider of the amount from its right end to the left as far as `to_px`, `step_px` at a time."""
    word = window.find("Amount")
    y = word.y + word.height + 13
    window.drag((397, y), *[(x, y) for x in range(390, to_px, -step_px)])


@pytest.mark.alone
def test_no_slice_holds_reaper_up(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    """The whole of it: a job over 20 s of sound, the list, the slider."""
    desk.track.add_item(noise(20.0), position_s=2.0)
    window = open_panel()

    def automix_and_drag() -> None:
        desk.daemon.beat()  # on a busy machine a few runs take longer than a heartbeat is good for
        steps = len(desk.reaper.undo_points)
        window.click("Auto-mix")
        desk.reaper.run_until(lambda: len(desk.reaper.undo_points) == steps + 1 and shows(window, IMPROVED_TEXT))
        desk.reaper.run_ticks(10)
        drag_amount(window, 20)
        desk.reaper.run_until(lambda: len(desk.reaper.undo_points) == steps + 2)
        desk.reaper.run_ticks(10)  # behind the undo step it is read back; until then the panel takes no click

    shortest_s, longest_s = longest_slices_s(desk.reaper, automix_and_drag)
    assert shortest_s < SLICE_S + CLOCK_S
    assert longest_s < 3 * SLICE_S
    assert float(np.median(desk.reaper.busy_s)) < SLICE_S


@pytest.mark.alone
def test_a_long_record_holds_reaper_up_no_longer(desk: ReaperSession, mixed: GfxWindow) -> None:
    """Sixty changes, moved often: 70 KB to read again after each movement."""
    (file,) = (desk.daemon.spool / "applied").iterdir()
    record = json.loads(file.read_text(encoding="utf-8"))
    for name in ("writes", "changes"):
        record[name] *= 30
    for state in record["states"]:
        state["values"] *= 30
    record["states"] = [record["states"][0]] * 31 + [record["states"][-1]]
    file.write_text(json.dumps(record), encoding="utf-8")
    desk.reaper.run_until(lambda: "60 changes by channel-strip" in mixed.texts)
    ends_px = iter((100, 140, 180, 220, 260))  # an amount that ends where it stood makes no undo step

    def drag() -> None:
        steps = len(desk.reaper.undo_points)
        drag_amount(mixed, 40, next(ends_px))
        desk.reaper.run_until(lambda: len(desk.reaper.undo_points) == steps + 1)
        desk.reaper.run_ticks(20)

    shortest_s, longest_s = longest_slices_s(desk.reaper, drag)
    assert shortest_s < SLICE_S + CLOCK_S
    assert longest_s < 3 * SLICE_S


def test_at_rest_nothing_is_drawn(desk: ReaperSession, mixed: GfxWindow) -> None:
    frames = mixed.frames
    desk.reaper.run_ticks(60)
    assert mixed.frames == frames


def test_the_picture_shows_what_the_words_say(mixed: GfxWindow, tmp_path: Path) -> None:
    image = np.asarray(mixed.image())
    word = mixed.find(IMPROVED_TEXT)
    box = image[int(word.y) : int(word.y + word.height), int(word.x) : int(word.x + 120)].astype(int)
    assert np.ptp(box.mean(-1)) > 120  # ink on ground


# ---------------------------------------------------------------- missing FX


def test_a_switch_says_whether_missing_fx_are_added(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    assert shows(window, "Missing FX")
    window.click("Add")
    desk.reaper.run_until(lambda: desk.reaper.ext_state.get(("Bridge", "add_fx")) == "yes")
    window.click("Auto-mix")
    desk.reaper.run_until(lambda: shows(window, IMPROVED_TEXT))
    assert desk.daemon.requests[-1].options.add_missing_fx
    assert desk.reaper.messages.questions == []
    desk.reaper.settle_window()
    window.click("Leave")
    desk.reaper.run_until(lambda: desk.reaper.ext_state.get(("Bridge", "add_fx")) == "no")


def test_preferred_plugins_are_asked_for_and_kept(desk: ReaperSession, open_panel: Callable[..., GfxWindow]) -> None:
    window = open_panel()
    desk.reaper.messages.inputs.append(" Pro-Q 3 \n")
    desk.reaper.messages.menu_choices.append("Preferred plugins...")
    window.click("···")
    desk.reaper.run_until(lambda: shows(window, "Preferred plugins are kept."))
    assert json.loads((desk.reaper.home / "preferences.json").read_text("utf-8")) == {"eq": "Pro-Q 3"}
    desk.reaper.messages.menu_choices.append("Preferred plugins...")
    desk.reaper.messages.inputs.append("\nVST3: Pro-C 2 (FabFilter)")
    window.click("···")
    desk.reaper.run_until(lambda: b"Pro-C 2" in (desk.reaper.home / "preferences.json").read_bytes())
    kept = json.loads((desk.reaper.home / "preferences.json").read_text("utf-8"))
    assert kept == {"compressor": "VST3: Pro-C 2 (FabFilter)"}
