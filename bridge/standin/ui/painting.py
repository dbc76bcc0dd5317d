"""Paints what a script drew with `gfx` into an image: rectangles, lines, circles, triangles, text.

Shapes with soft edges are drawn several times as large and scaled down. REAPER's own rendering differs in detail:
fonts are the system's there; here every face is DejaVu Sans, which comes with matplotlib.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Operation = tuple[Any, ...]  # (name, (r, g, b, a), font, ...arguments)
FontKey = tuple[int, bool]  # height in pixels, bold
Point = tuple[float, float]
Draw = Callable[[ImageDraw.ImageDraw, Callable[[float, float], Point]], None]

FINENESS = 4  # soft edges: so many times as large
EM_OF_HEIGHT = 0.86  # DejaVu's em in a line that is as high as gfx asks for
DEFAULT_FONT: FontKey = (8, False)
CENTRE, RIGHT, MIDDLE, BOTTOM, LOOSE = 1, 2, 4, 8, 256
BOLD = ord("B")


class GfxFonts:
    """The fonts that a script has set, by number, and how wide texts are in them."""

    def __init__(self) -> None:
        self._fonts: dict[int, FontKey] = {0: DEFAULT_FONT}
        self.current: FontKey = DEFAULT_FONT

    def use(self, index: int, face: str, height: int, flags: int) -> int:
        """Set font `index`; returns the height of a line. `flags` packs letters: 'b', 'i', 'u'."""
        del face
        letters = {(flags >> shift) & 0xDF for shift in (0, 8, 16)}
        self._fonts[index] = (max(height, 1), BOLD in letters)
        return self.pick(index)

    def pick(self, index: int) -> int:
        self.current = self._fonts.get(index, DEFAULT_FONT)
        return self.current[0]

    def measure(self, text: str, font: FontKey | None = None) -> tuple[float, float]:
        """Width and height in pixels."""
        key = font or self.current
        lines = text.split("\n")
        return float(max(_width(key, line) for line in lines)), float(key[0] * len(lines))


@cache
def _font(key: FontKey) -> ImageFont.FreeTypeFont:
    height, is_bold = key
    package = find_spec("matplotlib")  # not imported: that takes a while
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf"
    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(folder / name), max(round(height * EM_OF_HEIGHT), 1))


@cache
def _width(key: FontKey, text: str) -> int:
    return round(_font(key).getlength(text))


def paint(
    operations: Sequence[Operation], size: tuple[int, int], fonts: GfxFonts, base: Image.Image | None
) -> Image.Image:
    """Return what a frame's operations draw over `base` (default: black), as an RGB image of `size`."""
    image = Image.new("RGB", size) if base is None else base.copy()
    for name, colour, font, *arguments in operations:
        rgb = tuple(round(255 * min(max(part, 0.0), 1.0)) for part in colour[:3])
        alpha = min(max(float(colour[3]), 0.0), 1.0)
        if name == "drawstr":
            _paint_text(image, rgb, alpha, font, fonts, *arguments)
        elif name == "rect":
            _paint_rectangle(image, rgb, alpha, *arguments)
        else:
            _paint_soft(image, rgb, alpha, *_shape(name, arguments))
    return image


def _paint_rectangle(
    image: Image.Image, rgb: Any, alpha: float, x: float, y: float, width: float, height: float, is_filled: bool
) -> None:
    if width < 1 or height < 1:
        return
    mask = Image.new("L", (int(width), int(height)))
    fill = round(255 * alpha)
    ImageDraw.Draw(mask).rectangle((0, 0, mask.width - 1, mask.height - 1), fill if is_filled else 0, outline=fill)
    image.paste(rgb, (int(x), int(y)), mask)


def _paint_soft(image: Image.Image, rgb: Any, alpha: float, box: tuple[float, ...], draw: Draw) -> None:
    """Paste what `draw` leaves on a mask around `box` (left, top, right, bottom), with soft edges."""
    left, top = int(box[0]) - 2, int(box[1]) - 2
    width, height = int(box[2]) + 3 - left, int(box[3]) + 3 - top
    mask = Image.new("L", (width * FINENESS, height * FINENESS))
    draw(ImageDraw.Draw(mask), lambda x, y: ((x - left) * FINENESS, (y - top) * FINENESS))
    mask = mask.resize((width, height), Image.Resampling.BOX).point(lambda value: int(value * alpha))
    image.paste(rgb, (left, top), mask)


def _shape(name: str, arguments: Sequence[Any]) -> tuple[tuple[float, ...], Draw]:
    """Return the box around a shape, and what draws it on a mask whose points `at(x, y)` gives."""
    match name, arguments:
        case "line", [x, y, x2, y2]:
            return (min(x, x2), min(y, y2), max(x, x2), max(y, y2)), lambda drawing, at: drawing.line(
                [at(x + 0.5, y + 0.5), at(x2 + 0.5, y2 + 0.5)], fill=255, width=FINENESS
            )
        case "circle", [x, y, radius, is_filled]:
            return (x - radius, y - radius, x + radius, y + radius), lambda drawing, at: drawing.ellipse(
                _inside(at(x - radius, y - radius), at(x + radius + 1, y + radius + 1)),
                fill=255 if is_filled else None, outline=255, width=FINENESS,
            )  # fmt: skip
        case "roundrect", [x, y, width, height, radius]:
            return (x, y, x + width, y + height), lambda drawing, at: drawing.rounded_rectangle(
                _inside(at(x, y), at(x + width + 1, y + height + 1)),
                radius=radius * FINENESS, outline=255, width=FINENESS,
            )  # fmt: skip
    xs, ys = arguments[0::2], arguments[1::2]  # a triangle, or more corners
    return (min(xs), min(ys), max(xs), max(ys)), lambda drawing, at: drawing.polygon(
        [at(x, y) for x, y in zip(xs, ys, strict=False)], fill=255
    )


def _inside(start: Point, end: Point) -> tuple[float, float, float, float]:
    return (*start, end[0] - 1, end[1] - 1)


def _paint_text(
    image: Image.Image, rgb: Any, alpha: float, key: FontKey, fonts: GfxFonts, x: float, y: float, text: str,
    flags: float, right: float, bottom: float,
) -> None:  # fmt: skip
    width, height = fonts.measure(text, key)
    flags = int(flags)
    x_shift = (right - x - width) / 2 if flags & CENTRE else right - x - width if flags & RIGHT else 0
    y_shift = (bottom - y - height) / 2 if flags & MIDDLE else bottom - y - height if flags & BOTTOM else 0
    layer = Image.new("L", image.size)
    ImageDraw.Draw(layer).text((round(x + x_shift), round(y + y_shift)), text, round(255 * alpha), _font(key))
    box = (0, 0, *image.size) if flags & LOOSE else (max(int(x), 0), max(int(y), 0), int(right), int(bottom))
    if box[2] > box[0] and box[3] > box[1]:
        image.paste(rgb, box[:2], layer.crop(box))
