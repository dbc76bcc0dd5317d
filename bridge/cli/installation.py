"""`bridge install`, `uninstall` and `doctor`: the way into REAPER and out again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json

_resource_option = click.option(
    "--resource-path",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="REAPER's resource folder, for portable installations.",
)


@click.command()
@_resource_option
@click.pass_context
def install(context: click.Context, resource_path: Path | None) -> None:
    """Copy the scripts into REAPER's resource folder."""
    from bridge.reaper import install as installing

    folder = installing.find_resource_path(resource_path)
    installing.install(folder, settings_of(context).home)
    click.echo(
        f"The scripts lie in {folder / installing.FOLDER}.\n"
        "In REAPER: Actions > Show action list > New action > Load ReaScript, and choose bridge_automix.lua there."
    )


@click.command()
@_resource_option
def uninstall(resource_path: Path | None) -> None:
    """Remove the scripts from REAPER's resource folder; what you changed there stays."""
    from bridge.reaper import install as installing

    folder = installing.find_resource_path(resource_path)
    removed = installing.uninstall(folder)
    click.echo(f"Removed {len(removed)} files from {folder / installing.FOLDER}.")


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, json_file: Path | None) -> None:
    """Check every link of the installation and say what to do about each fault."""
    from bridge.daemon.doctor import examine

    findings = examine(settings_of(context))
    write_json(findings, json_file)
    if json_file is None or str(json_file) != "-":
        rows = [("ok" if f.is_ok else "FAULT", f.link, f.finding, f.remedy) for f in findings]
        print_table("Bridge doctor", ("", "link", "found", "what to do"), rows)
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)
