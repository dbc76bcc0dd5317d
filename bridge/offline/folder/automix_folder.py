"""Auto-mix of all files of a folder: what is left to do, done beside each other, and kept as it is finished.

A file that cannot be done is named, and the others go on. What an earlier run finished stands, as long as the input and
what it was asked for are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from bridge.audio.files import probe
from bridge.automix.job import Progress, no_progress
from bridge.errors import AudioError
from bridge.features.profile import DEFAULT_FEATURES
from bridge.features.styles import style_for, style_path
from bridge.model.manifest import MANIFEST_FILE, WEIGHTS_FILE, read_manifest
from bridge.offline.folder.local_processes import run_locally
from bridge.offline.folder.plan import fingerprint, plan_files
from bridge.offline.folder.process_file import FileEvent, FileOutcome, IsCancelled, make_folder
from bridge.offline.folder.records import RecordFile
from bridge.offline.job import FileJob, check_options
from bridge.offline.models_and_styles import model_folder
from bridge.offline.result import FileResult
from bridge.settings import Settings

Run = Callable[[Sequence[FileJob], Settings, IsCancelled], Generator[FileEvent]]


class FileState(Enum):
    """How far one file has come."""

    FINISHED = "finished"
    FINISHED_BEFORE = "finished before"
    FAILED = "failed"
    OPEN = "open"


@dataclass
class FileRow:
    """One file of a folder: what it was to become, and what became of it."""

    job: FileJob
    state: FileState = FileState.OPEN
    result: FileResult | None = None
    error: str = ""
    duration_s: float = 0.0
    fingerprint: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` has it: a file's own result, with its state and its error before it."""
        own = {"input": str(self.job.source), "output": str(self.job.target)} if self.result is None else {}
        return {"state": self.state.value, "error": self.error} | own | (self.result.to_json() if self.result else {})


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder, in the order of the files' names."""

    model: str
    rows: Sequence[FileRow] = field(repr=False)

    def count(self, *states: FileState) -> int:
        """How many files are in one of `states`."""
        return sum(row.state in states for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` writes, of built-in types."""
        counts = {state.value.replace(" ", "_"): self.count(state) for state in FileState}
        return {"model": self.model, **counts, "files": [row.to_json() for row in self.rows]}


def automix_folder(
    job: FileJob,
    settings: Settings,
    *,
    run: Run = run_locally,
    progress: Progress = no_progress,
    is_cancelled: IsCancelled = lambda: False,
) -> FolderResult:
    """Process every audio file below the folder `job.source` into the folder `job.target`.

    Raises AudioError where there is nothing to do or nowhere to write, ModelError where no model fits.
    """
    folder = model_folder(job, settings)
    name, fixed = _check_model(job, folder, settings)
    model = None if folder is None else str(folder.resolve())
    rows = [FileRow(one) for one in plan_files(replace(job, model=model, chain_file=None if model else job.chain_file))]
    make_folder(job.target)
    records = RecordFile(job.target)
    _find_open(rows, fixed, records.read())
    _run(rows, settings, records, run, progress, is_cancelled)
    return FolderResult(name, rows)


def _check_model(job: FileJob, folder: Path | None, settings: Settings) -> tuple[str, list[Path]]:
    """The name of what sets the files, and the files that all results rest on. ModelError for what does not fit."""
    if folder is None:
        assert job.chain_file is not None
        name, features, fixed = job.chain_file.stem, DEFAULT_FEATURES, [job.chain_file]
    else:
        manifest = read_manifest(folder)
        check_options(job, manifest)
        name, features, fixed = manifest.name, manifest.features, [folder / MANIFEST_FILE, folder / WEIGHTS_FILE]
    if job.reference is not None:
        fixed.append(probe(job.reference).path)
    if job.style is not None:
        style_for(settings.styles, job.style, features=features, model=name)  # or an error, now
        fixed.append(style_path(settings.styles, job.style))
    return name, fixed


def _find_open(rows: Sequence[FileRow], fixed: Sequence[Path], finished: dict[str, FileResult]) -> None:
    """Set aside what is finished and what is no recording; find out how long the others are."""
    for row in rows:
        row.fingerprint = fingerprint(row.job, fixed)
        row.result = finished.get(row.fingerprint)
        if row.result is not None and row.job.target.is_file():
            row.state = FileState.FINISHED_BEFORE
            continue
        row.result = None
        try:
            row.duration_s = probe(row.job.source).duration_s
        except AudioError as error:
            row.state, row.error = FileState.FAILED, str(error)


def _run(
    rows: Sequence[FileRow],
    settings: Settings,
    records: RecordFile,
    run: Run,
    progress: Progress,
    is_cancelled: IsCancelled,
) -> None:
    """Do what is open, the longest first, so that no core is left with a long one at the end."""
    left = sorted((row for row in rows if row.state is FileState.OPEN), key=lambda row: -row.duration_s)
    done_s, total_s = dict.fromkeys(range(len(left)), 0.0), sum(row.duration_s for row in left)
    with closing(run([row.job for row in left], settings, is_cancelled)) as events:
        for index, event in events:
            row = left[index]
            if isinstance(event, FileOutcome):
                _settle(row, event, records)
            done_s[index] = row.duration_s * (event if isinstance(event, float) else 1.0)
            finished = sum(row.state is not FileState.OPEN for row in left)
            progress(sum(done_s.values()) / total_s, f"{finished} of {len(left)} files; {row.job.source.name}")


def _settle(row: FileRow, outcome: FileOutcome, records: RecordFile) -> None:
    row.result, row.error = outcome.result, outcome.error
    row.state = FileState.FAILED if outcome.result is None else FileState.FINISHED
    if outcome.result is not None:
        records.append(row.fingerprint, outcome.result)
