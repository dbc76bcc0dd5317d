"""The commands of all surfaces, in the order in which they arrived: the one line in which they wait for REAPER.

A fader sends more values than anybody needs: of those that wait side by side only the newest counts. Nothing else is
left out, and nothing overtakes.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from bridge.errors import LinkError
from bridge.surfaces.commands import Command

MAX_WAITING = 16


class QueuedCommand(NamedTuple):
    """A command, and the style that was chosen when it arrived (see `JobDefaults`)."""

    command: Command
    style: str | None = None

    @property
    def is_amount(self) -> bool:
        return self.command.name == "amount"

    @property
    def amount(self) -> float:
        """The value of a fader, 0..1."""
        return float(self.command.value or 0.0)


class CommandQueue:
    """Commands that wait. Not locked by itself: `AmountControl` holds its condition."""

    def __init__(self) -> None:
        self._waiting: deque[QueuedCommand] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def head(self) -> QueuedCommand | None:
        """The one whose turn is next."""
        return self._waiting[0] if self._waiting else None

    @property
    def is_amount_next(self) -> bool:
        return bool(self._waiting) and self._waiting[0].is_amount

    @property
    def is_other_next(self) -> bool:
        """Whether something else than an amount has its turn."""
        return bool(self._waiting) and not self._waiting[0].is_amount

    def check_room(self, command: Command) -> None:
        """LinkError where too many wait. An amount always has room: the last value of a fader is not lost."""
        if len(self._waiting) >= MAX_WAITING and command.name != "amount":
            raise LinkError(f"{command.name} was dropped: {MAX_WAITING} commands wait for REAPER. Wait for it.")

    def put(self, command: Command, style: str | None = None) -> None:
        """Add a command behind all others."""
        last = self._waiting[-1].command if self._waiting else None
        if last is not None and command.name == last.name == "amount":
            self._waiting.pop()
        self._waiting.append(QueuedCommand(command, style))

    def take(self) -> QueuedCommand:
        return self._waiting.popleft()

    def take_amount(self) -> float | None:
        """The amount whose turn is next; None where it is something else's, or nobody's."""
        return self.take().amount if self.is_amount_next else None

    def drop_others(self) -> list[Command]:
        """Take out everything but the newest amount."""
        dropped = [waiting.command for waiting in self._waiting if not waiting.is_amount]
        amounts = [waiting for waiting in self._waiting if waiting.is_amount]
        self._waiting = deque(amounts[-1:])
        return dropped
