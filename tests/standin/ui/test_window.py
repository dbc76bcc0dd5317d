"""`gfx` in the stand-in: what is drawn can be seen, what is clicked and typed arrives, what REAPER lacks is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.faults import Misuse

LOOP = """
    gfx.clear = -1
    gfx.init("Probe", 200, 100, 0, 10, 20)
    local function step()
        local key = gfx.getchar()
        if key == -1 then return end
        if key > 0 then reaper.ShowConsoleMsg("key " .. math.floor(key) .. "\\n") end
        if gfx.mouse_wheel ~= 0 then reaper.ShowConsoleMsg("wheel " .. gfx.mouse_wheel .. "\\n") gfx.mouse_wheel = 0 end
        local mouse = ("mouse %d %d %d\\n"):format(gfx.mouse_x, gfx.mouse_y, gfx.mouse_cap)
        if gfx.mouse_cap ~= 0 then reaper.ShowConsoleMsg(mouse) end
        BODY
        gfx.update()
        reaper.defer(step)
    end
    step()
"""


@pytest.fixture
def show(reaper: StandIn, tmp_path: Path) -> Callable[[str], StandIn]:
    """`show(body)`: a window that draws `body` in every tick."""

    def show_body(body: str) -> StandIn:
        (tmp_path / "window.lua").write_text(LOOP.replace("BODY", body), encoding="utf-8")
        reaper.run_action("window.lua")
        reaper.run_ticks(2)
        return reaper

    return show_body


def pixels(reaper: StandIn) -> np.ndarray:
    return np.asarray(reaper.window.image()).astype(int)


def test_boxes_are_painted_where_they_are_drawn(show: Callable[[str], StandIn]) -> None:
    image = pixels(show("gfx.set(1, 0, 0, 1) gfx.rect(10, 20, 30, 40, 1) gfx.set(0, 1, 0, 0.5) gfx.rect(20, 30, 5, 5)"))
    assert image.shape == (100, 200, 3)
    assert image[20, 10].tolist() == image[59, 39].tolist() == [255, 0, 0]
    assert image[19, 10].tolist() == image[60, 39].tolist() == [0, 0, 0]
    assert image[32, 22].tolist() == pytest.approx([127, 128, 0], abs=2)


@pytest.mark.parametrize(
    "shape",
    [
        "gfx.circle(100, 50, 20, 1, 1)", "gfx.triangle(80, 30, 120, 30, 100, 70)", "gfx.line(80, 50, 120, 50)",
        "gfx.roundrect(80, 30, 40, 40, 6, 1)",
    ],
)  # fmt: skip
def test_shapes_stand_around_their_middle(show: Callable[[str], StandIn], shape: str) -> None:
    ink = pixels(show(f"gfx.set(1, 1, 1, 1) {shape}")).mean(-1)
    _, columns = np.nonzero(ink > 100)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(100, abs=1.5)
    assert 79 <= columns.min() <= 81


def test_text_is_as_wide_as_it_is_measured(show: Callable[[str], StandIn]) -> None:
    body = """
        gfx.set(1, 1, 1, 1)
        gfx.setfont(1, "Sans", 20, string.byte("b"))
        gfx.x, gfx.y = 20, 30
        gfx.drawstr("Größe", 1 + 4, 180, 70)
        reaper.ShowConsoleMsg(gfx.measurestr("Größe") .. "\\n")
    """
    reaper = show(body)
    width = float(reaper.messages.console[0])
    ink = pixels(reaper).mean(-1).max(0).nonzero()[0]
    assert ink.max() - ink.min() == pytest.approx(width, abs=4)
    assert (ink.max() + ink.min()) / 2 == pytest.approx(100, abs=2)
    assert set(reaper.window.texts) == {"Größe"}
    assert reaper.window.find("Größe").middle == (100, 50)


def test_what_covers_the_window_ends_what_was_below(show: Callable[[str], StandIn]) -> None:
    reaper = show('gfx.set(0, 0, 0, 1) gfx.rect(0, 0, gfx.w, gfx.h, 1) gfx.set(1) gfx.drawstr("now")')
    reaper.run_ticks(50)
    assert reaper.window.texts == ["now"]


def test_mouse_wheel_and_keys_arrive(show: Callable[[str], StandIn]) -> None:
    reaper = show("")
    reaper.window.drag((10, 10), (60, 20))
    reaper.window.wheel(-2, (5, 5))
    for key, options in (("tab", {"shift": True}), ("left", {}), ("ä", {}), ("c", {"control": True})):
        reaper.window.key(key, **options)
    reaper.settle_window()
    assert [line.strip() for line in reaper.messages.console] == [
        "mouse 10 10 1", "mouse 60 20 1", "wheel -240.0", "key 9", "mouse 5 5 8", "key 1818584692", "key 228", "key 3",
        "mouse 5 5 4",
    ]  # fmt: skip


def test_menus_give_numbers_as_reaper_does(show: Callable[[str], StandIn]) -> None:
    reaper = show(
        'if gfx.mouse_cap == 1 then reaper.ShowConsoleMsg("chose " .. gfx.showmenu("one||!two|#three") .. "\\n") end'
    )
    for choice in ("two", "three"):
        reaper.messages.menu_choices.append(choice)
        reaper.window.click((5, 5))
        reaper.settle_window()
    assert [line.strip() for line in reaper.messages.console if "chose" in line] == ["chose 2", "chose 0"]
    assert reaper.window.menus == [["one", "two", "three"]] * 2


def test_a_closed_window_ends_the_script(show: Callable[[str], StandIn]) -> None:
    reaper = show("")
    reaper.window.close_by_user()
    reaper.run_until_idle()
    with pytest.raises(Misuse, match="0 windows"):
        _ = reaper.window


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("gfx.colour = 1", "gfx.colour is written"),
        ("gfx.fillrect(1, 2, 3, 4)", "gfx.fillrect is not in REAPER's gfx"),
        ('gfx.rect("a", 2, 3, 4)', "argument 1 is a string"),
        ("gfx.circle(1, 2)", "argument 3 is a nil"),
        ("gfx.drawstr(nil)", "takes a text"),
    ],
)
def test_what_reaper_lacks_is_refused(show: Callable[[str], StandIn], body: str, what: str) -> None:
    with pytest.raises(Misuse, match=what):
        show(body)


def test_points_have_two_pixels_on_a_fine_screen(tmp_path: Path, lua: str) -> None:
    (tmp_path / "fine.lua").write_text('gfx.ext_retina = 1\ngfx.init("x", 100, 50)\nreaper.defer(function() end)')
    with StandIn(tmp_path / "home", lua=lua, scripts=tmp_path, screen_scale=2.0) as reaper:
        reaper.run_action("fine.lua")
        assert (reaper.window.width, reaper.window.height) == (200, 100)
        reaper.stop_scripts()
