"""What earlier runs finished: a file of lines in the output folder, so that a run that was broken off goes on."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from bridge.errors import AudioError
from bridge.offline.result import FileResult

RECORD_FILE = "bridge-automix.jsonl"

log = logging.getLogger(__name__)


class Record(msgspec.Struct, frozen=True):
    """One finished file: what it rested on (see `plan.fingerprint`), and what came out."""

    fingerprint: str
    result: FileResult


class RecordFile:
    """The records of one output folder. Each is appended when its file is done; of one input the last line counts."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD_FILE

    def read(self) -> dict[str, FileResult]:
        """Results by fingerprint. A line that was cut off, or that another version wrote, counts for nothing."""
        found: dict[str, FileResult] = {}
        try:
            lines = self._path.read_bytes().splitlines() if self._path.is_file() else []
        except OSError as error:
            raise AudioError(f"{self._path} cannot be read: {error.strerror}. Mend or remove it.") from error
        for line in lines:
            try:
                record = msgspec.json.decode(line, type=Record)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                log.debug("passed over a line of %s", self._path)
                continue
            found[record.fingerprint] = record.result
        return found

    def append(self, fingerprint: str, result: FileResult) -> None:
        """Keep one more result. Raises AudioError where the folder takes nothing."""
        try:
            with self._path.open("ab") as file:
                file.write(b"\n" * bool(file.tell()) + msgspec.json.encode(Record(fingerprint, result)))
        except OSError as error:
            raise AudioError(f"{self._path} cannot be written: {error.strerror}. Free some space.") from error
