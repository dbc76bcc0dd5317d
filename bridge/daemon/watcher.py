"""Watching folders: requests that arrive and models that change on disk.

The system's notices make the daemon quick; a slow poll of the spool (the service's) makes it sure. Only a close or
a rename counts, so nobody reads half a file. This module puts things into queues and does no work of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import FileClosedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from bridge.reaper.protocol.spool import request_id_of

log = logging.getLogger(__name__)


class FolderWatcher:
    """Calls `on_request`, `on_receipt` and `on_answer` with the id of each that arrives, `on_model` when a model
    file has changed.

    All are called on the watcher's thread and must return quickly.
    """

    def __init__(
        self,
        spool: Path,
        model_folders: Iterable[Path],
        *,
        on_request: Callable[[str], None],
        on_receipt: Callable[[str], None],
        on_answer: Callable[[str], None],
        on_model: Callable[[], None],
    ) -> None:
        def changed(path: Path) -> None:
            if path.suffix != ".part":
                on_model()

        self._observer = Observer()
        arrivals = {"requests": on_request, "receipts": on_receipt, "answers": on_answer}
        self._watched = [(spool / name, False, _arrived(handle)) for name, handle in arrivals.items()]
        self._watched += [(folder, True, changed) for folder in model_folders]

    def start(self) -> bool:
        """Begin to watch the folders that exist. False where the system gives no notices: the poll must do then."""
        try:
            for folder, is_deep, handle in self._watched:
                if folder.is_dir():
                    self._observer.schedule(_WrittenFiles(handle), str(folder), recursive=is_deep)
            self._observer.start()
        except OSError as error:  # inotify's limit of watches, a file system without notices
            log.warning("folders cannot be watched (%s); looking at them once a second instead", error)
            return False
        return True

    def stop(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


class _WrittenFiles(FileSystemEventHandler):
    """Calls `handle` with the path of every file that was closed after writing, or renamed into place."""

    def __init__(self, handle: Callable[[Path], None]) -> None:
        self._handle = handle

    def on_closed(self, event: FileClosedEvent) -> None:
        self._handle(Path(os.fsdecode(event.src_path)))

    def on_moved(self, event: FileSystemEvent) -> None:
        if isinstance(event, FileMovedEvent):
            self._handle(Path(os.fsdecode(event.dest_path)))


def _arrived(on_arrival: Callable[[str], None]) -> Callable[[Path], None]:
    def handle(path: Path) -> None:
        if (message_id := request_id_of(path)) is not None:
            on_arrival(message_id)

    return handle
