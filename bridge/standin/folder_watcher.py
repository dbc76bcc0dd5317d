"""Wakes a stand-in whose scripts only wait, when something happens in Bridge's folder."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class ChangeWaiter(FileSystemEventHandler):
    """Notices files that come into `folder`. It begins with `watch` and ends with `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._event = threading.Event()
        self._observer: Any = None

    def watch(self) -> None:
        """Begin to watch, where that has not begun."""
        if self._observer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._observer = Observer()
            self._observer.schedule(self, str(self._folder), recursive=True)
            self._observer.start()

    def clear(self) -> None:
        self._event.clear()

    def wait(self, limit_s: float) -> None:
        """Until something has happened since `clear`, or for `limit_s` seconds."""
        self._event.wait(limit_s)

    def close(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("created", "moved", "closed"):
            self._event.set()
