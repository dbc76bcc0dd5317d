"""`bridge daemon` and `bridge demo`: Bridge as it runs beside REAPER."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json
from bridge.cli.param_types import FOLDER
from bridge.cli.progress import shown_progress
from bridge.extras import require_extra


@click.command()
@click.option("--osc-host", metavar="ADDRESS", help="Address to listen on (default: 127.0.0.1).")
@click.option("--osc-port", type=click.IntRange(0, 65535), metavar="PORT", help="UDP port for OSC (default: 9000).")
@click.option("--osc-feedback-port", type=click.IntRange(1, 65535), metavar="PORT",
              help="UDP port that feedback goes to (default: 9001).")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 256), metavar="N", help="Plugin processes (default: one per core).")
@click.pass_context
def daemon(
    context: click.Context,
    osc_host: str | None,
    osc_port: int | None,
    osc_feedback_port: int | None,
    workers: int | None,
) -> None:
    """Serve REAPER until interrupted: watch the spool, answer OSC."""
    from bridge.daemon.service import run

    settings = settings_of(
        context, osc_host=osc_host, osc_port=osc_port, osc_feedback_port=osc_feedback_port, workers=workers
    )
    sys.exit(run(settings))


@click.command()
@click.option("-o", "--output", "folder", type=FOLDER, default=Path("bridge-demo"),
              show_default=True, help="Folder for audio and report.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the stock plugins' hidden laws.")
@json_option
@click.pass_context
def demo(context: click.Context, folder: Path, seed: int, json_file: Path | None) -> None:
    """The main job with nothing prepared: real daemon, real scripts, a stand-in for REAPER."""
    require_extra("demo", "reaper-bridge demo")
    from bridge.demo.session import audible_changes, run_demo
    from bridge.report.tables import format_measurement

    with shown_progress("Demo") as progress:
        result = run_demo(folder, settings_of(context), seed=seed, progress=progress)
    if not write_json(result, json_file):
        return
    for track in result.tracks:
        changes, others = audible_changes(track)
        print_table(
            f"{track.name}  ({', '.join(track.fx)})",
            ("parameter", "before", "after"),
            [(f"{c.fx}: {c.parameter}", c.text_before, c.text_after) for c in changes],
        )
        if others:
            click.echo(f"  {others}")
        click.echo(f"  {track.summary}\n  before: {track.wav_before}\n  after:  {track.wav_after}\n")
    print_table(
        "Before and after",
        ("track", "applied", "loudness", "tonal distance to the recording before it was spoilt"),
        [
            (
                track.name,
                "yes" if track.applied else "no",
                f"{format_measurement(before.loudness_lufs, '')}→ {format_measurement(after.loudness_lufs, 'LUFS')}",
                f"{format_measurement(before.distance_db, '')}→ {format_measurement(after.distance_db, 'dB')}",
            )
            for track in result.tracks
            for before, after in [(track.measures.before, track.measures.after)]
        ],
    )
    click.echo(f"Report: {result.report}")
