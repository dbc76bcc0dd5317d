"""Learns what kind of control a user has just moved: note, button, fader, encoder, 7 or 14 bit.

Feed it messages until it knows. For the amount it wants to see some of a movement; for buttons one message is enough.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from bridge.errors import LinkError
from bridge.surfaces.commands import COMMANDS, Name
from bridge.surfaces.midi.bindings import MidiBinding, Relative
from bridge.surfaces.midi.input import STEPS
from bridge.surfaces.midi.message_specs import FINE

ENOUGH = 10  # messages of one controller
LARGEST_STEP = 8  # that an encoder sends when it is turned slowly


class MidiLearner:
    """Learns one control for a command. `value`: what goes with it, see `MidiBinding`."""

    def __init__(self, command: Name, *, value: str | int | None = None) -> None:
        self._command, self._value = command, value
        self._is_continuous = COMMANDS[command].kind is float
        self._seen: dict[tuple[int, int], list[int]] = defaultdict(list)  # (channel, controller): values
        self._pitches: dict[int, int] = defaultdict(int)

    def feed(self, message: Any) -> MidiBinding | None:
        """Return the binding, as soon as it is known."""
        match message.type:
            case "note_on" if message.velocity > 0 and not self._is_continuous:
                return self._binding(kind="note", number=message.note, channel=message.channel + 1, toggle=True)
            case "pitchwheel" if self._is_continuous:
                self._pitches[message.channel] += 1
                if self._pitches[message.channel] >= ENOUGH // 2:
                    return self._binding(kind="pitch", channel=message.channel + 1)
            case "control_change" if self._is_continuous:
                self._seen[message.channel, message.control].append(message.value)
                return self._moved(message.channel, message.control)
            case "control_change" if message.value > 0:
                return self._binding(kind="cc", number=message.control, channel=message.channel + 1)
        return None

    def finish(self) -> MidiBinding:
        """Return what is known at the end of a movement that was short. LinkError where nothing fit was moved."""
        places = sorted(self._seen, key=lambda place: len(self._seen[place]), reverse=True)
        for channel, control in places:
            if (binding := self._moved(channel, control, enough=1)) is not None:
                return binding
        wanted = "a fader, knob or encoder" if self._is_continuous else "a button or pad"
        raise LinkError(f"Nothing arrived that could be {self._command}. Move {wanted} of the surface, then retry.")

    def _moved(self, channel: int, control: int, *, enough: int = ENOUGH) -> MidiBinding | None:
        coarse = control - FINE if FINE <= control < 2 * FINE and self._seen[channel, control - FINE] else control
        values = self._seen[channel, coarse]
        fine = self._seen[channel, coarse + FINE] if coarse < FINE else []
        if len(values) + len(fine) < enough:
            return None
        if fine:
            return self._binding(kind="cc14", number=coarse, channel=channel + 1)
        return self._binding(kind="cc", number=coarse, channel=channel + 1, relative=relative_kind(values))

    def _binding(self, **found: Any) -> MidiBinding:
        if self._command != "compare":
            found.pop("toggle", None)
        return MidiBinding(command=self._command, value=self._value, **found)


def relative_kind(values: list[int]) -> Relative | None:
    """Return how an encoder writes its steps, by what it has sent; None for a control that sends where it stands.

    A fader sends a value only when it has changed, and ends elsewhere than it began; an encoder repeats the same few
    small steps. Turned one way only, the encodings can look alike: the widest known one is taken.

    >>> relative_kind([1, 1, 2, 1, 127, 127]), relative_kind([65, 65, 63, 63]), relative_kind([1, 1, 65, 65])
    ('twos-complement', 'binary-offset', 'sign-bit')
    >>> relative_kind([60, 61, 62, 64, 66]) is None
    True
    """
    if not any(first == second for first, second in pairwise(values)):
        return None
    fitting = [kind for kind, step in STEPS.items() if all(0 < abs(step(value)) <= LARGEST_STEP for value in values)]
    return fitting[0] if fitting else None
