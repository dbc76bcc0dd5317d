"""MIDI messages become the same commands; a machine without a MIDI backend is told what to install."""

import mido
import pytest

from bridge.errors import LinkError
from bridge.surfaces.commands import COMMANDS, Command
from bridge.surfaces.midi import BINDINGS, Binding, MidiSurface, command_of


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (mido.Message("control_change", control=20, value=127), Command("amount", 1.0)),
        (mido.Message("control_change", control=20, value=0), Command("amount", 0.0)),
        (mido.Message("control_change", control=21, value=127, channel=9), Command("compare", 1)),
        (mido.Message("control_change", control=21, value=0), Command("compare", 0)),
        (mido.Message("note_on", note=60, velocity=100), Command("automix")),
        (mido.Message("note_on", note=60, velocity=0), None),
        (mido.Message("note_off", note=60), None),
        (mido.Message("note_on", note=62, velocity=1), Command("undo")),
        (mido.Message("control_change", control=99, value=5), None),
        (mido.Message("pitchwheel", pitch=100), None),
    ],
    ids=str,
)
def test_controllers_and_notes_are_commands(message: mido.Message, command: Command | None) -> None:
    assert command_of(message) == command


def test_a_binding_may_ask_for_one_channel() -> None:
    bindings = (Binding("control_change", 7, "amount", channel=3),)
    assert command_of(mido.Message("control_change", control=7, value=127, channel=2), bindings) is None
    assert command_of(mido.Message("control_change", control=7, value=127, channel=3), bindings) == Command(
        "amount", 1.0
    )


def test_every_binding_names_a_command_and_no_two_share_a_control() -> None:
    assert all(binding.command in COMMANDS for binding in BINDINGS)
    places = [(binding.kind, binding.number) for binding in BINDINGS]
    assert len(places) == len(set(places))


def test_without_a_backend_the_surface_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mido, "backend", mido.Backend("mido.backends.there_is_none"))
    monkeypatch.setattr(mido, "get_input_names", mido.backend.get_input_names)
    with pytest.raises(LinkError, match="python-rtmidi"):
        MidiSurface("any", handle=print).open()
