"""A MIDI surface over mido's socket ports: plugged in and out, its controls heard, its motors and lights moved."""

from __future__ import annotations

import queue
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import mido
import pytest
from socket_midi import Device, backend, plugged_in

from bridge.errors import LinkError
from bridge.surfaces.commands import Command
from bridge.surfaces.midi import ports
from bridge.surfaces.midi.bindings import DEFAULT, MidiBinding, MidiBindings
from bridge.surfaces.midi.surface import MidiSurface

LIMIT_S = 20.0
LOOK_PERIOD_S = 0.02


def cc(control: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=control, value=value)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Ports of this test alone."""
    with backend(tmp_path / "ports"):
        yield tmp_path / "ports"


@pytest.fixture
def device(folder: Path) -> Iterator[Device]:
    with plugged_in(folder, "X-TOUCH Mini 20:0") as device:
        yield device


class Heard:
    """What a surface asked for and said."""

    def __init__(self) -> None:
        self.commands: queue.Queue[Command] = queue.Queue()
        self.lines: queue.Queue[str] = queue.Queue()

    def surface(self, name: str = "x-touch", layout: MidiBindings = DEFAULT) -> MidiSurface:
        return MidiSurface(name, layout, handle=self.commands.put, report=self.lines.put, look_period_s=LOOK_PERIOD_S)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_controls_are_heard(device: Device, heard: Heard) -> None:
    with heard.surface():
        device.connections(2)
        device.send(cc(20, 127), mido.Message("note_on", note=60, velocity=1))
        assert heard.commands.get(timeout=LIMIT_S) == Command("amount", 1.0)
        assert heard.commands.get(timeout=LIMIT_S) == Command("automix")
        assert "X-TOUCH Mini 20:0 is connected" in heard.lines.get(timeout=LIMIT_S)


def test_motors_and_lights_are_moved(device: Device, heard: Heard) -> None:
    with heard.surface() as surface:
        device.connections(2)
        surface.send("/bridge/amount", 0.5)
        device.shows(cc(20, 64))
        surface.send("/bridge/compare", 1)
        device.shows(cc(21, 127))


def test_a_fader_under_the_hand_is_moved_when_it_has_rested(device: Device, heard: Heard) -> None:
    with heard.surface() as surface:
        device.connections(2)
        device.send(cc(20, 10))
        assert heard.commands.get(timeout=LIMIT_S) == Command("amount", 10 / 127)
        surface.send("/bridge/amount", 0.5)
        device.shows(cc(20, 64))


def test_a_coarse_half_alone_is_not_lost(device: Device, heard: Heard) -> None:
    with heard.surface(layout=MidiBindings(control=(MidiBinding(command="amount", kind="cc14", number=5),))):
        device.connections(2)
        device.send(cc(5, 127))
        assert heard.commands.get(timeout=LIMIT_S) == Command("amount", 1.0)


def test_a_surface_may_come_go_and_come_back(folder: Path, heard: Heard) -> None:
    device = Device(folder, "X-TOUCH Mini 20:0")
    with heard.surface() as surface:
        assert "No MIDI port is called 'x-touch'" in heard.lines.get(timeout=LIMIT_S)
        assert not surface.is_connected
        surface.send("/bridge/amount", 0.25)
        device.plug_in()
        device.connections(2)
        assert "is connected" in heard.lines.get(timeout=LIMIT_S)
        device.shows(cc(20, 32))
        device.unplug()
        assert "is gone" in heard.lines.get(timeout=LIMIT_S)
        again = Device(folder, "X-TOUCH Mini 24:0")  # ALSA counts on
        again.plug_in()
        again.connections(2)
        again.shows(cc(20, 32))
        again.send(mido.Message("note_on", note=62, velocity=1))
        assert heard.commands.get(timeout=LIMIT_S) == Command("undo")
    again.unplug()


def test_ports_are_found_by_what_does_not_change() -> None:
    names = ["Midi Through 14:0", "X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0", "nanoKONTROL2 1", "nanoKONTROL2 2"]
    assert ports.find_port("X-TOUCH MINI:X-TOUCH MINI MIDI 1 28:0", names) == names[1]
    assert ports.find_port("midi through", names) == names[0]
    assert ports.find_port("nanoKONTROL2 1", names) == "nanoKONTROL2 1"
    with pytest.raises(LinkError, match="Several"):
        ports.find_port("nanokontrol2", names)
    with pytest.raises(LinkError, match="There are: none"):
        ports.find_port("x", [])


def test_without_a_backend_the_surface_says_what_to_install(heard: Heard) -> None:
    mido.set_backend("mido.backends.there_is_none")
    try:
        with pytest.raises(LinkError, match=re.escape(f'"{sys.executable}" -m pip install python-rtmidi')):
            heard.surface().open()
    finally:
        mido.set_backend()


def test_a_backend_that_is_another_package_is_told_from_the_right_one(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pip install rtmidi` gives another one: nothing is in it that mido needs."""
    monkeypatch.setitem(sys.modules, "rtmidi", ModuleType("rtmidi"))
    monkeypatch.delitem(sys.modules, "mido.backends.rtmidi", raising=False)
    mido.set_backend("mido.backends.rtmidi")
    try:
        with pytest.raises(LinkError, match="python-rtmidi"):
            heard.surface().open()
    finally:
        monkeypatch.delitem(sys.modules, "mido.backends.rtmidi", raising=False)
        mido.set_backend()


def test_without_a_midi_system_the_surface_says_what_it_needs(folder: Path, heard: Heard) -> None:
    """The backend is there, and fails as python-rtmidi does where ALSA's sequencer is missing: an OSError."""
    folder.rmdir()
    with pytest.raises(LinkError, match=r"snd-seq.*OSC works without"):
        heard.surface().open()


def test_another_layout_holds_at_once(device: Device, heard: Heard) -> None:
    with heard.surface() as surface:
        device.connections(2)
        surface.send("/bridge/amount", 0.5)
        device.shows(cc(20, 64))
        surface.use(MidiBindings(control=(MidiBinding(command="amount", number=7, takeover="jump"),)))
        device.shows(cc(7, 64))  # where the amount stands is known still
        device.send(cc(20, 1), cc(7, 127))
        assert heard.commands.get(timeout=LIMIT_S) == Command("amount", 1.0)
        assert heard.commands.empty()


def test_another_output_is_opened_at_once(folder: Path, device: Device, heard: Heard) -> None:
    with plugged_in(folder, "Lights") as lights, heard.surface() as surface:
        device.connections(2)
        surface.use(MidiBindings(output="Lights", control=DEFAULT.control))
        lights.connections(1)
        surface.send("/bridge/amount", 1.0)
        lights.shows(cc(20, 127))
