"""`bridge layouts`: layouts of control surfaces for tablets, as files."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.atomic_files import write_file
from bridge.cli.output import settings_of
from bridge.cli.param_types import FOLDER


@click.command()
@click.option("-o", "--output", "folder", type=FOLDER, default=Path(),
              help="Folder for the files (default: here).")  # fmt: skip
@click.option("--host", metavar="ADDRESS", help="Where Bridge runs, as Open Stage Control reaches it.")
@click.pass_context
def layouts(context: click.Context, folder: Path, host: str | None) -> None:
    """Write the layouts for TouchOSC and Open Stage Control."""
    from bridge.surfaces.layouts import stage_control, touchosc

    settings = settings_of(context)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        touchosc.FILE_NAME: touchosc.touchosc_layout(),
        stage_control.FILE_NAME: stage_control.stage_control_layout(host or "127.0.0.1", settings.osc_port),
    }
    for name, content in contents.items():
        write_file(folder / name, content)
        click.echo(f"{folder / name}")
    click.echo(
        "In TouchOSC set the first OSC connection: UDP, this computer's address, "
        f"send port {settings.osc_port}, receive port {settings.osc_feedback_port}.\n"
        "For tablets in your network Bridge needs osc_host and osc_allow in config.toml: docs/surfaces.md."
    )
