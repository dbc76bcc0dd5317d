"""The layout as TouchOSC reads it: a `.tosc` file, which is XML compressed with zlib.

The root `lexml` (version 6, as TouchOSC 1.5 writes it) holds one GROUP node; nodes hold typed properties, values with
their defaults, and messages built of partials. Hosts and ports are not in the file: TouchOSC keeps connections for
itself, and the layout uses the first one.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping
from xml.sax.saxutils import escape

from bridge.surfaces.layouts.layout import (
    AMOUNT_LABEL,
    BACKGROUND,
    CONTROLS,
    HEIGHT,
    TEXT,
    WIDTH,
    LayoutColor,
    LayoutControl,
    LayoutFrame,
)

FILE_NAME = "Bridge.tosc"
NAMESPACE = uuid.UUID("5b8c2a60-9c39-4f0e-8d6b-3a3f5d0e7c11")
FIRST_CONNECTION = "0000000001"  # ten of them, the rightmost is the first
MOMENTARY, TOGGLE_PRESS = 0, 2  # kinds of button
EAST = 1  # orientation: a fader that lies
CENTER, MIDDLE = 2, 2  # alignment of text, counted from 1
CONVERSIONS = {"f": "FLOAT", "i": "INTEGER", "s": "STRING"}

Property = bool | int | str | LayoutFrame | LayoutColor

_KINDS: dict[str, tuple[str, dict[str, Property], str]] = {  # type of node, own properties, the value it sends or shows
    "fader": ("FADER", {"orientation": EAST}, "x"),
    "meter": ("FADER", {"orientation": EAST}, "x"),
    "toggle": ("BUTTON", {"buttonType": TOGGLE_PRESS}, "x"),
    "press": ("BUTTON", {"buttonType": MOMENTARY}, "x"),
    "text": ("TEXT", {"textSize": 18, "textColor": TEXT}, "text"),
}


def touchosc_layout() -> bytes:
    """Return the file's bytes, the same for the same controls."""
    return zlib.compress(touchosc_xml().encode(), 9)


def touchosc_xml() -> str:
    """Return what is in the file, on one line as the editor writes it."""
    children = "".join(map(_control, CONTROLS)) + _caption("amount", "Amount", AMOUNT_LABEL)
    frame = LayoutFrame(0, 0, WIDTH, HEIGHT)
    properties: dict[str, Property] = {
        "frame": frame,
        "color": BACKGROUND,
        "background": True,
        "interactive": False,
        "name": "Bridge",
    }
    root = _node("root", "GROUP", properties, _value("touch", "false"), before="<includes/>",
                 behind=f"<children>{children}</children>")  # fmt: skip
    return f"<?xml version='1.0' encoding='UTF-8'?><lexml version='6'>{root}</lexml>"


def _control(control: LayoutControl) -> str:
    kind, own, variable = _KINDS[control.role]
    properties = {
        "name": control.name, "frame": control.frame, "color": control.color, **own,
        "interactive": control.role not in ("meter", "text"), "visible": True, "background": True,
    }  # fmt: skip
    values = _value(variable, "" if variable == "text" else "0") + _value("touch", "false")
    messages = f"<messages>{_message(control, variable)}</messages>"
    node = _node(control.name, kind, properties, values, behind=messages)
    return node + (_caption(control.name, control.label, control.frame) if kind == "BUTTON" else "")


def _caption(name: str, label: str, frame: LayoutFrame) -> str:
    """Return a text over a control, which lets touches through: buttons have no text of their own."""
    properties: dict[str, Property] = {
        "name": f"{name} label", "frame": frame, "background": False, "outline": False, "interactive": False,
        "textSize": 26, "textColor": TEXT, "textAlignH": CENTER, "textAlignV": MIDDLE,
    }  # fmt: skip
    values = _value("text", label, is_locked=True) + _value("touch", "false")
    return _node(f"{name} label", "LABEL", properties, values)


def _node(
    name: str, kind: str, properties: Mapping[str, Property], values: str, *, before: str = "", behind: str = ""
) -> str:
    identifier = uuid.uuid5(NAMESPACE, name)
    inside = "".join(_property(key, value) for key, value in properties.items())
    return (
        f"<node ID='{identifier}' type='{kind}'>{before}<properties>{inside}</properties>"
        f"<values>{values}</values>{behind}</node>"
    )


def _property(key: str, value: Property) -> str:
    match value:
        case bool():
            kind, text = "b", str(int(value))
        case int():
            kind, text = "i", str(value)
        case str():
            kind, text = "s", _data(value)
        case LayoutFrame(x, y, width, height):
            kind, text = "r", f"<x>{x}</x><y>{y}</y><w>{width}</w><h>{height}</h>"
        case LayoutColor():
            red, green, blue = (f"{part / 255:.4g}" for part in value)
            kind, text = "c", f"<r>{red}</r><g>{green}</g><b>{blue}</b><a>1</a>"
    return f"<property type='{kind}'><key>{_data(key)}</key><value>{text}</value></property>"


def _message(control: LayoutControl, variable: str) -> str:
    """Buttons send when they are pressed, and nothing when they are let go; faders and toggles send what they show."""
    is_press = control.role == "press"
    condition = "RISE" if is_press else "ANY"
    conversion = CONVERSIONS[control.types or ("s" if control.role == "text" else "f")]
    if is_press:
        argument = _partial("CONSTANT", conversion, "" if control.types == "s" else "1")
    else:
        argument = _partial("VALUE", conversion, variable)
    trigger = f"<triggers><trigger><var>{_data(variable)}</var><condition>{condition}</condition></trigger></triggers>"
    return (
        f"<osc><enabled>1</enabled><send>{int(bool(control.types))}</send><receive>{int(control.has_feedback)}</receive>"
        f"<feedback>0</feedback><noDuplicates>0</noDuplicates><connections>{FIRST_CONNECTION}</connections>"
        f"{trigger}<path>{_partial('CONSTANT', 'STRING', control.address)}</path>"
        f"<arguments>{argument}</arguments></osc>"
    )


def _partial(kind: str, conversion: str, value: str) -> str:
    return (
        f"<partial><type>{kind}</type><conversion>{conversion}</conversion><value>{_data(value)}</value>"
        "<scaleMin>0</scaleMin><scaleMax>1</scaleMax></partial>"
    )


def _value(key: str, default: str, *, is_locked: bool = False) -> str:
    return (
        f"<value><key>{_data(key)}</key><locked>0</locked><lockedDefaultCurrent>{int(is_locked)}</lockedDefaultCurrent>"
        f"<default>{_data(default)}</default><defaultPull>0</defaultPull></value>"
    )


def _data(text: str) -> str:
    return f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)
