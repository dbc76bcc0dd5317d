"""What motors and lights of a MIDI surface show: where the amount and compare stand, and whether a job runs.

A fader is never moved while the user moves it: what concerns it waits until it has rested. No port is opened here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings
from bridge.surfaces.midi.message_specs import encode

REST_S = 0.3  # how long a control must not have moved before it is moved
ON, OFF = 1.0, 0.0


@dataclass
class MidiFeedback:
    """The state of each command, 0..1, and which of the controls show it. `clock` in seconds."""

    bindings: MidiBindings
    clock: Callable[[], float]
    _states: dict[str, float] = field(default_factory=dict)
    _shown: dict[MidiBinding, tuple[Any, ...]] = field(default_factory=dict)
    _moved_at_s: dict[MidiBinding, float] = field(default_factory=dict)

    def update(self, address: str, *values: Any) -> None:
        """Take in a feedback message of Bridge's; unknown ones show nothing."""
        match address, values:
            case ("/bridge/amount", (float() | int() as amount,)):
                self._states["amount"] = min(max(float(amount), 0.0), 1.0)
            case ("/bridge/compare", (int() as is_on,)):
                self._states["compare"] = float(bool(is_on))
            case ("/bridge/progress", (float() | int() as share,)):
                self._states["automix"] = ON if share < 1 else OFF
            case ("/bridge/result" | "/bridge/error", _):
                self._states["automix"] = OFF

    def note_movement(self, binding: MidiBinding, value: float | None) -> None:
        """The user has moved a control; `value`: the amount that it sets, if that is where it stands now."""
        self._moved_at_s[binding] = self.clock()
        if value is not None and not binding.relative:
            self._shown[binding] = _messages(binding, value)
        else:
            self._shown.pop(binding, None)

    def with_bindings(self, bindings: MidiBindings) -> MidiFeedback:
        """Return the same states on other controls: all are to be shown."""
        return MidiFeedback(bindings, self.clock, dict(self._states))

    def reset(self) -> None:
        """The surface was away: everything is to be shown again."""
        self._shown.clear()
        self._moved_at_s.clear()

    def due_messages(self) -> Iterator[Any]:
        """Yield the mido messages that bring the surface up to date, but for controls that are being moved."""
        for binding in self.bindings.control:
            if not binding.feedback or binding.command not in self._states or self._rest_left_s(binding) > 0:
                continue
            messages = _messages(binding, self._states[binding.command])
            if messages != self._shown.get(binding):
                self._shown[binding] = messages
                yield from messages

    @property
    def wait_s(self) -> float | None:
        """Seconds until a control that is held back has rested; None where none is."""
        left_s = [left for binding in self._moved_at_s if (left := self._rest_left_s(binding)) > 0]
        return max(min(left_s), 0.001) if left_s else None

    def _rest_left_s(self, binding: MidiBinding) -> float:
        moved_at_s = self._moved_at_s.get(binding)
        return 0.0 if moved_at_s is None else REST_S - (self.clock() - moved_at_s)


def _messages(binding: MidiBinding, value: float) -> tuple[Any, ...]:
    """Return a state as the messages that its control understands; without a channel, on the first."""
    return encode(binding.kind, binding.number, binding.channel or 1, value)
