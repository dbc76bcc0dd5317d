"""`bridge levels`: how loud the roles of real mixes are, shown and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model.balancing.targets import LevelTargets


@click.group()
def levels() -> None:
    """Levels between tracks: how loud drums, bass, vocals and others are in real mixes."""


@levels.command()
@json_option
@click.pass_context
def show(context: click.Context, json_file: Path | None) -> None:
    """Show the levels that are used, and where they come from."""
    from bridge.model.balancing.targets import load_targets

    targets = load_targets(settings_of(context).home)
    write_json(targets, json_file)
    if json_file is None or str(json_file) != "-":
        _print(targets)


@levels.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.json",
              help="Write the levels to a file.")  # fmt: skip
@click.option("--use", is_flag=True, help="Use them from now on: levels.json in the home folder.")
@click.option("--source", default="", help="What the recordings are, for the file to say.")
@json_option
@click.pass_context
def measure(
    context: click.Context, folders: tuple[Path, ...], output: Path | None, use: bool, source: str,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure the levels of songs: a folder for each, with stems named by their instrument (bass.wav, vocals.wav).

    Of several songs some are held back, and tell how far a mix made by these levels is from theirs.
    """
    from bridge.model.balancing.targets import FILE, write_targets
    from bridge.training.balances import find_songs, measure_distance, measure_targets

    learned, held = find_songs(folders)
    said = source or f"{len(learned)} songs: {', '.join(song.name for song in learned)}."
    targets = measure_targets(learned, said)
    distance = measure_distance(held, targets) if held else None
    home = settings_of(context).home
    written = [*([output] if output else []), *([home / FILE] if use else [])]
    for file in written:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_targets(file, targets)
    write_json({"targets": targets, "held_back": [song.name for song in held], "distance": distance}, json_file)
    if json_file is not None and str(json_file) == "-":
        return
    _print(targets)
    if distance is not None:
        _print_distance(len(held), distance.by_roles, distance.equal)
    for file in written:
        click.echo(f"The levels lie in {file}.")
    if not use:
        click.echo("They are not used yet: --use makes them yours.")


def _print(targets: LevelTargets) -> None:
    rows = [
        (role, f"{level.relative_lu:.1f} LU", f"{level.within_3_lu:.0%}", str(level.songs), ", ".join(level.stands_for))
        for role, level in targets.roles.items()
    ]
    print_table("Loudness beside the mix", ("role", "median", "within 3 LU", "songs", "stands for"), rows)
    click.echo(targets.source)


def _print_distance(songs: int, by_roles: Sequence[float], equal: Sequence[float]) -> None:
    import numpy as np

    click.echo(
        f"On {songs} songs held back, {len(by_roles)} stems: {np.median(by_roles):.1f} LU from the real mixes "
        f"(median); all equally loud: {np.median(equal):.1f} LU."
    )
