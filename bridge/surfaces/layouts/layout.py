"""What is on a ready layout: every command of Bridge's that a finger can give, and its feedback. One table.

Measures are those of a tablet held upright, in points; both kinds of file use them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

WIDTH, HEIGHT = 640, 860

Role = Literal["fader", "meter", "press", "toggle", "text"]


class LayoutFrame(NamedTuple):
    """Where a control stands, in pixels from the top left."""

    x: int
    y: int
    width: int
    height: int


class LayoutColor(NamedTuple):
    """Red, green and blue, each 0..255."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


class LayoutControl(NamedTuple):
    """One control of the layout.

    Attributes:
        address: of Bridge's, in OSC.
        types: the type tags of what it sends there; '' for nothing.
        has_feedback: whether Bridge sends there what it shows.
    """

    name: str
    label: str
    role: Role
    address: str
    types: str
    has_feedback: bool
    frame: LayoutFrame
    color: LayoutColor


BACKGROUND = LayoutColor(24, 26, 30)
TEXT = LayoutColor(236, 239, 244)
GREEN, BLUE, AMBER, RED, GREY = (
    LayoutColor(46, 160, 110),
    LayoutColor(70, 130, 220),
    LayoutColor(225, 160, 60),
    LayoutColor(215, 85, 90),
    LayoutColor(90, 96, 106),
)

CONTROLS = (
    LayoutControl("status", "", "text", "/bridge/status", "", True, LayoutFrame(20, 20, 600, 44), GREY),
    LayoutControl("error", "", "text", "/bridge/error", "", True, LayoutFrame(20, 72, 600, 64), RED),
    LayoutControl("progress", "", "meter", "/bridge/progress", "", True, LayoutFrame(20, 144, 600, 24), GREEN),
    LayoutControl("automix", "Auto-mix", "press", "/bridge/automix", "f", False, LayoutFrame(20, 184, 290, 150), GREEN),
    LayoutControl("next", "Next style", "press", "/bridge/next", "f", False, LayoutFrame(330, 184, 290, 150), BLUE),
    LayoutControl("amount", "Amount", "fader", "/bridge/amount", "f", True, LayoutFrame(20, 390, 600, 130), BLUE),
    LayoutControl(
        "compare", "As it was", "toggle", "/bridge/compare", "i", True, LayoutFrame(20, 540, 290, 150), AMBER
    ),
    LayoutControl("undo", "Undo", "press", "/bridge/undo", "f", False, LayoutFrame(330, 540, 290, 150), RED),
    LayoutControl("style", "No style", "press", "/bridge/style", "s", False, LayoutFrame(20, 710, 290, 120), GREY),
    LayoutControl("ping", "Hello, Bridge?", "press", "/bridge/ping", "f", False, LayoutFrame(330, 710, 290, 120), GREY),
)
"""The button of style chooses none; layouts with the names of one's own styles are a copy of it away."""

AMOUNT_LABEL = LayoutFrame(20, 350, 600, 32)
