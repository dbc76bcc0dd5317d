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
    """A bar with the time left; call it with (fraction 0..1, step). Without a terminal nothing, or `in_lines`."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if in_lines and not console.is_terminal:
        yield PlainLines(TimeLeft())
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda fraction, step: bar.update(task, completed=fraction, description=f"{title}: {step}")


class TimeLeft:
    """How long the rest will take at the speed that there was since the first call."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def told(self, share: float) -> str:
        """'3:20 left', or nothing while nothing is known."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, share)
        begin, first = self._first
        if share <= first:
            return ""
        left_s = round((now - begin) * (1 - share) / (share - first))
        hours, rest = divmod(left_s, 3600)
        minutes, seconds = divmod(rest, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d} left" if hours else f"{minutes}:{seconds:02d} left"


class PlainLines:
    """A line now and then; every one that tells of a validation."""

    def __init__(self, left: TimeLeft) -> None:
        self._left = left
        self._last = float("-inf")

    def __call__(self, share: float, text: str) -> None:
        told = self._left.told(share)
        if "validation" not in text and time.monotonic() - self._last < LINE_EVERY_S:
            return
        self._last = time.monotonic()
        click.echo(f"{share:4.0%} {text}" + (f"; {told}" if told else ""), err=True)
