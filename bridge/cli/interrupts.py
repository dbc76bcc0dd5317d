"""Ctrl+C during long work: once to stop it cleanly, twice to end it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cancellable() -> Iterator[threading.Event]:
    """Ctrl+C sets the event, so that long work can put itself away; a second one ends the program at once."""
    event = threading.Event()

    def cancel(_signal: int, _frame: object) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
