"""What stands on a ready layout: every command of Bridge's that a finger can give, and what Bridge tells. One table.

Measures are those of a tablet held upright, in points; both kinds of file use them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

WIDTH, HEIGHT = 640, 860

Role = Literal["fader", "meter", "press", "toggle", "text"]


class Frame(NamedTuple):
    x: int
    y: int
    width: int
    height: int


class Color(NamedTuple):
    """Red, green and blue, each 0..255."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


class Control(NamedTuple):
    """One thing on the layout. `address` is an OSC address of Bridge's; `types`: what it sends there ('' for nothing),
    `is_told`: whether Bridge tells where it stands."""

    name: str
    label: str
    role: Role
    address: str
    types: str
    is_told: bool
    frame: Frame
    color: Color


BACKGROUND = Color(24, 26, 30)
TEXT = Color(236, 239, 244)
GREEN, BLUE, AMBER, RED, GREY = (
    Color(46, 160, 110), Color(70, 130, 220), Color(225, 160, 60), Color(215, 85, 90), Color(90, 96, 106),
)  # fmt: skip

CONTROLS = (
    Control("status", "", "text", "/bridge/status", "", True, Frame(20, 20, 600, 44), GREY),
    Control("error", "", "text", "/bridge/error", "", True, Frame(20, 72, 600, 64), RED),
    Control("progress", "", "meter", "/bridge/progress", "", True, Frame(20, 144, 600, 24), GREEN),
    Control("automix", "Auto-mix", "press", "/bridge/automix", "f", False, Frame(20, 184, 290, 150), GREEN),
    Control("next", "Next style", "press", "/bridge/next", "f", False, Frame(330, 184, 290, 150), BLUE),
    Control("amount", "Amount", "fader", "/bridge/amount", "f", True, Frame(20, 390, 600, 130), BLUE),
    Control("compare", "As it was", "toggle", "/bridge/compare", "i", True, Frame(20, 540, 290, 150), AMBER),
    Control("undo", "Undo", "press", "/bridge/undo", "f", False, Frame(330, 540, 290, 150), RED),
    Control("style", "No style", "press", "/bridge/style", "s", False, Frame(20, 710, 290, 120), GREY),
    Control("ping", "Hello, Bridge?", "press", "/bridge/ping", "f", False, Frame(330, 710, 290, 120), GREY),
)
"""The button of style asks for none; layouts with the names of one's own styles are a copy of it away."""

AMOUNT_LABEL = Frame(20, 350, 600, 32)
