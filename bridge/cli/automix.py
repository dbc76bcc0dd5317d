"""`bridge automix`: the main job on a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.folder import REPORT, automix_files
from bridge.cli.output import check_outputs, json_option, print_table, settings_of, write_json
from bridge.cli.param_types import FILE, PATH, Number
from bridge.cli.progress import shown_progress
from bridge.extras import require_extra

if TYPE_CHECKING:
    from bridge.offline.result import FileResult


@click.command()
@click.argument("source", metavar="INPUT", type=PATH)
@click.option("-o", "--output", "target", required=True, type=PATH,
              help="Where the processed audio goes: a file, or a folder for a folder.")  # fmt: skip
@click.option("--reference", type=FILE, help="Audio to sound like.")
@click.option("--style", metavar="NAME", help="A stored style to sound like (see `reaper-bridge styles`).")
@click.option("--model", metavar="NAME", help="Name or folder of a model (default: channel-strip).")
@click.option("--chain", "chain_file", type=FILE, help="Use the model that was trained for this chain file.")
@click.option("--refine", "refine_s", type=Number(0.0, 3600.0), metavar="SECONDS", default=0.0,
              help="Search for better settings for so long; needs a reference or a style.")  # fmt: skip
@click.option("--amount", "amount_percent", type=Number(0, 100), metavar="PERCENT", default=100.0,
              help="How far to go from no change (0) to the prediction (100).")  # fmt: skip
@click.option("--automation", is_flag=True, help="Let settings move in time, where the model was trained for it.")
@click.option("--loudness", "loudness_lufs", type=Number(-40.0, -5.0), metavar="LUFS",
              help="Integrated loudness of the output, for models that have such a target (default: the reference's, "
              "else the model's).")  # fmt: skip
@click.option("--ceiling", "ceiling_dbtp", type=Number(-20.0, 0.0), metavar="DBTP",
              help="True peak that the output never passes, for the same models.")  # fmt: skip
@click.option(
    "--cluster", metavar="ADDRESS", help="For a folder: do its files on the Dask cluster whose scheduler is there."
)
@json_option
@click.option("--report", "report_file", type=FILE, metavar="FILE.html", help="Write a page with plots and players. "
              "Of a folder there is one in any case: report.html beside the audio.")  # fmt: skip
@click.pass_context
def automix(
    context: click.Context, /, json_file: Path | None, report_file: Path | None, cluster: str | None, **options: Any
) -> None:
    """Set the plugins of a model's chain for INPUT by listening, and write the processed audio.

    INPUT may be a folder: all audio files below it are done, beside each other on all cores. The same command goes on
    with what an earlier run left over, and does changed files again.
    """
    source, reference = options["source"], options["reference"]  # all options are fields of a FileJob
    if reference is not None and options["style"] is not None:
        raise click.UsageError("--reference and --style both say what to sound like: give one of them.")
    if options["refine_s"] > 0:
        require_extra("refine", "--refine")
    is_folder = source.is_dir()
    if report_file is not None and not is_folder:
        require_extra("report", "--report")
    check_outputs((source, reference), {"-o": options["target"], "--report": report_file, "--json": json_file})
    if is_folder:
        if options["target"].suffix.lower() in (".wav", ".flac"):
            raise click.UsageError(f"{source} is a folder, and {options['target']} the name of a file: name a folder.")
        automix_files(settings_of(context), options, json_file, report_file or options["target"] / REPORT, cluster)
        return
    if cluster is not None:
        raise click.UsageError("--cluster is for a folder of files: one file is done on this machine.")
    from bridge.audio.files import probe

    for file in (source, reference):  # what is no recording is refused before anything that takes seconds to load
        if file is not None:
            probe(file)
    from bridge.offline.automix_file import automix_file
    from bridge.offline.job import FileJob
    from bridge.report.file_report import write_file_report

    with shown_progress("Auto-mix") as progress:
        result = automix_file(FileJob(**options), settings_of(context), progress=progress)
    if report_file is not None:
        write_file_report(report_file, result, reference)
    if write_json(None if json_file is None else result.to_json(), json_file):
        _print(result, report_file)


def _print(result: FileResult, report_file: Path | None) -> None:
    from bridge.automix.describe import describe_decision
    from bridge.report.tables import CONTROL_COLUMNS, changed_control_rows, measurement_rows

    if result.applied:
        rows, others = changed_control_rows(result)
        print_table(f"Settings by {result.model}", CONTROL_COLUMNS, rows)
        if others:
            click.echo(others)
    print_table("Measured", ("", "before", "after"), measurement_rows(result.measures.before, result.measures.after))
    click.echo(describe_decision(result.decision))
    click.echo(f"Audio: {result.output}" + (f"\nReport: {report_file}" if report_file else ""))
