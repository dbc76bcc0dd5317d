"""`bridge train`: a model for a chain, learned from recordings."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.interrupts import cancellable
from bridge.cli.output import settings_of
from bridge.cli.param_types import EXISTING_FOLDER, FILE, FOLDER, SEED, Number
from bridge.cli.progress import shown_progress
from bridge.errors import ModelError
from bridge.extras import require_extra

if TYPE_CHECKING:  # `--help` waits for no numpy
    from bridge.model.manifest import Manifest

MOST_MINUTES = 60.0 * 24 * 31


@click.command()
@click.option("--chain", "chain_file", required=True, type=FILE, help="The chain to learn, a TOML file.")
@click.option("--task", required=True, metavar="TASK", help="What to learn; an unknown one lists those there are.")
@click.option(
    "--data", "folders", required=True, multiple=True, type=EXISTING_FOLDER, help="Folder of audio; may be repeated."
)
@click.option("-o", "--output", required=True, type=FOLDER,
              help="Folder of the new model; its name becomes the model's.")  # fmt: skip
@click.option("--recipe", "recipe_file", type=FILE, help="A TOML with what the training is to do otherwise.")
@click.option("--minutes", type=Number(0.1, MOST_MINUTES), default=30.0, show_default=True,
              help="Time for all of it: examples, learning and evaluation.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a training that was stopped.")
@click.option("--device", default="cpu", show_default=True, help="Where the encoder learns: cpu, cuda or mps.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Same seed and data, same examples.")
@click.option("--tensorboard", type=FOLDER, metavar="DIR", help="Write the losses there as curves.")
@click.pass_context
def train(
    context: click.Context,
    chain_file: Path,
    task: str,
    folders: tuple[Path, ...],
    output: Path,
    recipe_file: Path | None,
    minutes: float,
    resume: bool,
    device: str,
    seed: int,
    tensorboard: Path | None,
) -> None:
    """Learn an encoder for a chain, through the chain's own plugins. Ctrl+C stops it; --resume goes on."""
    require_extra("train", "reaper-bridge train")
    from bridge.plugins.chain.chain_file import load_chain
    from bridge.plugins.host.host import host_for
    from bridge.training.options import TrainOptions
    from bridge.training.recipe import load_recipe, task_name
    from bridge.training.tasks.registry import find_task
    from bridge.training.train import train as learn
    from bridge.training.trainer.distributed import find_device, read_process_group

    begin = time.monotonic()
    find_task(task)
    recipe = load_recipe(task, recipe_file)
    processes = read_process_group()
    find_device(device, processes)
    settings = settings_of(context)
    with host_for(settings) as host:
        chain = load_chain(chain_file, calibrate=host.calibrate)
    parts = ["--chain", chain_file, "--task", task, *(part for f in folders for part in ("--data", f)), "-o", output]
    parts += ["--recipe", recipe_file] if recipe_file else []
    parts += ["--minutes", f"{minutes:g}", "--seed", str(seed), *(["--device", device] if device != "cpu" else [])]
    command = shlex.join(["reaper-bridge", "train", *map(str, parts)])
    options = TrainOptions(
        chain=chain,
        data=folders,
        output=output,
        task=task_name(task),
        recipe=recipe,
        minutes=minutes,
        resume=resume,
        device=device,
        seed=seed,
        workers=settings.worker_count,
        command=command,
        tensorboard=tensorboard,
        begin=begin,
    )
    shown = shown_progress("Training", in_lines=True) if processes.is_first else nullcontext(lambda _share, _step: None)
    with cancellable() as cancelled, shown as progress:
        manifest = learn(options, progress=progress, is_cancelled=cancelled.is_set)
    if not processes.is_first:
        sys.exit(1 if cancelled.is_set() else 0)  # the first process says the rest
    if manifest is None:
        raise ModelError(f"Stopped. No model was written to {output}. Go on with: {command} --resume")
    if (failed := manifest.training.failed_renders) > 0:
        click.echo(f"Plugins failed in {failed:,} renders; the examples concerned were left out.")
    for line in _learned(manifest):
        click.echo(line)
    evaluate = shlex.join(["reaper-bridge", "evaluate", str(output), "DIR"])
    click.echo(f"The model {manifest.name} lies in {output}. Evaluate it: {evaluate}")


def _learned(manifest: Manifest) -> Iterator[str]:
    """What the training came to, in lines: its updates and losses, and the scores on recordings that it never heard."""
    training, loss = manifest.training, manifest.scores["validation"]
    updates = "1 update" if training.steps == 1 else f"{training.steps:,} updates"
    yield (
        f"There was time for {updates}, on {training.examples:,} examples: the loss on the songs to choose by fell "
        f"from {loss['untrained_loss']:.4g} to {loss['loss']:.4g}."
    )
    uses = manifest.scores.get("test", {}).get("uses", {})
    for use, row in ((use, row) for use, rows in uses.items() for row in rows if row["method"] == "model"):
        cases = "1 case" if row["cases"] == 1 else f"{row['cases']} cases"
        yield (
            f"Recordings that it never heard, {use}: {row['before_db']:.2f} dB from where they should be untouched, "
            f"{row['after_db']:.2f} dB by the model ({cases})."
        )
    if not uses:
        yield "It has no score: three recordings or more are needed to hold one back for that."
    elif not any(uses.values()):
        yield "It has no score: none of the recordings that it never heard asked for a change."
