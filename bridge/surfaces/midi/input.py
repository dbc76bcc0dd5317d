"""From MIDI messages to commands: halves of 14-bit controllers, steps of encoders, soft takeover, buttons.

One reader for each surface, used by one thread at a time. It opens no port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.surfaces.commands import COMMANDS, Command
from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings, Relative
from bridge.surfaces.midi.message_specs import FINE, MAX_14_BITS, decode

NEAR = 1.5 / 127  # a control this close to the amount has arrived at it
PRESSED = 64 / 127  # of controllers that are buttons

Movement = tuple[MidiBinding, Command | None]
"""A control that was moved, and the command that this makes."""


@dataclass
class _ControlState:
    position: float | None = None  # where it stands, 0..1
    has_amount: bool = False  # soft takeover: it moves the amount
    coarse: int | None = None  # the first half of 14 bits
    is_half: bool = False  # the second half has not come yet


@dataclass
class MidiInput:
    """The reader of one surface. `amount` and `is_compared` are where the commands stand, as far as known; feedback
    keeps them true."""

    bindings: MidiBindings
    amount: float | None = None
    is_compared: bool = False
    _states: dict[MidiBinding, _ControlState] = field(default_factory=dict)

    def read(self, message: Any) -> list[Movement]:
        """Return the controls that a mido message moves."""
        moved = []
        for binding in self.bindings.control:
            state = self._states.setdefault(binding, _ControlState())
            if (value := _value_of(binding, state, message)) is not None:
                moved.append((binding, self._command(binding, state, value)))
        return moved

    @property
    def is_waiting(self) -> bool:
        """Whether a 14-bit controller has sent its first half alone."""
        return any(state.is_half for state in self._states.values())

    def flush(self) -> list[Movement]:
        """Take first halves for the whole whose second ones do not come: some surfaces leave out what has not
        changed."""
        moved = []
        for binding, state in self._states.items():
            if state.is_half and state.coarse is not None:
                state.is_half = False
                moved.append((binding, self._command(binding, state, state.coarse / 127)))
        return moved

    def set_amount(self, amount: float) -> None:
        """The amount stands there now: controls that stand elsewhere must come for it again."""
        self.amount = amount
        for state in self._states.values():
            if state.position is not None and abs(state.position - amount) > NEAR:
                state.has_amount = False

    def forget_positions(self) -> None:
        """After a surface has come back: nobody knows where its controls stand."""
        self._states.clear()

    # ------------------------------------------------------------ one control

    def _command(self, binding: MidiBinding, state: _ControlState, value: float) -> Command | None:
        if COMMANDS[binding.command].kind is float:
            amount = self._stepped(binding, value) if binding.relative else self._picked_up(binding, state, value)
            if amount is None:
                return None
            self.amount = amount
            return Command(binding.command, amount)
        if binding.command == "compare":
            return self._compare(binding, value)
        return Command(binding.command, binding.value) if value > 0 else None

    def _stepped(self, binding: MidiBinding, value: float) -> float:
        assert binding.relative
        steps = STEPS[binding.relative](round(value * 127))
        return min(max((1.0 if self.amount is None else self.amount) + binding.step * steps, 0.0), 1.0)

    def _picked_up(self, binding: MidiBinding, state: _ControlState, value: float) -> float | None:
        """Return the amount that a control sets; None until it has come to where the amount stands."""
        before, state.position = state.position, value
        if binding.takeover == "pickup" and not state.has_amount and self.amount is not None:
            has_passed = before is not None and min(before, value) <= self.amount <= max(before, value)
            if not has_passed and abs(value - self.amount) > NEAR:
                return None
        state.has_amount = True
        return value

    def _compare(self, binding: MidiBinding, value: float) -> Command | None:
        is_on = value >= PRESSED or (binding.kind == "note" and value > 0)
        if binding.toggle:
            if not is_on:
                return None
            is_on = not self.is_compared
        self.is_compared = is_on
        return Command("compare", int(is_on))


STEPS: dict[Relative, Callable[[int], int]] = {
    "twos-complement": lambda raw: raw - 128 if raw > 63 else raw,
    "binary-offset": lambda raw: raw - 64,
    "sign-bit": lambda raw: -(raw & 63) if raw & 64 else raw,
}
"""How encoders write steps into seven bits."""


def _value_of(binding: MidiBinding, state: _ControlState, message: Any) -> float | None:
    """Return what a message says of a control, 0..1; None where it is about another, or the first half of 14 bits: a
    coarse half comes first and is kept back; a fine half may also come alone."""
    channel = getattr(message, "channel", None)
    if channel is None or binding.channel not in (None, channel + 1):
        return None
    if binding.kind != "cc14":
        return decode(binding.kind, binding.number, message)
    if decode("cc", binding.number, message) is not None:
        state.coarse, state.is_half = message.value, True
    elif decode("cc", binding.number + FINE, message) is not None and state.coarse is not None:
        state.is_half = False
        return float((state.coarse << 7 | message.value) / MAX_14_BITS)
    return None
