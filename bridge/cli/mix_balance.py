"""`bridge levels`: how loud the roles of real mixes are, shown and measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json
from bridge.cli.param_types import FILE, FOLDER
from bridge.cli.progress import shown_progress
from bridge.errors import ModelError

if TYPE_CHECKING:
    from bridge.mix_balance.targets import MixBalanceTargets
    from bridge.training.fit_mix_balance import BalanceDistance


@click.group()
def levels() -> None:
    """Levels between tracks: how loud drums, bass, vocals and others are in real mixes."""


@levels.command()
@json_option
@click.pass_context
def show(context: click.Context, json_file: Path | None) -> None:
    """Show the levels that are used, and where they come from."""
    from bridge.mix_balance.targets import load_targets

    targets = load_targets(settings_of(context).home)
    if write_json(targets, json_file):
        _print(targets)


@levels.command("measure")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", type=FILE, metavar="FILE.json",
              help="Write the levels to a file.")  # fmt: skip
@click.option("--use", is_flag=True, help="Use them from now on: levels.json in the home folder.")
@click.option("--force", is_flag=True, help="Use them also where they do worse than the shipped ones.")
@click.option("--source", default="", help="What the recordings are, for the file to say.")
@json_option
@click.pass_context
def measure_levels(
    context: click.Context, folders: tuple[Path, ...], output: Path | None, use: bool, force: bool, source: str,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure the levels of songs: a folder for each, with stems named by their instrument (bass.wav, vocals.wav).

    Of several songs some are held back, and show how far a mix made by these levels is from theirs. Levels that do
    worse there than the shipped ones, or than equal ones, are not used without --force.
    """
    from bridge.mix_balance.targets import FILE as TARGETS_FILE
    from bridge.mix_balance.targets import SHIPPED, read_targets, write_targets
    from bridge.training.fit_mix_balance import closer_balances, find_songs, measure_distance, measure_targets

    with shown_progress("Measuring levels") as progress:
        progress(0.0, "reading songs")
        learned, held = find_songs(folders)
        said = source or f"{len(learned)} songs: {', '.join(song.name for song in learned)}."
        targets = measure_targets(learned, said, progress=lambda share, song: progress(0.9 * share, song))
        progress(0.9, "comparing with the songs held back")
        distance = measure_distance(held, targets) if held else None
        shipped = measure_distance(held, read_targets(SHIPPED)) if held else None
    worse = ""
    if distance is not None and shipped is not None:
        worse = _describe_worse(distance, closer_balances(distance, shipped))
    is_used = use and (force or not worse)
    home = settings_of(context).home
    written = [*([output] if output else []), *([home / TARGETS_FILE] if is_used else [])]
    for file in written:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_targets(file, targets)
    names = [song.name for song in held]
    if write_json({"targets": targets, "held_back": names, "distance": distance, "shipped": shipped}, json_file):
        _print(targets)
        _print_distance(len(held), distance, shipped)
        for file in written:
            click.echo(f"The levels lie in {file}.")
        if not use:
            click.echo("They are not used yet: --use makes them yours.")
    if worse and use and not force:
        raise ModelError(
            f"On {len(held)} songs held back these levels lie {worse}, so they are not used. Measure more songs, or "
            "add --force."
        )
    if worse:
        click.echo(f"Warning: on {len(held)} songs held back these levels lie {worse}.", err=True)


def _print(targets: MixBalanceTargets) -> None:
    rows = [
        (role, f"{level.relative_lu:.1f} LU", f"{level.within_3_lu:.0%}", str(level.songs), ", ".join(level.stands_for))
        for role, level in targets.roles.items()
    ]
    print_table("Loudness beside the mix", ("role", "median", "within 3 LU", "songs", "stands for"), rows)
    click.echo(targets.source)


def _describe_worse(own: BalanceDistance, closer: Mapping[str, float]) -> str:
    """What lies closer to the real mixes than the measured levels, with medians; '' for nothing."""
    import numpy as np

    names = {"shipped": "the shipped levels", "equal": "stems that are all equally loud"}
    better = " and ".join(f"{names[name]} ({lu:.1f} LU)" for name, lu in closer.items())
    return f"{np.median(own.by_roles):.1f} LU from the real mixes, farther than {better}" if better else ""


def _print_distance(songs: int, own: BalanceDistance | None, shipped: BalanceDistance | None) -> None:
    if own is None or shipped is None:
        click.echo("No song was held back, so nothing tells how well they fit another one.")
        return
    import numpy as np

    click.echo(
        f"On {songs} songs held back, {len(own.by_roles)} stems: {np.median(own.by_roles):.1f} LU from the real mixes "
        f"(median); by the shipped levels: {np.median(shipped.by_roles):.1f} LU; all equally loud: "
        f"{np.median(own.equal):.1f} LU."
    )
