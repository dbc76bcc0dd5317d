"""What motors and lights of a MIDI surface are sent: where the amount and compare stand, and whether a job runs.

A fader is never moved under the user's hand: what concerns it waits until it has rested. No port is opened here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import mido

from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings
from bridge.surfaces.midi.input import FINE

REST_S = 0.3  # how long a control must not have moved before it is moved
ON, OFF = 1.0, 0.0


@dataclass
class MidiFeedback:
    """`states`: what each command shows, 0..1. `clock` in seconds."""

    layout: MidiBindings
    clock: Callable[[], float]
    _states: dict[str, float] = field(default_factory=dict)
    _shown: dict[MidiBinding, tuple[Any, ...]] = field(default_factory=dict)
    _moved_at_s: dict[MidiBinding, float] = field(default_factory=dict)

    def tell(self, path: str, *values: Any) -> None:
        """Take in a feedback message of Bridge's; unknown ones show nothing."""
        match path, values:
            case ("/bridge/amount", (float() | int() as amount,)):
                self._states["amount"] = min(max(float(amount), 0.0), 1.0)
            case ("/bridge/compare", (int() as is_on,)):
                self._states["compare"] = float(bool(is_on))
            case ("/bridge/progress", (float() | int() as share,)):
                self._states["automix"] = ON if share < 1 else OFF
            case ("/bridge/result" | "/bridge/error", _):
                self._states["automix"] = OFF

    def moved(self, binding: MidiBinding, value: float | None) -> None:
        """The user has moved a control; `value`: what it asks for, if that is where it stands now."""
        self._moved_at_s[binding] = self.clock()
        if value is not None and not binding.relative:
            self._shown[binding] = _messages(binding, value)
        else:
            self._shown.pop(binding, None)

    def using(self, layout: MidiBindings) -> MidiFeedback:
        """The same states on other controls: all are to be shown."""
        return MidiFeedback(layout, self.clock, dict(self._states))

    def forget(self) -> None:
        """The surface was away: everything is to be shown again."""
        self._shown.clear()
        self._moved_at_s.clear()

    def due(self) -> Iterator[Any]:
        """The mido messages that bring the surface up to date, but for controls that are being moved."""
        for binding in self.layout.control:
            if not binding.feedback or binding.command not in self._states or self._is_held(binding):
                continue
            messages = _messages(binding, self._states[binding.command])
            if messages != self._shown.get(binding):
                self._shown[binding] = messages
                yield from messages

    @property
    def wait_s(self) -> float | None:
        """Seconds until a control that is held back has rested; None where none is."""
        left = [REST_S - (self.clock() - at_s) for binding, at_s in self._moved_at_s.items() if self._is_held(binding)]
        return max(min(left), 0.001) if left else None

    def _is_held(self, binding: MidiBinding) -> bool:
        return self.clock() - self._moved_at_s.get(binding, -REST_S) < REST_S


def _messages(binding: MidiBinding, value: float) -> tuple[Any, ...]:
    """A state as the messages that its control understands; without a channel, on the first."""
    channel = (binding.channel or 1) - 1
    if binding.kind == "pitch":
        return (mido.Message("pitchwheel", channel=channel, pitch=round(value * 16383) - 8192),)
    if binding.kind == "note":
        return (mido.Message("note_on", channel=channel, note=binding.number, velocity=round(value * 127)),)
    if binding.kind == "cc":
        return (mido.Message("control_change", channel=channel, control=binding.number, value=round(value * 127)),)
    coarse, fine = divmod(round(value * 16383), 128)
    return (
        mido.Message("control_change", channel=channel, control=binding.number, value=coarse),
        mido.Message("control_change", channel=channel, control=binding.number + FINE, value=fine),
    )
