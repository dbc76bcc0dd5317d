"""The layout as TouchOSC reads it: a `.tosc` file, which is XML compressed with zlib.

The root `lexml` (version 6, as TouchOSC 1.5 writes it) holds one GROUP node; nodes hold typed properties, values with
their defaults, and messages built of partials. Hosts and ports are not in the file: TouchOSC keeps connections for
itself, and the layout uses the first one.
"""

from __future__ import annotations

import uuid
import zlib
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


def touchosc_layout() -> bytes:
    """The file's bytes. The same for the same controls."""
    return zlib.compress(touchosc_xml().encode(), 9)


def touchosc_xml() -> str:
    """What is in the file, on one line as the editor writes it."""
    children = "".join(_control(control) for control in CONTROLS) + _caption("amount", "Amount", AMOUNT_LABEL)
    properties = _frame(LayoutFrame(0, 0, WIDTH, HEIGHT)) + _color("color", BACKGROUND) + _flag("background", True)
    properties += _flag("interactive", False) + _text("name", "Bridge")
    group = f"<includes/><properties>{properties}</properties><values>{_value('touch', 'false')}</values>"
    node = f"<node ID='{_id('root')}' type='GROUP'>{group}<children>{children}</children></node>"
    return f"<?xml version='1.0' encoding='UTF-8'?><lexml version='6'>{node}</lexml>"


def _control(control: LayoutControl) -> str:
    match control.role:
        case "fader" | "meter":
            return _node(control, "FADER", _integer("orientation", EAST), _value("x", "0"), "x")
        case "toggle":
            button = _node(control, "BUTTON", _integer("buttonType", TOGGLE_PRESS), _value("x", "0"), "x")
            return button + _caption(control.name, control.label, control.frame)
        case "press":
            button = _node(control, "BUTTON", _integer("buttonType", MOMENTARY), _value("x", "0"), "x")
            return button + _caption(control.name, control.label, control.frame)
        case "text":
            return _node(
                control, "TEXT", _integer("textSize", 18) + _color("textColor", TEXT), _value("text", ""), "text"
            )


def _node(control: LayoutControl, kind: str, more: str, values: str, variable: str) -> str:
    is_touchable = control.role not in ("meter", "text")
    properties = _text("name", control.name) + _frame(control.frame) + _color("color", control.color) + more
    properties += _flag("interactive", is_touchable) + _flag("visible", True) + _flag("background", True)
    values += _value("touch", "false")
    return (
        f"<node ID='{_id(control.name)}' type='{kind}'><properties>{properties}</properties>"
        f"<values>{values}</values><messages>{_message(control, variable)}</messages></node>"
    )


def _caption(name: str, label: str, frame: LayoutFrame) -> str:
    """A text over a control, which lets touches through: buttons have no text of their own."""
    properties = _text("name", f"{name} label") + _frame(frame) + _flag("background", False) + _flag("outline", False)
    properties += _flag("interactive", False) + _integer("textSize", 26) + _color("textColor", TEXT)
    properties += _integer("textAlignH", CENTER) + _integer("textAlignV", MIDDLE)
    values = _value("text", label, is_locked=True) + _value("touch", "false")
    return (
        f"<node ID='{_id(name + ' label')}' type='LABEL'><properties>{properties}</properties>"
        f"<values>{values}</values></node>"
    )


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
        f"<osc><enabled>1</enabled><send>{int(bool(control.types))}</send><receive>{int(control.is_told)}</receive>"
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


def _property(kind: str, key: str, value: str) -> str:
    return f"<property type='{kind}'><key>{_data(key)}</key><value>{value}</value></property>"


def _flag(key: str, is_on: bool) -> str:
    return _property("b", key, str(int(is_on)))


def _integer(key: str, value: int) -> str:
    return _property("i", key, str(value))


def _text(key: str, value: str) -> str:
    return _property("s", key, _data(value))


def _frame(frame: LayoutFrame) -> str:
    return _property("r", "frame", f"<x>{frame.x}</x><y>{frame.y}</y><w>{frame.width}</w><h>{frame.height}</h>")


def _color(key: str, color: LayoutColor) -> str:
    red, green, blue = (f"{part / 255:.4g}" for part in color)
    return _property("c", key, f"<r>{red}</r><g>{green}</g><b>{blue}</b><a>1</a>")


def _data(text: str) -> str:
    return f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)


def _id(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))
