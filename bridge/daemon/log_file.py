"""The daemon's log: logs/daemon.log in the home folder, a few megabytes at most, and nowhere else."""

from __future__ import annotations

import logging
import logging.handlers
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.errors import LinkError
from bridge.settings import Settings

LOG_BYTES = 1_000_000
LOG_FILES = 3


class _Log(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """A line that a full disk does not take is lost. Told on the error output, which logging would do, it could
        stop the daemon: nobody may be reading there."""


@contextmanager
def log_file(settings: Settings) -> Iterator[None]:
    """Write what happens. LinkError where the folder cannot be written.

    Without a handler of its own the root logger gets one for the error output from any library that logs; and where
    nobody reads that, a daemon that writes there waits for ever.
    """
    folder = settings.home / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = _Log(folder / "daemon.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8")
    except OSError as error:
        raise LinkError(f"Cannot write logs in {folder}: {error.strerror}. Make the folder writable.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger, root, nowhere = logging.getLogger("bridge"), logging.getLogger(), logging.NullHandler()
    level = logger.level
    root.addHandler(nowhere)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        root.removeHandler(nowhere)
        logger.setLevel(level)
        handler.close()
