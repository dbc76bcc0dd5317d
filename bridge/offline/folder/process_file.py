"""One file of many, in a process that keeps its plugin host and its models from file to file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.automix.job import Progress, no_progress
from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, BridgeError
from bridge.offline.automix_file import automix_file
from bridge.offline.job import FileJob
from bridge.offline.models_and_styles import open_model
from bridge.offline.result import FileResult
from bridge.plugins.host.host import PluginHost
from bridge.settings import Settings


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: its result, or in one line why there is none."""

    result: FileResult | None = None
    error: str = ""


class FileProcessor:
    """Does one file after another by `host`. Each model is loaded once."""

    def __init__(self, settings: Settings, host: PluginHost) -> None:
        self._settings, self._host = settings, host
        self._loaded: dict[tuple[str | None, Path | None], Automix] = {}

    def __call__(self, job: FileJob, progress: Progress = no_progress) -> FileOutcome:
        """Do `job`, whose model is named by its folder, if it has any; an error is this file's, and in the outcome."""
        try:
            make_folder(job.target.parent)
            return FileOutcome(automix_file(job, self._settings, automix=self._automix(job), progress=progress))
        except (BridgeError, OSError) as error:
            return FileOutcome(error=str(error))

    def _automix(self, job: FileJob) -> Automix:
        if (key := (job.model, job.chain_file)) not in self._loaded:
            folder = None if job.model is None else Path(job.model)
            self._loaded[key] = Automix(open_model(folder, job, self._host), self._host)
        return self._loaded[key]


def make_folder(folder: Path) -> None:
    """Make `folder`. Raises AudioError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudioError(f"The folder {folder} cannot be made: {error.strerror}. Choose another with -o.") from error


FileEvent = tuple[int, float | FileOutcome]
"""Which file, and how much of it is done (0..1), or what became of it."""

IsCancelled = Callable[[], bool]
