"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bridge.errors import AudioError, SettingsError
from bridge.settings import Settings, load_settings

MOST_WRAPPED = 1000  # rows of a table: to wrap 6,000 takes 20 s

json_option = click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE",
    help="Write the result as JSON to FILE ('-' is standard output).",
)  # fmt: skip


def settings_of(context: click.Context, **overrides: Any) -> Settings:
    """Return the settings with the command line's `--home` and `overrides` on top; None counts as not given."""
    return load_settings({**context.obj, **overrides})


def check_outputs(inputs: Sequence[Path | None], outputs: Mapping[str, Path | None]) -> None:
    """Before any work: no output, by its option, may be an input or another output, and each must have a place where it
    can be written. Nothing of the user's is ever overwritten by mistake, and no result is lost at the end.

    Raises AudioError for the first, SettingsError for the second.
    """
    taken = {file.resolve(): "an input" for file in inputs if file is not None}
    for option, file in outputs.items():
        if file is None or str(file) == "-":
            continue
        if (role := taken.get(file.resolve())) is not None:
            raise AudioError(f"{file} is {role} as well; name another file.")
        taken[file.resolve()] = "another output"
        there = next(place for place in (file.absolute(), *file.absolute().parents) if place.exists())
        if not os.access(there, os.W_OK) or not (there.is_dir() or there == file.absolute()):
            raise SettingsError(f"Cannot write {file}: {there} cannot be written to. Choose another file for {option}.")


def write_json(result: Any, json_file: Path | None) -> bool:
    """Write `result` (built-in types or msgspec structs) if the user gave `--json`.

    Returns:
        Whether standard output is left for people: tables are printed there only then.
    """
    if json_file is None:
        return True
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(result, enc_hook=_path_text), indent=2)
    if str(json_file) == "-":
        click.echo(text)
        return False
    try:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_bytes(text + b"\n")
    except OSError as error:
        raise SettingsError(f"Cannot write {json_file}: {error.strerror}. Choose another file for --json.") from error
    return True


def _path_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError  # as msgspec asks for


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose numbers line up; wide cells wrap instead of being cut, but in one that nobody reads whole."""
    if len(rows) > MOST_WRAPPED:
        widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in (columns, *rows))
        click.echo("\n".join([title, *lines]))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
