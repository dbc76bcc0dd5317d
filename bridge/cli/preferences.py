"""`bridge prefer`: which plugins are added where a track lacks FX."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json


@click.command()
@click.argument("kind", required=False)
@click.argument("plugin", required=False)
@click.option("--forget", is_flag=True, help="Add REAPER's own FX of this kind again.")
@json_option
@click.pass_context
def prefer(context: click.Context, kind: str | None, plugin: str | None, forget: bool, json_file: Path | None) -> None:
    """Prefer PLUGIN where a track lacks an FX of KIND (eq, compressor, ...); without arguments, list what is preferred.

    PLUGIN is named as REAPER's FX browser names it: "Pro-Q 3", "VST3: ZamCompX2". Where REAPER does not find it, its
    own FX is added. The panel changes the same list.
    """
    from bridge.reaper.mapping.preferred_fx import load_preferences, preferable_kinds, save_preference

    home = settings_of(context).home
    if forget and plugin is not None:
        raise click.UsageError("--forget takes no PLUGIN.")
    if kind is not None and plugin is None and not forget:
        raise click.UsageError("Name the PLUGIN as well, or use --forget.")
    if forget:
        for one in (kind,) if kind is not None else preferable_kinds():
            save_preference(home, one, "")
    elif kind is not None and plugin is not None:
        save_preference(home, kind, plugin.strip())
    kept = load_preferences(home)
    rows = [{"kind": kind, "plugin": kept.get(kind), "stock": stock} for kind, stock in preferable_kinds().items()]
    if write_json(rows, json_file):
        print_table(
            "What is added where a track lacks it",
            ("kind", "preferred", "else"),
            [(str(row["kind"]), str(row["plugin"] or ""), str(row["stock"])) for row in rows],
        )
