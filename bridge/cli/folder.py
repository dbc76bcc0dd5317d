"""`bridge automix FOLDER`: the main job on many files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from bridge.cli.interrupts import cancellable
from bridge.cli.output import print_table, write_json
from bridge.cli.progress import shown_progress
from bridge.extras import require_extra
from bridge.settings import Settings

REPORT = "report.html"


def automix_files(
    settings: Settings, options: Mapping[str, Any], json_file: Path | None, page: Path, cluster: str | None
) -> None:
    """Do all files of a folder, here or on the cluster at an address, print what became of each and write the page.

    `options` are fields of a FileJob.

    Leaves with status 1 where none could be done, or the user has cancelled.
    """
    from bridge.offline.folder.automix_folder import FileState, Run, automix_folder
    from bridge.offline.folder.cluster import run_on_cluster
    from bridge.offline.folder.local_processes import run_locally
    from bridge.offline.job import FileJob
    from bridge.report.folder_report import describe_counts, describe_failures, folder_table, write_folder_report

    if cluster is not None:
        require_extra("cluster", "--cluster")
    run: Run = run_locally if cluster is None else partial(run_on_cluster, address=cluster)
    folder = options["source"]
    with cancellable() as cancelled, shown_progress("Auto-mix", in_lines=True) as progress:
        result = automix_folder(FileJob(**options), settings, run=run, progress=progress, is_cancelled=cancelled.is_set)
    write_folder_report(page, result, folder)
    if write_json(None if json_file is None else result.to_json(), json_file):
        table = folder_table(result, folder)
        print_table(table.title, table.columns, table.rows)
        for line in describe_failures(result):
            click.echo(f"Left out: {line}", err=True)
        click.echo(f"{describe_counts(result)}\nAudio: {options['target']}\nReport: {page}")
    if result.count(FileState.OPEN):
        click.echo("Cancelled; the same command goes on with the files that are open.", err=True)
    is_useless = not result.count(FileState.FINISHED, FileState.FINISHED_BEFORE)
    if result.count(FileState.OPEN) or is_useless:
        raise click.exceptions.Exit(1)
