"""The window of a script's `gfx`: what it draws, what a user types and clicks, and where its texts are.

A frame is kept as a list of operations and painted only when somebody looks: what a script's slice costs is the
script's own. Input waits in a queue, of which each tick takes one step: no click is shorter than a look at the mouse.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL.Image import Image

from bridge.standin.faults import Misuse
from bridge.standin.ui.painting import GfxFonts, Operation, paint

LEFT, RIGHT, CONTROL, SHIFT, ALT = 1, 2, 4, 8, 16
FOCUS_QUERY = 65536
WHEEL_NOTCH = 120.0
KEYS = {
    "backspace": 8, "tab": 9, "enter": 13, "escape": 27, "space": 32, "delete": 6579564, "up": 30064,
    "down": 1685026670, "left": 1818584692, "right": 1919379572, "home": 1752132965, "end": 6647396,
    "pageup": 1885828464, "pagedown": 1885824110, "f1": 26161,
}  # fmt: skip
MAX_OPERATIONS = 20_000
WORD_RIGHT, WORD_BOTTOM, WORD_LOOSE = 2, 8, 256


@dataclass(frozen=True)
class DrawnText:
    """A text in the frame and its box, in pixels."""

    text: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[int, int]:
        return round(self.x + self.width / 2), round(self.y + self.height / 2)


class GfxWindow:
    """One script's `gfx` window. `scale` is the screen's: 2.0 where one point has two pixels. `menu_choices`: what the
    user chooses from the next menus; none is left where the user cancels them."""

    def __init__(self, scale: float, menu_choices: list[str]) -> None:
        self._scale, self._menu_choices = scale, menu_choices
        self.title, self.is_open, self.dock_state, self.has_focus = "", False, 0, True
        self.width = self.height = 0
        self.position = (0, 0)
        self.menus: list[list[str]] = []
        self.cursor = 0
        self.frames = 0
        self._fonts = GfxFonts()
        self._base: Image | None = None
        self._operations: list[Operation] = []
        self._steps: deque[Callable[[], None]] = deque()
        self._keys: deque[int] = deque()
        self._mouse, self._buttons, self._wheel = (-1, -1), 0, 0.0
        self._is_closed_by_user = False

    # ------------------------------------------------------------ for tests

    def image(self) -> Image:
        """What is on the screen now, as an RGB image."""
        return paint(self._operations, (self.width, self.height), self._fonts, self._base)

    @property
    def words(self) -> list[DrawnText]:
        """Every text of the frame and its box."""
        return [word for op in self._operations if op[0] == "drawstr" for word in [self._word(op)] if word.text.strip()]

    @property
    def texts(self) -> list[str]:
        return [word.text for word in self.words]

    def find(self, text: str, place: int = 0) -> DrawnText:
        """Return the `place`-th text of the frame that reads so; Misuse where there is none."""
        found = [word for word in self.words if word.text == text]
        if len(found) <= place:
            raise Misuse(f"the window shows no {text!r}; it shows {self.texts}")
        return found[place]

    def click(self, where: str | tuple[float, float]) -> None:
        """Press and release the left button on a text or a place."""
        self.drag(where)

    def drag(self, start: str | tuple[float, float], *stops: str | tuple[float, float]) -> None:
        """Press at `start`, move over each of `stops`, release at the last."""
        places = [self._place(place) for place in (start, *stops)]
        self._steps.append(partial(self._point, places[0], 0))
        self._steps += [partial(self._point, place, LEFT) for place in places]
        self._steps.append(partial(self._point, places[-1], 0))

    def wheel(self, notches: float, where: str | tuple[float, float]) -> None:
        """Turn the wheel at a place; up is positive."""
        self._steps.append(partial(self._point, self._place(where), 0, notches * WHEEL_NOTCH))

    def key(self, name: str, *, shift: bool = False, control: bool = False) -> None:
        """Press a key: a name of `KEYS` or one character."""
        code = KEYS.get(name) or (ord(name.lower()) - 96 if control and name.isalpha() else ord(name))
        held = SHIFT * shift + CONTROL * control
        self._steps.append(lambda: self._press(code, held))
        self._steps.append(lambda: self._point(self._mouse, 0))

    def resize(self, width: int, height: int) -> None:
        """The user drags the window's edge: new size in points."""
        self._steps.append(lambda: self._resize(width, height))

    def close_by_user(self) -> None:
        self._steps.append(lambda: setattr(self, "_is_closed_by_user", True))

    @property
    def is_waiting(self) -> bool:
        """Whether some of the input has not been seen by the script yet."""
        return bool(self._steps or self._keys or self._wheel)

    # ------------------------------------------------------------ for the script

    def tick(self) -> tuple[float, ...] | None:
        """One step of input; what the script is to see: size, mouse, buttons, wheel."""
        if not self.is_open:
            return None
        if self._steps:
            self._steps.popleft()()
        wheel, self._wheel = self._wheel, 0.0
        return (self.width, self.height, *self._mouse, self._buttons, wheel)

    def call(self, name: str, *given: Any) -> Any:
        """Carry out the script's `gfx.<name>`."""
        if name in ("rect", "line", "circle", "roundrect", "triangle", "drawstr"):
            return self._draw(name, given)
        function = getattr(self, f"_do_{name}", None)
        if function is None:
            raise Misuse(f"gfx.{name} is not simulated")
        return function(*given)

    def _do_init(
        self, name: str, width: float, height: float, dock: float, x: float, y: float, knows_scale: bool
    ) -> tuple[int, int, float]:
        self._scale = self._scale if knows_scale else 1.0
        if not self.is_open:
            self.width, self.height = round(width * self._scale), round(height * self._scale)
        self.title, self.is_open, self.dock_state, self.position = name, True, int(dock), (int(x), int(y))
        return self.width, self.height, self._scale

    def _do_quit(self) -> None:
        self.is_open = False

    def _do_update(self, clear: float) -> None:
        self.frames += 1
        if clear >= 0:  # REAPER wipes the frame before the next drawing
            self._operations.clear()
            self._base = None

    def _do_dock(self, state: float) -> tuple[int, int, int, int, int]:
        if state >= 0:
            self.dock_state = int(state)
        points = [round(pixels / self._scale) for pixels in (self.width, self.height)]
        return self.dock_state, *self.position, points[0], points[1]

    def _do_getchar(self, character: float) -> int:
        if character == FOCUS_QUERY:
            return 1 | 2 * self.has_focus | 4
        if character:
            raise Misuse("gfx.getchar of one character is not simulated")
        if not self.is_open or self._is_closed_by_user:
            return -1
        return self._keys.popleft() if self._keys else 0

    def _do_setcursor(self, resource: float, _name: str) -> None:
        self.cursor = int(resource)

    def _do_showmenu(self, text: str) -> int:
        entries = text.split("|")
        if any(entry[:1] in ("<", ">") for entry in entries):
            raise Misuse("gfx.showmenu: submenus are not simulated")
        choices = [entry for entry in entries if entry]  # empty ones are separators and have no number
        labels = [entry.lstrip("!#") for entry in choices]
        self.menus.append(labels)
        if not self._menu_choices:
            return 0
        chosen = self._menu_choices.pop(0)
        if chosen not in labels:
            raise Misuse(f"the menu has no {chosen!r}; it has {labels}")
        place = labels.index(chosen)
        return 0 if "#" in choices[place][:2] else place + 1

    def _do_setfont(self, index: float, face: str, size: float, flags: float, is_new: bool) -> int:
        return self._fonts.use(int(index), face, int(size), int(flags)) if is_new else self._fonts.pick(int(index))

    def _do_measurestr(self, text: str) -> tuple[float, float]:
        return self._fonts.measure(text)

    def _draw(self, name: str, given: tuple[Any, ...]) -> None:
        r, g, b, a, *rest = given
        if name == "rect" and a >= 1 and self._is_covered(*rest):
            self._operations.clear()  # nothing below it can be seen
            self._base = None
        if len(self._operations) >= MAX_OPERATIONS:
            self._base = self.image()
            self._operations.clear()
        self._operations.append((name, (r, g, b, a), self._fonts.current, *rest))

    def _is_covered(self, x: float, y: float, width: float, height: float, is_filled: bool) -> bool:
        return is_filled and x <= 0 and y <= 0 and x + width >= self.width and y + height >= self.height

    # ------------------------------------------------------------ input

    def _place(self, where: str | tuple[float, float]) -> tuple[int, int]:
        return self.find(where).middle if isinstance(where, str) else (round(where[0]), round(where[1]))

    def _point(self, place: tuple[int, int], buttons: int, wheel: float = 0.0) -> None:
        self._mouse, self._buttons = place, buttons
        self._wheel += wheel

    def _press(self, code: int, held: int) -> None:
        self._buttons = held
        self._keys.append(code)

    def _resize(self, width: int, height: int) -> None:
        self.width, self.height = round(width * self._scale), round(height * self._scale)

    def _word(self, operation: Operation) -> DrawnText:
        _, _, font, x, y, text, flags, right, bottom = operation
        width, height = self._fonts.measure(text, font)
        if not int(flags) & WORD_LOOSE:
            return DrawnText(text, x, y, max(right - x, 1), max(bottom - y, 1))
        return DrawnText(text, x, y, width, height)
