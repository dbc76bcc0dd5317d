"""The MIDI messages of each kind of control: one table that encodes a value as a message and decodes it again.

Values are 0..1 over the whole range of a message. A 14-bit controller ("cc14") is two controllers, N and N + `FINE`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import mido

FINE = 32  # how far above its coarse half the number of a 14-bit controller's fine half lies
MAX_14_BITS = 16383


class MessageSpec(NamedTuple):
    """mido's type of message, its fields for the number of the control and the value, and the bounds of the value."""

    type: str
    number_field: str
    value_field: str
    low: int
    high: int


SPECS = {
    "note": MessageSpec("note_on", "note", "velocity", 0, 127),
    "cc": MessageSpec("control_change", "control", "value", 0, 127),
    "pitch": MessageSpec("pitchwheel", "", "pitch", -8192, 8191),
}


def encode(kind: str, number: int, channel: int, value: float) -> tuple[Any, ...]:
    """Return the mido messages that say a value.

    Args:
        kind: of `SPECS`, or "cc14".
        number: of the note or controller; "pitch" has none.
        channel: 1..16.
        value: 0..1.

    >>> [message.bytes() for message in encode("cc14", 20, 1, 0.5)]
    [[176, 20, 64], [176, 52, 0]]
    """
    if kind == "cc14":
        coarse, fine = divmod(round(value * MAX_14_BITS), 128)
        return (*encode("cc", number, channel, coarse / 127), *encode("cc", number + FINE, channel, fine / 127))
    spec = SPECS[kind]
    fields = {spec.value_field: spec.low + round(value * (spec.high - spec.low))}
    if spec.number_field:
        fields[spec.number_field] = number
    return (mido.Message(spec.type, channel=channel - 1, **fields),)


def decode(kind: str, number: int, message: Any) -> float | None:
    """Return what a mido message says of the control, 0..1; None where it is about another one.

    >>> decode("note", 60, mido.Message("note_off", note=60))
    0.0
    """
    spec = SPECS[kind]
    is_note_off = kind == "note" and message.type == "note_off"
    if message.type != spec.type and not is_note_off:
        return None
    if spec.number_field and getattr(message, spec.number_field) != number:
        return None
    return 0.0 if is_note_off else (getattr(message, spec.value_field) - spec.low) / (spec.high - spec.low)
