"""`bridge install`, `uninstall` and `doctor`: the way into REAPER and out again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json
from bridge.cli.param_types import FOLDER
from bridge.settings import Settings, save_setting

_resource_option = click.option(
    "--resource-path",
    type=FOLDER,
    callback=lambda _context, _option, folder: folder and folder.absolute(),  # it is kept for the next command
    metavar="DIR",
    help="REAPER's resource folder, for portable installations (default: the one that Bridge was installed in last).",
)


@click.command()
@_resource_option
@click.option(
    "--start-daemon", is_flag=True, help="Let REAPER start the daemon (install again without it to stop that)."
)
@click.option("--free-ports", is_flag=True, help="Where a UDP port is taken, write a free one into config.toml.")
@json_option
@click.pass_context
def install(
    context: click.Context, resource_path: Path | None, start_daemon: bool, free_ports: bool, json_file: Path | None
) -> None:
    """Put scripts, actions and the control surface into REAPER's resource folder, while REAPER is closed."""
    from bridge.reaper.install import install as installing
    from bridge.reaper.install.known_resource_path import known_resource_path, remember_resource_path
    from bridge.reaper.install.resource_path import refuse_while_running
    from bridge.reaper.install.startup import daemon_command

    settings = settings_of(context)
    folder = installing.find_resource_path(resource_path or known_resource_path(settings.home))
    refuse_while_running()
    settings = _settle_ports(context, settings, folder, is_sure=free_ports, may_ask=json_file is None)
    surface = installing.surface_of(settings)
    command = daemon_command(settings.home) if start_daemon else None
    changes = installing.install(folder, settings.home, surface=surface, start_command=command)
    remember_resource_path(folder, settings.home)
    if not write_json(changes, json_file):
        return
    if not changes.written and not changes.removed:
        click.echo(f"Nothing to do: {folder} is up to date.")
    else:
        click.echo(f"Installed in {folder}: {len(changes.written)} files written.")
    if changes.backup:
        click.echo(f"REAPER's own files as they were: {changes.backup}")
    click.echo("Start REAPER: Actions > Show action list lists the actions, all named 'Bridge: ...'.")
    if surface is not None:
        click.echo(
            f"REAPER will listen on UDP port {surface.receive_port} on all network interfaces, without a password: "
            "keep that port closed in your firewall."
        )


def _settle_ports(
    context: click.Context, settings: Settings, folder: Path, *, is_sure: bool, may_ask: bool
) -> Settings:
    """Say which ports are taken, and by whom; offer others, which then stand in config.toml."""
    from bridge.daemon.doctor.daemon_checks import read_heartbeat
    from bridge.reaper.install.install import read_text
    from bridge.reaper.install.resource_path import INI
    from bridge.surfaces.port_choice import find_port_conflicts

    sign = read_heartbeat(settings)
    for conflict in find_port_conflicts(
        settings, read_text(folder, INI), daemon_pid=None if sign is None else sign.pid
    ):
        click.echo(str(conflict), err=True)
        if conflict.free is None:
            continue
        if is_sure or (may_ask and sys.stdin.isatty() and click.confirm(f"Use port {conflict.free} instead?", True)):
            save_setting(settings.home, conflict.setting, conflict.free)
            click.echo(f"{conflict.setting} = {conflict.free} stands in {settings.home / 'config.toml'} now.", err=True)
        else:
            click.echo(
                f"Port {conflict.free} is free: set {conflict.setting} = {conflict.free} in "
                f"{settings.home / 'config.toml'} and install again, or install with --free-ports.",
                err=True,
            )
    return settings_of(context)


@click.command()
@_resource_option
@json_option
@click.pass_context
def uninstall(context: click.Context, resource_path: Path | None, json_file: Path | None) -> None:
    """Take all of it out again, while REAPER is closed; what you changed there stays."""
    from bridge.reaper.install import install as installing
    from bridge.reaper.install.known_resource_path import forget_resource_path, known_resource_path
    from bridge.reaper.install.resource_path import refuse_while_running

    home = settings_of(context).home
    folder = installing.find_resource_path(resource_path or known_resource_path(home))
    refuse_while_running()
    changes = installing.uninstall(folder, home)
    forget_resource_path(folder, home)
    if not write_json(changes, json_file):
        return
    click.echo(f"Removed {len(changes.removed)} files from {folder}.")
    for file in changes.kept:
        click.echo(f"Left in place, because it is not as Bridge made it: {file}")
    if changes.backup:
        click.echo(f"REAPER's own files as they were: {changes.backup}")


@click.command()
@_resource_option
@json_option
@click.pass_context
def doctor(context: click.Context, resource_path: Path | None, json_file: Path | None) -> None:
    """Check every link of the installation and say what to do about each fault."""
    from bridge.daemon.doctor.examine import examine

    findings = examine(settings_of(context), resource_path)
    if write_json(findings, json_file):
        rows = [("ok" if f.is_ok else "FAULT", f.link, f.finding, f.remedy) for f in findings]
        print_table("Bridge doctor", ("", "link", "found", "what to do"), rows)
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)
