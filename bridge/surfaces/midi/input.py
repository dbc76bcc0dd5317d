"""From MIDI messages to commands: halves of 14-bit controllers, steps of encoders, soft takeover, buttons.

One reader for each surface, used by one thread at a time. It opens no port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.surfaces.commands import COMMANDS, Command
from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings, Relative

NEAR = 1.5 / 127  # a control this close to the amount has arrived at it
PRESSED = 64  # of controllers that are buttons
FINE = 32  # how far above its coarse half the number of a controller's fine half lies


@dataclass
class _Hand:
    """What is known of one control."""

    position: float | None = None  # where it stands, 0..1
    has_amount: bool = False  # soft takeover: it moves the amount
    coarse: int | None = None  # the first half of 14 bits
    is_half: bool = False  # the second half has not come yet


@dataclass
class MidiInput:
    """`amount` and `is_compared` are where the commands stand, as far as known; feedback keeps them true."""

    layout: MidiBindings
    amount: float | None = None
    is_compared: bool = False
    _hands: dict[MidiBinding, _Hand] = field(default_factory=dict)

    def read(self, message: Any) -> list[tuple[MidiBinding, Command | None]]:
        """The controls that a mido message moves, each with the command that it asks for."""
        moved = []
        for binding in self.layout.control:
            hand = self._hands.setdefault(binding, _Hand())
            if (value := _value_of(binding, hand, message)) is not None:
                moved.append((binding, self._command(binding, hand, *value)))
        return moved

    @property
    def is_waiting(self) -> bool:
        """Whether a 14-bit controller has sent its first half alone."""
        return any(hand.is_half for hand in self._hands.values())

    def flush(self) -> list[tuple[MidiBinding, Command | None]]:
        """What first halves ask for whose second ones do not come: some surfaces leave out what has not changed."""
        moved = []
        for binding, hand in self._hands.items():
            if hand.is_half and hand.coarse is not None:
                hand.is_half = False
                moved.append((binding, self._command(binding, hand, hand.coarse / 127, hand.coarse)))
        return moved

    def hear_amount(self, amount: float) -> None:
        """The amount stands there now: controls that stand elsewhere must come for it again."""
        self.amount = amount
        for hand in self._hands.values():
            if hand.position is not None and abs(hand.position - amount) > NEAR:
                hand.has_amount = False

    def forget_positions(self) -> None:
        """After a surface has come back: nobody knows where its controls stand."""
        self._hands.clear()

    # ------------------------------------------------------------ one control

    def _command(self, binding: MidiBinding, hand: _Hand, share: float, raw: int) -> Command | None:
        kind = COMMANDS[binding.command].kind
        if kind is float:
            amount = self._stepped(binding, raw) if binding.relative else self._taken(binding, hand, share)
            if amount is None:
                return None
            self.amount = amount
            return Command(binding.command, amount)
        if binding.command == "compare":
            return self._compare(binding, share)
        return Command(binding.command, binding.value) if share > 0 else None

    def _stepped(self, binding: MidiBinding, raw: int) -> float:
        assert binding.relative
        moved = (1.0 if self.amount is None else self.amount) + binding.step * STEPS[binding.relative](raw)
        return min(max(moved, 0.0), 1.0)

    def _taken(self, binding: MidiBinding, hand: _Hand, share: float) -> float | None:
        """The amount that a control asks for; None until it has come to where the amount stands."""
        before, hand.position = hand.position, share
        if binding.takeover == "pickup" and not hand.has_amount and self.amount is not None:
            has_passed = before is not None and min(before, share) <= self.amount <= max(before, share)
            if not has_passed and abs(share - self.amount) > NEAR:
                return None
        hand.has_amount = True
        return share

    def _compare(self, binding: MidiBinding, share: float) -> Command | None:
        is_on = share >= PRESSED / 127 or (binding.kind == "note" and share > 0)
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


def _value_of(binding: MidiBinding, hand: _Hand, message: Any) -> tuple[float, int] | None:
    """What a message says of a control: its share 0..1 and the raw number; None where it is about another."""
    channel = getattr(message, "channel", None)
    if channel is None or binding.channel not in (None, channel + 1):
        return None
    match binding.kind, message.type:
        case "note", "note_on" if message.note == binding.number:
            return message.velocity / 127, message.velocity
        case "note", "note_off" if message.note == binding.number:
            return 0.0, 0
        case "cc", "control_change" if message.control == binding.number:
            return message.value / 127, message.value
        case "pitch", "pitchwheel":
            return (message.pitch + 8192) / 16383, message.pitch
        case "cc14", "control_change":
            return _half(binding, hand, message)
    return None


def _half(binding: MidiBinding, hand: _Hand, message: Any) -> tuple[float, int] | None:
    """Of a 14-bit controller the coarse half comes first and is kept back; a fine half may also come alone."""
    if message.control == binding.number:
        hand.coarse, hand.is_half = message.value, True
    elif message.control == binding.number + FINE and hand.coarse is not None:
        hand.is_half = False
        return (hand.coarse << 7 | message.value) / 16383, hand.coarse
    return None
