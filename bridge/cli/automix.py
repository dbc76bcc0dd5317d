"""`bridge automix`: the main job on a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.number_types import Number
from bridge.cli.output import check_outputs, json_option, print_table, settings_of, write_json
from bridge.cli.progress import shown_progress
from bridge.extras import require_extra

if TYPE_CHECKING:
    from bridge.offline.result import FileResult

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("source", metavar="INPUT", type=_FILE)
@click.option("-o", "--output", "target", required=True, type=_FILE, help="Where the processed audio goes.")
@click.option("--reference", type=_FILE, help="Audio to sound like.")
@click.option("--style", metavar="NAME", help="A stored style to sound like (see `reaper-bridge styles`).")
@click.option("--model", metavar="NAME", help="Name or folder of a model (default: channel-strip).")
@click.option("--chain", "chain_file", type=_FILE, help="Use the model that was trained for this chain file.")
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
@json_option
@click.option("--report", "report_file", type=_FILE, metavar="FILE.html", help="Write a page with plots and players.")
@click.pass_context
def automix(
    context: click.Context,
    source: Path,
    target: Path,
    reference: Path | None,
    style: str | None,
    model: str | None,
    chain_file: Path | None,
    refine_s: float,
    amount_percent: float,
    automation: bool,
    loudness_lufs: float | None,
    ceiling_dbtp: float | None,
    json_file: Path | None,
    report_file: Path | None,
) -> None:
    """Set the plugins of a model's chain for INPUT by listening, and write the processed audio."""
    _check_goal(reference, style)
    if refine_s > 0:
        require_extra("refine", "--refine")
    if report_file is not None:
        require_extra("report", "--report")
    check_outputs((source, reference), {"-o": target, "--report": report_file, "--json": json_file})
    _check_inputs(source, reference)
    from bridge.offline.automix_file import automix_file
    from bridge.offline.result import FileJob

    job = FileJob(
        source=source,
        target=target,
        reference=reference,
        style=style,
        model=model,
        chain_file=chain_file,
        refine_s=refine_s,
        amount_percent=amount_percent,
        automation=automation,
        loudness_lufs=loudness_lufs,
        ceiling_dbtp=ceiling_dbtp,
    )
    with shown_progress("Auto-mix") as progress:
        result = automix_file(job, settings_of(context), progress=progress)
    _tell(result, reference, json_file, report_file)


def _check_goal(reference: Path | None, style: str | None) -> None:
    if reference is not None and style is not None:
        raise click.UsageError("--reference and --style both say what to sound like: give one of them.")


def _check_inputs(*files: Path | None) -> None:
    """AudioError for what is no recording, before anything that takes seconds to load."""
    from bridge.audio.files import probe

    for file in files:
        if file is not None:
            probe(file)


def _tell(result: FileResult, reference: Path | None, json_file: Path | None, report_file: Path | None) -> None:
    if report_file is not None:
        from bridge.report.file_report import write_file_report

        write_file_report(report_file, result, reference)
    write_json(result, json_file)
    if json_file is None or str(json_file) != "-":
        _print(result, report_file)


def _print(result: FileResult, report_file: Path | None) -> None:
    from bridge.offline.result import audible_rows, without_repeated_reasons
    from bridge.report.control_names import control_name

    if result.applied:
        changed, others = audible_rows(result.controls)
        rows = [
            (control_name(row.slot, row.control), row.text_before, row.text, f"{row.confidence:.0%}", reason)
            for row, reason in zip(changed, without_repeated_reasons(changed), strict=True)
        ]
        print_table(f"Settings by {result.model}", ("control", "before", "after", "confidence", "why"), rows)
        if others:
            click.echo(others)
    from bridge.report.page import measure_rows

    print_table("Measured", ("", "before", "after"), measure_rows(result.measures.before, result.measures.after))
    click.echo(result.reason)
    click.echo(f"Audio: {result.output}" + (f"\nReport: {report_file}" if report_file else ""))
