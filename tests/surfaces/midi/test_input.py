"""Notes, controllers of 7 and 14 bits, faders of Mackie surfaces, and encoders become commands; soft takeover."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.surfaces.commands import COMMANDS, Command
from bridge.surfaces.midi.bindings import DEFAULT, MidiBinding, MidiBindings
from bridge.surfaces.midi.input import STEPS, MidiInput


def cc(control: int, value: int, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=control, value=value, channel=channel)


def note(number: int, velocity: int = 100) -> mido.Message:
    return mido.Message("note_on", note=number, velocity=velocity)


def reader(**binding: object) -> MidiInput:
    return MidiInput(MidiBindings(control=(MidiBinding(**binding),)))  # type: ignore[arg-type]


def commands(reader: MidiInput, *messages: mido.Message) -> list[Command]:
    return [command for message in messages for _, command in reader.read(message) if command is not None]


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (cc(20, 127), Command("amount", 1.0)),
        (cc(20, 0), Command("amount", 0.0)),
        (cc(21, 127, channel=9), Command("compare", 1)),
        (cc(21, 0), Command("compare", 0)),
        (note(60), Command("automix")),
        (note(60, 0), None),
        (mido.Message("note_off", note=60), None),
        (note(62, 1), Command("undo")),
        (note(64), Command("next")),
        (cc(99, 5), None),
        (mido.Message("pitchwheel", pitch=100), None),
        (mido.Message("clock"), None),
        (mido.Message("sysex", data=(1, 2)), None),
    ],
    ids=str,
)
def test_the_default_layout(message: mido.Message, command: Command | None) -> None:
    assert commands(MidiInput(DEFAULT), message) == ([command] if command else [])


def test_every_default_control_names_a_command_and_no_two_share_a_place() -> None:
    assert all(binding.command in COMMANDS for binding in DEFAULT.control)
    assert len({binding.place for binding in DEFAULT.control}) == len(DEFAULT.control)


def test_channels_count_as_printed_on_surfaces() -> None:
    third = reader(command="amount", number=7, channel=3)
    assert commands(third, cc(7, 127, channel=1)) == []
    assert commands(third, cc(7, 127, channel=2)) == [Command("amount", 1.0)]


def test_a_14_bit_controller_speaks_with_both_halves() -> None:
    fine = reader(command="amount", kind="cc14", number=4)
    assert commands(fine, cc(4, 64)) == []
    assert fine.is_waiting
    assert commands(fine, cc(36, 1)) == [Command("amount", (64 << 7 | 1) / 16383)]
    assert not fine.is_waiting
    assert commands(fine, cc(36, 2)) == [Command("amount", (64 << 7 | 2) / 16383)]


def test_a_coarse_half_alone_holds_once_it_has_waited() -> None:
    fine = reader(command="amount", kind="cc14", number=4)
    assert commands(fine, cc(36, 9)) == []  # nobody knows the coarse half yet
    assert commands(fine, cc(4, 127)) == []
    assert [command for _, command in fine.flush()] == [Command("amount", 1.0)]
    assert fine.flush() == []


def test_a_fader_of_a_mackie_surface() -> None:
    fader = reader(command="amount", kind="pitch", channel=1)
    ends = [mido.Message("pitchwheel", pitch=pitch) for pitch in (-8192, 8191)]
    assert commands(fader, *ends) == [Command("amount", 0.0), Command("amount", 1.0)]
    assert commands(fader, mido.Message("pitchwheel", pitch=0, channel=1)) == []


@pytest.mark.parametrize(
    ("kind", "up", "down"), [("twos-complement", 2, 126), ("binary-offset", 66, 62), ("sign-bit", 2, 66)]
)
def test_encoders_move_the_amount_from_where_it_stands(kind: str, up: int, down: int) -> None:
    encoder = reader(command="amount", number=5, relative=kind, step=0.05)
    encoder.set_amount(0.5)
    assert commands(encoder, cc(5, up))[0].value == pytest.approx(0.6)
    assert commands(encoder, cc(5, down), cc(5, down))[-1].value == pytest.approx(0.4)
    encoder.set_amount(0.98)
    assert commands(encoder, cc(5, up), cc(5, up))[-1].value == 1.0


@given(st.integers(0, 127))
def test_steps_of_all_encodings_stay_small(raw: int) -> None:
    assert all(-64 <= step(raw) <= 64 for step in STEPS.values())


def test_a_fader_takes_over_only_where_the_amount_stands() -> None:
    fader = reader(command="amount", number=5)
    fader.set_amount(0.5)
    assert commands(fader, cc(5, 10), cc(5, 30)) == []
    assert commands(fader, cc(5, 70))[0].value == pytest.approx(70 / 127)  # it has passed the middle
    assert commands(fader, cc(5, 20))[0].value == pytest.approx(20 / 127)
    fader.set_amount(20 / 127)  # the echo of its own movement
    assert len(commands(fader, cc(5, 22))) == 1
    fader.set_amount(0.9)  # moved from elsewhere
    assert commands(fader, cc(5, 25), cc(5, 40)) == []
    assert len(commands(fader, cc(5, 114))) == 1


def test_a_fader_that_jumps_takes_over_at_once() -> None:
    fader = reader(command="amount", number=5, takeover="jump")
    fader.set_amount(0.5)
    assert len(commands(fader, cc(5, 1))) == 1


def test_after_a_replug_nobody_knows_where_a_fader_stands() -> None:
    fader = reader(command="amount", number=5)
    assert len(commands(fader, cc(5, 1))) == 1
    fader.set_amount(0.9)
    fader.forget_positions()
    assert commands(fader, cc(5, 100)) == []  # from 1 to 100 would have passed it
    assert len(commands(fader, cc(5, 120))) == 1


def test_a_button_toggles_compare_or_holds_it() -> None:
    toggle = reader(command="compare", kind="note", number=1, toggle=True)
    assert [c.value for c in commands(toggle, note(1), note(1, 0), note(1), note(1, 0))] == [1, 0]
    toggle.is_compared = True  # from elsewhere
    assert [c.value for c in commands(toggle, note(1))] == [0]
    held = reader(command="compare", kind="note", number=1)
    assert [c.value for c in commands(held, note(1, 3), note(1, 0))] == [1, 0]


def test_buttons_may_stand_for_a_style_or_a_track() -> None:
    assert commands(reader(command="style", kind="note", number=1, value="warm vocal"), note(1), note(1, 0)) == [
        Command("style", "warm vocal")
    ]
    assert commands(reader(command="automix", kind="note", number=1, value=3), note(1)) == [Command("automix", 3)]


KINDS = st.sampled_from(["note", "cc", "cc14", "pitch"])
MESSAGES = st.one_of(
    st.builds(cc, st.integers(0, 127), st.integers(0, 127), st.integers(0, 15)),
    st.builds(note, st.integers(0, 127), st.integers(0, 127)),
    st.builds(lambda pitch: mido.Message("pitchwheel", pitch=pitch), st.integers(-8192, 8191)),
)


@given(KINDS, st.integers(0, 31), st.lists(MESSAGES | st.floats(0, 1), max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_amounts_stay_in_range(kind: str, number: int, events: list[mido.Message | float]) -> None:
    fader = reader(command="amount", kind=kind, number=number)
    for event in events:
        if isinstance(event, float):
            fader.set_amount(event)
        else:
            assert all(0.0 <= command.value <= 1.0 for command in commands(fader, event))  # type: ignore[operator]
