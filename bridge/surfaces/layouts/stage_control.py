"""The layout as Open Stage Control reads it: a session, JSON. Properties that are not written keep their defaults.

Every widget names Bridge's address and port as its target, so nothing has to be set in the launcher.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bridge.surfaces.layouts.layout import AMOUNT_LABEL, BACKGROUND, CONTROLS, TEXT, LayoutControl, LayoutFrame

FILE_NAME = "Bridge.open-stage-control.json"
WRITTEN_FOR = "1.25.0"  # sessions since 1.0 have had this form

_KINDS: dict[str, dict[str, Any]] = {
    "fader": {"type": "fader", "horizontal": True, "range": {"min": 0, "max": 1}, "doubleTap": False},
    "meter": {"type": "fader", "horizontal": True, "range": {"min": 0, "max": 1}, "design": "compact"},
    "press": {"type": "button", "mode": "tap", "on": 1, "off": 0},
    "toggle": {"type": "button", "mode": "toggle", "on": 1, "off": 0},
    "text": {"type": "text", "wrap": True, "align": "left"},
}


def stage_control_layout(host: str, port: int) -> bytes:
    """Return the session's bytes, for a Bridge at `host`:`port`."""
    widgets = [_widget(control, f"{host}:{port}") for control in CONTROLS]
    label = {"type": "text", "id": "amount_label", "value": "Amount", "bypass": True, **_place(AMOUNT_LABEL)}
    session = {
        "createdWith": "Open Stage Control",
        "version": WRITTEN_FOR,
        "type": "session",
        "content": {
            "type": "root",
            "id": "root",
            "colorBg": BACKGROUND.hex,
            "colorText": TEXT.hex,
            "widgets": [*widgets, label],
            "tabs": [],
        },
    }
    return msgspec.json.format(msgspec.json.encode(session), indent=2) + b"\n"


def _widget(control: LayoutControl, target: str) -> dict[str, Any]:
    widget = {
        **_KINDS[control.role],
        "id": control.name,
        "label": control.label or False,
        **_place(control.frame),
        "colorWidget": control.color.hex,
        "address": control.address,
        "target": target,
        "interaction": control.role not in ("meter", "text"),
        "bypass": not control.types,  # shows feedback, and sends nothing
        "ignoreDefaults": True,
    }
    if control.types == "s":
        widget |= {"on": "", "typeTags": "s"}
    elif control.types:
        widget["typeTags"] = control.types
    return widget


def _place(frame: LayoutFrame) -> dict[str, int]:
    return {"left": frame.x, "top": frame.y, "width": frame.width, "height": frame.height}
