"""REAPER's undo history: points with a text, blocks that make one point, and states that come back in parts.

A point keeps only the parts of the project that its flags name; what changed without a block joins the next point
that names its part. Every block with flags makes a point, also one in which nothing changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.standin.faults import Misuse
from bridge.standin.project.interfaces import OwningProject

FLAG_OF_PART = {"tracks": 1, "fx": 2, "items": 4}


@dataclass
class _Point:
    text: str
    state: dict[str, Any]


class UndoHistory:
    """The history of one project."""

    def __init__(self, project: OwningProject) -> None:
        self._project = project
        self._points = [_Point("", project.capture())]
        self._position = 0
        self.block_depth = 0

    @property
    def texts(self) -> list[str]:
        """The texts of the points that can be undone, oldest first."""
        return [point.text for point in self._points[1 : self._position + 1]]

    @property
    def redo_text(self) -> str | None:
        return self._points[self._position + 1].text if self._position + 1 < len(self._points) else None

    def rebase(self) -> None:
        """Take what is there now as the state of the last point: a test has set the project up."""
        self._points[self._position].state = self._project.capture()

    def begin(self) -> None:
        self.block_depth += 1

    def end(self, text: str, flags: int) -> None:
        """End a block; the outermost one makes the point."""
        if self.block_depth == 0:
            raise Misuse(f"Undo_EndBlock({text!r}) without Undo_BeginBlock")
        self.block_depth -= 1
        if self.block_depth == 0 and flags != 0:
            self.add(text, flags)

    def add(self, text: str, flags: int) -> None:
        """Make a point of the parts that the flags name (-1: all)."""
        last, now = self._points[self._position].state, self._project.capture()
        state = {part: now[part] if flags & FLAG_OF_PART[part] else last[part] for part in now}
        del self._points[self._position + 1 :]
        self._points.append(_Point(text, state))
        self._position += 1
        self._project.touch()

    def undo(self) -> bool:
        return self._go(self._position - 1)

    def redo(self) -> bool:
        return self._go(self._position + 1)

    def _go(self, position: int) -> bool:
        if not 0 <= position < len(self._points):
            return False
        here, there = self._points[self._position].state, self._points[position].state
        for part, state in there.items():
            if state != here[part]:
                self._project.restore(part, state)
        self._position = position
        return True
