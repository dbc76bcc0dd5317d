"""How REAPER counts: from 0 on, and nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def at(things: Sequence[Thing], index: int) -> Thing | None:
    """The thing at `index`; None beyond either end."""
    return things[index] if 0 <= index < len(things) else None
