"""What became of a folder of files: a table for people, and one page with players."""

from __future__ import annotations

from pathlib import Path

from bridge.automix.describe import describe_decision
from bridge.offline.folder.automix_folder import FileRow, FileState, FolderResult
from bridge.report.page import PageSection, write_page
from bridge.report.tables import CONTROL_COLUMNS, TextTable, changed_control_rows, format_measurement, measurement_rows

COLUMNS = ("file", "state", "settings", "loudness", "distance to target")


def folder_table(result: FolderResult, folder: Path) -> TextTable:
    """A row for each file, named by its place below `folder`."""
    rows = [(_name(row, folder), row.state.value, *_measured(row)) for row in result.rows]
    return TextTable(f"Settings by {result.model}", COLUMNS, rows)


def describe_counts(result: FolderResult) -> str:
    """One line on how many files came how far.

    >>> describe_counts(FolderResult("channel-strip", [FileRow(None, FileState.FINISHED), FileRow(None)]))
    '1 finished, 1 open.'
    """
    counted = ((result.count(state), state.value) for state in FileState)
    return f"{', '.join(f'{count} {state}' for count, state in counted if count)}."


def describe_failures(result: FolderResult) -> list[str]:
    """A line for each file that could not be done."""
    return [row.error for row in result.rows if row.state is FileState.FAILED]


def write_folder_report(page: Path, result: FolderResult, folder: Path) -> None:
    """Write the page: the table, then each finished file with its settings, measurements and players."""
    table = folder_table(result, folder)
    summary = PageSection(
        name="All files",
        summary=describe_counts(result),
        rows=(),
        measures=(),
        left_alone=describe_failures(result),
        tables=[table],
    )
    sections = [_section(row, folder) for row in result.rows if row.result is not None]
    write_page(page, f"{folder.name}, set by {result.model}", "What became of each file.", [summary, *sections])


def _section(row: FileRow, folder: Path) -> PageSection:
    assert row.result is not None
    rows, others = changed_control_rows(row.result)
    measures = row.result.measures
    return PageSection(
        name=_name(row, folder),
        summary=f"{describe_decision(row.result.decision)} {others}".strip(),
        columns=CONTROL_COLUMNS,
        rows=rows,
        measures=measurement_rows(measures.before, measures.after),
        players=[("before", row.job.source), ("after", row.job.target)],
    )


def _name(row: FileRow, folder: Path) -> str:
    return row.job.source.relative_to(folder.resolve()).as_posix()


def _measured(row: FileRow) -> tuple[str, str, str]:
    if row.result is None:
        return "", "", ""
    before, after = row.result.measures.before, row.result.measures.after
    loudness = (
        f"{format_measurement(before.loudness_lufs, 'LUFS')} to {format_measurement(after.loudness_lufs, 'LUFS')}"
    )
    distances = [one.distance_db for one in (before, after)]
    apart = " to ".join("–" if one is None else format_measurement(one, "dB") for one in distances)
    return "set" if row.result.applied else "left as they were", loudness, apart
