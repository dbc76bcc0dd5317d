"""Progress of long work on standard error: a bar where a terminal is, lines now and then where none is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[float, str], None]

LINE_EVERY_S = 15.0  # where no terminal shows a bar


@contextmanager
def shown_progress(title: str, *, in_lines: bool = False) -> Iterator[Progress]:
    """A bar with the time left over the latest step; call it with (fraction 0..1, step).

    Without a terminal nothing is shown, or lines with `in_lines`.
    """
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    console, left = Console(stderr=True), TimeLeft()
    if not console.is_terminal:
        yield ProgressLines(left) if in_lines else lambda _fraction, _step: None
        return
    columns = (title, BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Bar(*columns, console=console)
    task = bar.add_task("", total=1.0)
    with Live(console=console, transient=True) as live:

        def show(fraction: float, step: str) -> None:
            bar.update(task, completed=fraction, description=left.text(fraction))
            live.update(Group(bar, Text(step)))

        yield show


class TimeLeft:
    """How long the rest will take at the speed that there was since the first call."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def text(self, fraction: float) -> str:
        """'3:20 left', or nothing while nothing is known."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, fraction)
        begin, first = self._first
        if fraction <= first:
            return ""
        left_s = round((now - begin) * (1 - fraction) / (fraction - first))
        hours, rest = divmod(left_s, 3600)
        minutes, seconds = divmod(rest, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d} left" if hours else f"{minutes}:{seconds:02d} left"


class ProgressLines:
    """A line now and then; every one that is about a validation."""

    def __init__(self, left: TimeLeft) -> None:
        self._left = left
        self._last = float("-inf")

    def __call__(self, fraction: float, step: str) -> None:
        left = self._left.text(fraction)
        if "validation" not in step and time.monotonic() - self._last < LINE_EVERY_S:
            return
        self._last = time.monotonic()
        click.echo(f"{fraction:4.0%} {step}" + (f"; {left}" if left else ""), err=True)
