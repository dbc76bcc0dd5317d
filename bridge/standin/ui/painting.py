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
    """An RGB image of `size` pixels: `operations` over `base` (black where there is none)."""
    image = Image.new("RGB", size) if base is None else base.copy()
    for name, colour, font, *arguments in operations:
        rgb = tuple(round(255 * min(max(value, 0.0), 1.0)) for value in colour[:3])
        alpha = min(max(float(colour[3]), 0.0), 1.0)
        if name == "drawstr":
            _text(image, (*rgb, alpha), font, fonts, *arguments)
        else:
            _PAINTERS[name](image, rgb, alpha, *arguments)
    return image


def _rect(
    image: Image.Image, rgb: Any, alpha: float, x: float, y: float, width: float, height: float, is_filled: bool
) -> None:
    if width < 1 or height < 1:
        return
    box = [int(x), int(y), int(x) + int(width) - 1, int(y) + int(height) - 1]
    if alpha >= 1:
        ImageDraw.Draw(image).rectangle(box, fill=rgb if is_filled else None, outline=rgb)
        return
    mask = Image.new("L", (int(width), int(height)), round(255 * alpha) if is_filled else 0)
    if not is_filled:
        ImageDraw.Draw(mask).rectangle([0, 0, int(width) - 1, int(height) - 1], outline=round(255 * alpha))
    image.paste(rgb, (box[0], box[1]), mask)


def _soft(
    image: Image.Image, rgb: Any, alpha: float, box: tuple[float, float, float, float], draw: Callable[..., None]
) -> None:
    """Paste what `draw(drawing, scale, left, top)` leaves on a mask around `box`, with soft edges."""
    left, top = int(box[0]) - 2, int(box[1]) - 2
    width, height = int(box[2]) + 3 - left, int(box[3]) + 3 - top
    mask = Image.new("L", (width * FINENESS, height * FINENESS))
    draw(ImageDraw.Draw(mask), FINENESS, left, top)
    mask = mask.resize((width, height), Image.Resampling.BOX).point(lambda value: int(value * alpha))
    image.paste(rgb, (left, top), mask)


def _line(
    image: Image.Image, rgb: Any, alpha: float, x: float, y: float, x2: float, y2: float, is_smooth: bool
) -> None:
    del is_smooth

    def draw(drawing: ImageDraw.ImageDraw, scale: int, left: int, top: int) -> None:
        ends = [
            (a - left + 0.5) * scale if i % 2 == 0 else (a - top + 0.5) * scale for i, a in enumerate((x, y, x2, y2))
        ]
        drawing.line(ends, fill=255, width=scale)

    _soft(image, rgb, alpha, (min(x, x2), min(y, y2), max(x, x2), max(y, y2)), draw)


def _circle(
    image: Image.Image, rgb: Any, alpha: float, x: float, y: float, radius: float, is_filled: bool, is_smooth: bool
) -> None:
    del is_smooth

    def draw(drawing: ImageDraw.ImageDraw, scale: int, left: int, top: int) -> None:
        middle_x, middle_y, reach = (x - left + 0.5) * scale, (y - top + 0.5) * scale, (radius + 0.5) * scale
        box = [middle_x - reach, middle_y - reach, middle_x + reach - 1, middle_y + reach - 1]
        drawing.ellipse(box, fill=255 if is_filled else None, outline=255, width=scale)

    _soft(image, rgb, alpha, (x - radius, y - radius, x + radius, y + radius), draw)


def _roundrect(
    image: Image.Image, rgb: Any, alpha: float, x: float, y: float, width: float, height: float, radius: float,
    is_smooth: bool,
) -> None:  # fmt: skip
    del is_smooth

    def draw(drawing: ImageDraw.ImageDraw, scale: int, left: int, top: int) -> None:
        box = [
            (x - left) * scale,
            (y - top) * scale,
            (x + width - left + 1) * scale - 1,
            (y + height - top + 1) * scale - 1,
        ]
        drawing.rounded_rectangle(box, radius=radius * scale, outline=255, width=scale)

    _soft(image, rgb, alpha, (x, y, x + width, y + height), draw)


def _triangle(image: Image.Image, rgb: Any, alpha: float, *corners: float) -> None:
    def draw(drawing: ImageDraw.ImageDraw, scale: int, left: int, top: int) -> None:
        points = [((corners[i] - left) * scale, (corners[i + 1] - top) * scale) for i in range(0, len(corners), 2)]
        drawing.polygon(points, fill=255)

    xs, ys = corners[0::2], corners[1::2]
    _soft(image, rgb, alpha, (min(xs), min(ys), max(xs), max(ys)), draw)


def _text(
    image: Image.Image, rgba: Any, key: FontKey, fonts: GfxFonts, x: float, y: float, text: str, flags: float,
    right: float, bottom: float,
) -> None:  # fmt: skip
    width, height = fonts.measure(text, key)
    is_loose = bool(int(flags) & LOOSE)
    at_x = x + ((right - x - width) / 2 if int(flags) & CENTRE else right - x - width if int(flags) & RIGHT else 0)
    at_y = y + ((bottom - y - height) / 2 if int(flags) & MIDDLE else bottom - y - height if int(flags) & BOTTOM else 0)
    layer = Image.new("L", image.size)
    ImageDraw.Draw(layer).text((round(at_x), round(at_y)), text, fill=round(255 * rgba[3]), font=_font(key))
    box = (0, 0, *image.size) if is_loose else (max(int(x), 0), max(int(y), 0), int(right), int(bottom))
    if box[2] > box[0] and box[3] > box[1]:
        image.paste(rgba[:3], box[:2], layer.crop(box))


_PAINTERS: dict[str, Callable[..., None]] = {
    "rect": _rect, "line": _line, "circle": _circle, "roundrect": _roundrect, "triangle": _triangle,
}  # fmt: skip
