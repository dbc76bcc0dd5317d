"""The commands of control surfaces: one table that says what each takes, checks it, and gives its OSC address.

OSC packet or MIDI message -> `Command` -> the daemon's command router
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from bridge.errors import LinkError, quoted

Name = Literal["automix", "amount", "compare", "undo", "style", "next", "ping"]
Value = float | int | str | None


class Command(msgspec.Struct, frozen=True):
    """A checked command: `value` has the kind and lies in the range that `COMMANDS` states."""

    name: Name
    value: Value = None


class CommandSpec(NamedTuple):
    """What a command takes.

    Attributes:
        kind: the type of its one argument; None: it takes none.
        low, high: the bounds of a number.
    """

    name: Name
    kind: type[float] | type[int] | type[str] | None
    meaning: str
    is_optional: bool = False
    low: float = -math.inf
    high: float = math.inf

    @property
    def address(self) -> str:
        return f"/bridge/{self.name}"

    @property
    def is_trigger(self) -> bool:
        """Whether a press of a button is enough, and its release means nothing."""
        return self.kind is None or self.is_optional

    def parse(self, arguments: Sequence[object]) -> Value:
        """Return the checked value; see `parse_command`."""
        given = arguments[0] if arguments else None
        if self.kind is None or (self.is_optional and (given is None or _is_press(given))):
            return None
        if given is None:
            raise LinkError(f"{self.name} needs a value: {self.meaning}.")
        if self.kind is str:
            if not isinstance(given, str):
                raise LinkError(f"{self.name} needs a text, not {quoted(given)}: {self.meaning}.")
            return given
        number = _number(self.name, given)
        if not self.low <= number <= self.high:
            raise LinkError(f"{self.name} takes {self.low:g} to {self.high:g}, not {quoted(given)}: {self.meaning}.")
        return round(number) if self.kind is int else number


COMMANDS: dict[str, CommandSpec] = {
    spec.name: spec
    for spec in (
        CommandSpec("automix", int, "auto-mix the selected tracks, or track N", is_optional=True, low=0, high=100_000),
        CommandSpec("amount", float, "how far to go from the track as it was to what Bridge set", low=0, high=1),
        CommandSpec("compare", int, "hear the track as it was (1) or as Bridge set it (0)", low=0, high=1),
        CommandSpec("undo", None, "take Bridge's last step back"),
        CommandSpec("style", str, "the style to sound like; an empty name for none"),
        CommandSpec("next", None, "auto-mix again with the next style"),
        CommandSpec("ping", None, "ask whether the daemon lives"),
    )
}


def parse_command(name: str, arguments: Sequence[object]) -> Command:
    """Return the command that a surface sent.

    Buttons send 1.0 or true on a press and 0.0 on a release. For a command without an argument the caller sees to
    that; where one may be left out, a press has none: track 1 is named by the integer 1.

    Args:
        name: as in `COMMANDS`.
        arguments: numbers may be int, float or text; those behind the first are dropped.

    Raises:
        LinkError: an unknown name, a missing value, or one that is no number or out of range.
    """
    spec = COMMANDS.get(name)
    if spec is None:
        raise LinkError(f"{quoted(name)} is no command of Bridge. Commands: {', '.join(COMMANDS)}.")
    return Command(spec.name, spec.parse(arguments))


def is_release(arguments: Sequence[object]) -> bool:
    """Return whether the arguments are a button's release (0, 0.0 or False), which starts nothing."""
    return len(arguments) > 0 and not isinstance(arguments[0], str) and arguments[0] in (0, 0.0, False)


def _is_press(value: object) -> bool:
    return value is True or (isinstance(value, float) and value == 1.0)


def _number(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise LinkError(f"{name} needs a number, not {quoted(value)}.")
    return number
