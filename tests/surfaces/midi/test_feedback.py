"""Motors and lights: where the amount and compare stand, never against the user's hand, nothing twice."""

from __future__ import annotations

import mido

from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings
from bridge.surfaces.midi.feedback import REST_S, MidiFeedback

FADER = MidiBinding(command="amount", kind="pitch", channel=2)
KNOB = MidiBinding(command="amount", number=5)
FINE = MidiBinding(command="amount", kind="cc14", number=6)
LIGHT = MidiBinding(command="compare", kind="note", number=9)
BUSY = MidiBinding(command="automix", kind="note", number=10)
DARK = MidiBinding(command="compare", kind="note", number=11, feedback=False)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def display(*bindings: MidiBinding) -> tuple[MidiFeedback, Clock]:
    clock = Clock()
    return MidiFeedback(MidiBindings(control=bindings), clock), clock


def cc(control: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=control, value=value)


def light(note: int, velocity: int) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=velocity)


def test_the_amount_is_shown_in_the_words_of_each_control_once() -> None:
    shown, _ = display(FADER, KNOB, FINE)
    assert list(shown.due_messages()) == []
    shown.update("/bridge/amount", 0.5)
    assert list(shown.due_messages()) == [
        mido.Message("pitchwheel", channel=1, pitch=0), cc(5, 64), cc(6, 64), cc(38, 0),
    ]  # fmt: skip
    assert list(shown.due_messages()) == []
    shown.update("/bridge/amount", 1.0)
    assert next(iter(shown.due_messages())) == mido.Message("pitchwheel", channel=1, pitch=8191)


def test_lights_follow_compare_and_a_running_job() -> None:
    shown, _ = display(LIGHT, BUSY, DARK)
    shown.update("/bridge/compare", 1)
    assert list(shown.due_messages()) == [light(9, 127)]
    shown.update("/bridge/progress", 0.2)
    assert list(shown.due_messages()) == [light(10, 127)]
    shown.update("/bridge/result", "id", "apply", "", 3)
    shown.update("/bridge/compare", 0)
    assert list(shown.due_messages()) == [light(9, 0), light(10, 0)]
    shown.update("/bridge/status", "text")
    assert list(shown.due_messages()) == []


def test_a_fader_is_not_moved_under_the_hand() -> None:
    shown, clock = display(KNOB)
    shown.note_movement(KNOB, 0.3)
    shown.update("/bridge/amount", 0.3)
    assert shown.wait_s is not None
    assert list(shown.due_messages()) == []
    clock.now_s += 1.01 * REST_S
    assert shown.wait_s is None
    assert list(shown.due_messages()) == []  # it stands there already
    shown.note_movement(KNOB, 0.4)
    shown.update("/bridge/amount", 0.9)
    assert list(shown.due_messages()) == []
    clock.now_s += 1.01 * REST_S
    assert list(shown.due_messages()) == [cc(5, 114)]


def test_a_fader_that_waits_to_take_over_is_brought_back() -> None:
    """Soft takeover: it asked for nothing, so a motor moves it to where the amount stands."""
    shown, clock = display(KNOB)
    shown.update("/bridge/amount", 0.5)
    assert list(shown.due_messages()) == [cc(5, 64)]
    shown.note_movement(KNOB, None)
    clock.now_s += 1.01 * REST_S
    assert list(shown.due_messages()) == [cc(5, 64)]


def test_a_surface_that_was_away_is_shown_everything_again() -> None:
    shown, _ = display(KNOB, LIGHT)
    shown.update("/bridge/amount", 0.0)
    shown.update("/bridge/compare", 1)
    first = list(shown.due_messages())
    shown.reset()
    assert list(shown.due_messages()) == first == [cc(5, 0), light(9, 127)]
