"""Watching folders: requests that arrive and models that change on disk.

The system's notices make the daemon quick; a slow poll of the spool (the service's) makes it sure. Only a close or
a rename counts, so nobody reads half a file. This module puts things into queues and does no work of its own.
"""

from __future__ import annotations

import logging
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
        self._observer = Observer()
        self._watched: list[tuple[Path, bool, FileSystemEventHandler]] = [
            (spool / "requests", False, _Arrivals(on_request)),
            (spool / "receipts", False, _Arrivals(on_receipt)),
            (spool / "answers", False, _Arrivals(on_answer)),
        ]
        self._watched += [(folder, True, _Changes(on_model)) for folder in model_folders]

    def start(self) -> bool:
        """Begin to watch the folders that exist. False where the system gives no notices: the poll must do then."""
        try:
            for folder, is_deep, handler in self._watched:
                if folder.is_dir():
                    self._observer.schedule(handler, str(folder), recursive=is_deep)
            self._observer.start()
        except OSError as error:  # inotify's limit of watches, a file system without notices
            log.warning("folders cannot be watched (%s); looking at them once a second instead", error)
            return False
        return True

    def stop(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


class _Finished(FileSystemEventHandler):
    """Hands on the path of every file that was closed after writing, or renamed into place."""

    def on_closed(self, event: FileClosedEvent) -> None:
        self.finished(_path(event.src_path))

    def on_moved(self, event: FileSystemEvent) -> None:
        if isinstance(event, FileMovedEvent):
            self.finished(_path(event.dest_path))

    def finished(self, path: Path) -> None:
        raise NotImplementedError


class _Arrivals(_Finished):
    def __init__(self, on_arrival: Callable[[str], None]) -> None:
        self._on_arrival = on_arrival

    def finished(self, path: Path) -> None:
        if (request_id := request_id_of(path)) is not None:
            self._on_arrival(request_id)


class _Changes(_Finished):
    def __init__(self, on_model: Callable[[], None]) -> None:
        self._on_model = on_model

    def finished(self, path: Path) -> None:
        if path.suffix != ".part":
            self._on_model()


def _path(raw: bytes | str) -> Path:
    return Path(raw.decode() if isinstance(raw, bytes) else raw)
