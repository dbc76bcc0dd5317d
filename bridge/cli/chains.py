"""`bridge chain` and `bridge plugins`: what is installed, and chains made of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.atomic_files import write_file
from bridge.cli.output import json_option, print_table, settings_of, write_json
from bridge.cli.param_types import FILE
from bridge.cli.progress import shown_progress
from bridge.errors import ChainError, PluginError
from bridge.settings import Settings, shipped_folder

if TYPE_CHECKING:
    from bridge.plugins.host.host import PluginHost


@click.group()
def chain() -> None:
    """Chains: which plugins in which order, and which of their parameters are controls."""


@chain.command("list")
@json_option
@click.pass_context
def list_chains(context: click.Context, json_file: Path | None) -> None:
    """The chains that come with Bridge, and your own (in the folder `chains` of the home folder)."""
    from bridge.plugins.host.host import host_for

    files = _chain_files(settings_of(context))
    with host_for(settings_of(context)) as host, shown_progress("Looking at chains") as progress:
        rows = []
        for place, file in enumerate(files):
            progress(place / len(files), file.stem)
            rows.append(_chain_row(file, host))
    if write_json(rows, json_file):
        columns = ("name", "description", "controls", "file")
        print_table("Chains", columns, [tuple(str(row.get(key, "")) for key in columns) for row in rows])


def _chain_row(file: Path, host: PluginHost) -> dict[str, Any]:
    """What the listing says of one chain; of one that cannot be used here, why."""
    from bridge.plugins.chain.chain_file import load_chain

    try:
        loaded = load_chain(file, calibrate=host.calibrate)
    except PluginError as error:
        return {"name": file.stem, "description": f"unusable: {error}", "file": str(file), "fault": str(error)}
    return {
        "name": loaded.name,
        "description": loaded.description,
        "plugins": [slot.plugin for slot in loaded.slots],
        "controls": len(loaded.controls),
        "file": str(file),
    }


@chain.command("show")
@click.argument("name", metavar="NAME_OR_FILE")
@json_option
@click.pass_context
def show_chain(context: click.Context, name: str, json_file: Path | None) -> None:
    """One chain: its slots, controls, ranges and neutral values."""
    from bridge.plugins.chain.chain import chain_to_dict
    from bridge.plugins.chain.chain_file import load_chain
    from bridge.plugins.host.host import host_for

    settings = settings_of(context)
    with host_for(settings) as host:
        loaded = load_chain(_find_chain(name, settings), calibrate=host.calibrate)
    if write_json(chain_to_dict(loaded), json_file):
        plugin_of = {slot.name: slot.plugin for slot in loaded.slots}
        print_table(
            f"{loaded.name}: {loaded.description}",
            ("control", "plugin", "from", "to", "neutral"),
            [(c.label, plugin_of[c.slot], c.text(c.low), c.text(c.high), c.text(c.neutral)) for c in loaded.controls],
        )


def _chain_files(settings: Settings) -> list[Path]:
    folders = (settings.home / "chains", shipped_folder("models") / "chains")
    return [file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.toml"))]


def _find_chain(name: str, settings: Settings) -> Path:
    if Path(name).is_file():
        return Path(name)
    files = {file.stem: file for file in reversed(_chain_files(settings))}
    if name not in files:
        raise ChainError(f"No chain is called {name!r}. Chains: {', '.join(sorted(files))}. A file's path works too.")
    return files[name]


@click.command()
@click.option("--again", is_flag=True, help="Try plugins again that could not be loaded; their failure is remembered.")
@json_option
@click.pass_context
def plugins(context: click.Context, again: bool, json_file: Path | None) -> None:
    """The plugins that chains can use: pedalboard's own, and the VST3 plugins installed here."""
    from bridge.plugins.host.host import host_for
    from bridge.plugins.plugin_list import list_plugins

    with host_for(settings_of(context)) as host, shown_progress("Looking at plugins") as progress:
        entries = list_plugins(host, again=again, progress=lambda name: progress(0.5, name))
    if write_json(entries, json_file):
        print_table(
            "Plugins",
            ("plugin", "version", "vendor", "note"),
            [(entry.name, entry.version, entry.vendor, entry.note) for entry in entries],
        )


@chain.command("new")
@click.argument("plugins", metavar="PLUGIN...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=FILE, help="The chain file to write; its name is the chain's.")
@click.pass_context
def new(context: click.Context, plugins: tuple[str, ...], output: Path) -> None:
    """A chain of PLUGINs in this order, every parameter that does something, and is safe to move, a control.

    Write builtin:PeakFilter or vst3:ZamCompX2; `reaper-bridge plugins` lists what there is.
    """
    _write_chain(context, plugins, output)


@chain.command("from-snapshot")
@click.argument("snapshot", metavar="FILE", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The chain file to write; its name is the chain's.")
@click.pass_context
def from_snapshot(context: click.Context, snapshot: Path, output: Path) -> None:
    """A chain of the VST3 plugins on a REAPER track, from a request that the scripts wrote."""
    from bridge.plugins.host.host import host_for
    from bridge.reaper.mapping.bundle_member import named_in_bundle
    from bridge.reaper.mapping.snapshot import plugins_of

    with host_for(settings_of(context)) as host:
        plugins, left_out = plugins_of(snapshot, named=partial(named_in_bundle, host))
    _write_chain(context, plugins, output)
    for name in left_out:
        click.echo(f"Left out: {name}. Only VST3 plugins can be learned.")


@chain.command("roles")
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--correct", "corrections", metavar="INDEX=ROLE", multiple=True, help="Keep what a parameter really is.")
@json_option
@click.pass_context
def roles(context: click.Context, file: Path, corrections: tuple[str, ...], json_file: Path | None) -> None:
    """What the controls of plugins mean, read from their names and displayed texts.

    FILE is a request that the scripts wrote, or the list of one plugin as JSON. A correction (--correct 4=threshold,
    --correct 5=none) is kept for every plugin with the same parameters.
    """
    from bridge.plugins.recognition.corrections import Corrections
    from bridge.plugins.recognition.recognise import recognise
    from bridge.reaper.mapping.snapshot import read_parameter_lists

    lists = read_parameter_lists(file)
    kept = Corrections(settings_of(context).home)
    if corrections:
        kept.add(lists, corrections)
    readings = [kept.apply(recognise(plugin), plugin) for plugin in lists]
    if not write_json(readings[0] if len(readings) == 1 else readings, json_file):
        return
    for reading in readings:
        print_table(
            f"{reading.fx_name}: {reading.kind}",
            ("index", "name", "role", "band", "unit", "sure"),
            [
                (str(row.index), row.name, row.role, str(row.band or ""), row.unit or "", f"{row.confidence:.0%}")
                for row in reading.parameters
            ],
        )


def _write_chain(context: click.Context, plugins: Sequence[str], output: Path) -> None:
    """Calibrate the plugins and write the chain. A file that is there is never overwritten."""
    from bridge.plugins.host.host import host_for
    from bridge.plugins.new_chain import new_chain

    if output.exists():
        raise ChainError(f"{output} exists already; choose another name, or remove it first.")
    with host_for(settings_of(context)) as host:
        text = new_chain(host, plugins, name=output.stem)
    try:
        write_file(output, text.encode())
    except OSError as error:
        raise ChainError(
            f"Cannot write {output}: {error.strerror}. Free some space, or choose another place."
        ) from error
    click.echo(f"The chain lies in {output}. Narrow its ranges to what you would dial, then train a model for it.")
