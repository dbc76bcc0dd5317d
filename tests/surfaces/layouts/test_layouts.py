"""The ready layouts: addresses and types that Bridge knows; the shipped files are those that are made."""

from __future__ import annotations

import json
import zlib
from xml.etree import ElementTree

import pytest

from bridge.settings import shipped_folder
from bridge.surfaces.commands import COMMANDS, parse_command
from bridge.surfaces.feedback import FEEDBACK
from bridge.surfaces.layouts import stage_control, touchosc
from bridge.surfaces.layouts.layout import CONTROLS, HEIGHT, WIDTH, LayoutControl

FOLDER = shipped_folder("reaper_scripts") / "surfaces"


def text_of(element: ElementTree.Element, path: str) -> str:
    found = element.find(path)
    assert found is not None, path
    return found.text or ""


def properties(node: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {text_of(p, "key"): p.find("value") for p in node.findall("properties/property")}  # type: ignore[misc]


def test_every_control_sends_and_shows_what_bridge_knows() -> None:
    addresses = {spec.address for spec in COMMANDS.values()}
    for control in CONTROLS:
        assert not control.types or control.address in addresses
        assert not control.has_feedback or control.address in FEEDBACK
        assert control.types or control.has_feedback
    assert addresses == {c.address for c in CONTROLS if c.types}


def test_controls_lie_on_the_layout_and_not_on_each_other() -> None:
    for control in CONTROLS:
        x, y, width, height = control.frame
        assert min(x, y) >= 0
        assert x + width <= WIDTH
        assert y + height <= HEIGHT
    for one in CONTROLS:
        others = [other for other in CONTROLS if other is not one]
        assert not any(overlap(one, other) for other in others)


def overlap(one: LayoutControl, other: LayoutControl) -> bool:
    a, b = one.frame, other.frame
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def test_the_shipped_files_are_the_ones_that_are_made() -> None:
    assert zlib.decompress((FOLDER / touchosc.FILE_NAME).read_bytes()).decode() == touchosc.touchosc_xml()
    made = stage_control.stage_control_layout("127.0.0.1", 9000)
    assert (FOLDER / stage_control.FILE_NAME).read_bytes() == made


def test_touchosc_finds_what_it_needs() -> None:
    root = ElementTree.fromstring(zlib.decompress(touchosc.touchosc_layout()))
    assert (root.tag, root.get("version")) == ("lexml", "6")
    (group,) = root.findall("node")
    assert group.get("type") == "GROUP"
    assert text_of(properties(group)["frame"], "w") == str(WIDTH)
    nodes = group.findall("children/node")
    assert len({node.get("ID") for node in (group, *nodes)}) == len(nodes) + 1
    by_name = {text_of(node, "properties/property/value"): node for node in nodes}
    for control in CONTROLS:
        node = by_name[control.name]
        assert node.get("type") in ("FADER", "BUTTON", "TEXT")
        message = node.find("messages/osc")
        assert message is not None
        assert text_of(message, "path/partial/value") == control.address
        assert text_of(message, "send") == str(int(bool(control.types)))
        assert text_of(message, "receive") == str(int(control.has_feedback))
        assert len(text_of(message, "connections")) == 10
    assert text_of(by_name["automix"], "messages/osc/triggers/trigger/condition") == "RISE"
    assert by_name["automix label"].get("type") == "LABEL"


def test_open_stage_control_finds_what_it_needs() -> None:
    session = json.loads(stage_control.stage_control_layout("192.168.1.5", 9100))
    assert (session["createdWith"], session["type"]) == ("Open Stage Control", "session")
    widgets = {widget["id"]: widget for widget in session["content"]["widgets"]}
    for control in CONTROLS:
        widget = widgets[control.name]
        assert widget["address"] == control.address
        assert widget["target"] == "192.168.1.5:9100"
        assert widget["bypass"] != bool(control.types)
        assert widget.get("typeTags", "") == control.types
    assert widgets["compare"]["mode"] == "toggle"


@pytest.mark.parametrize("control", [control for control in CONTROLS if control.types], ids=lambda c: c.name)
def test_what_a_control_sends_is_taken_as_it_is_meant(control: LayoutControl) -> None:
    sent = {"f": 1.0, "i": 1, "s": ""}[control.types]
    name = control.address.removeprefix("/bridge/")
    command = parse_command(name, [sent])
    assert command.value == {"amount": 1.0, "compare": 1, "style": ""}.get(name)
