"""What a control surface can ask of Bridge: one type of command and one table, whatever wire it came over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from bridge.errors import LinkError, shown

Name = Literal["automix", "amount", "compare", "undo", "style", "next", "ping"]
Value = float | int | str | None


class Command(msgspec.Struct, frozen=True):
    """A checked command: `value` has the kind and lies in the range that `COMMANDS` states."""

    name: Name
    value: Value = None


class CommandSpec(NamedTuple):
    """`kind` is the type of the one argument (None: takes none); `low` and `high` bound a number."""

    name: Name
    kind: type[float] | type[int] | type[str] | None
    meaning: str
    is_optional: bool = False
    low: float = -math.inf
    high: float = math.inf


COMMANDS: dict[Name, CommandSpec] = {
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
    """A command from what a surface sent: numbers may come as int, float or text, extra arguments are dropped.

    Buttons send 1.0 or true on a press and 0.0 on a release. For a command without an argument the caller sees to
    that; where one may be left out, a press has none: track 1 is asked for with the integer 1. Raises LinkError for an
    unknown name, a missing value, or one that is no number or out of range.
    """
    spec = next((spec for spec in COMMANDS.values() if spec.name == name), None)
    if spec is None:
        raise LinkError(f"{shown(name)} is no command of Bridge. Commands: {', '.join(COMMANDS)}.")
    if spec.kind is None:
        return Command(spec.name)
    if not arguments or arguments[0] is None or (spec.is_optional and _is_press(arguments[0])):
        if spec.is_optional:
            return Command(spec.name)
        raise LinkError(f"{name} needs a value: {spec.meaning}.")
    if spec.kind is str:
        if not isinstance(arguments[0], str):
            raise LinkError(f"{name} needs a text, not {shown(arguments[0])}: {spec.meaning}.")
        return Command(spec.name, arguments[0])
    number = _number(name, arguments[0])
    if not spec.low <= number <= spec.high:
        raise LinkError(f"{name} takes {spec.low:g} to {spec.high:g}, not {shown(arguments[0])}: {spec.meaning}.")
    return Command(spec.name, round(number) if spec.kind is int else number)


def is_release(arguments: Sequence[object]) -> bool:
    """Whether the arguments are a button's release (0, 0.0 or False), which starts nothing."""
    return len(arguments) > 0 and not isinstance(arguments[0], str) and arguments[0] in (0, 0.0, False)


def _is_press(value: object) -> bool:
    return value is True or (isinstance(value, float) and value == 1.0)


def _number(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise LinkError(f"{name} needs a number, not {shown(value)}.")
    return number
