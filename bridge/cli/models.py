"""`bridge evaluate`, `models` and `styles`: models, and what they know."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from bridge.cli.interrupts import cancellable
from bridge.cli.output import check_outputs, json_option, print_table, settings_of, write_json
from bridge.cli.param_types import EXISTING_FOLDER, FILE, SEED, Number
from bridge.cli.progress import shown_progress
from bridge.errors import AudioError, ModelError
from bridge.extras import require_extra


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=EXISTING_FOLDER)
@json_option
@click.option("--report", "report_file", type=FILE, metavar="FILE.html",
              help="Write a page with tables, plots and players.")  # fmt: skip
@click.option("--each", type=click.IntRange(1, 1000), default=4, show_default=True, metavar="N",
              help="Cases of every recording and use.")  # fmt: skip
@click.option("--seed", type=SEED, default=0, show_default=True, metavar="N",
              help="Same seed and files, same cases.")  # fmt: skip
@click.option("--budget", type=click.IntRange(1, 1_000_000), metavar="RENDERS",
              help="What random search and CMA-ES get for a case (default: what the model took).")  # fmt: skip
@click.option("--refine", "refine_s", type=Number(0.0, 3600.0), metavar="SECONDS", default=0.0,
              help="Let the model search so long for better settings, as automix --refine does.")  # fmt: skip
@click.option("--record", is_flag=True,
              help="Write the scores into the model's manifest and card, in place of those that training left "
              "there.")  # fmt: skip
@click.pass_context
def evaluate(
    context: click.Context,
    model: str,
    folders: tuple[Path, ...],
    json_file: Path | None,
    report_file: Path | None,
    each: int,
    seed: int,
    budget: int | None,
    refine_s: float,
    record: bool,
) -> None:
    """Evaluate MODEL on the recordings in DIR that it never heard, beside all that it must beat. Ctrl+C stops it."""
    require_extra("train", "reaper-bridge evaluate")
    from bridge.audio.file_kinds import SUFFIXES
    from bridge.model.manifest import CARD_FILE, MANIFEST_FILE, WEIGHTS_FILE, find_model, read_manifest
    from bridge.report.evaluation_page import write_evaluation_page
    from bridge.training.evaluation.card import record_scores
    from bridge.training.evaluation.evaluate import EvaluationOptions, evaluate_model
    from bridge.training.evaluation.tables import score_tables
    from bridge.training.tasks.registry import task_of_model

    if record and refine_s > 0:
        raise click.UsageError("--record is for the scores of the model alone. Record without --refine.")
    settings = settings_of(context)
    folder = find_model(model, settings.model_folders)
    task = task_of_model(read_manifest(folder).training)
    own = [folder / name for name in (MANIFEST_FILE, WEIGHTS_FILE, CARD_FILE)]
    check_outputs(own, {"--json": json_file, "--report": report_file})
    for file in (json_file, report_file):
        if file is not None and file.suffix.lower() in SUFFIXES:  # what may be one of the recordings
            raise AudioError(f"{file} is named as audio is; name what is written there .json or .html.")
    with cancellable() as cancelled, shown_progress("Evaluating", in_lines=True) as progress:
        evaluation = evaluate_model(
            folder,
            folders,
            task,
            workers=settings.worker_count,
            options=EvaluationOptions(each=each, seed=seed, budget=budget, refine_s=refine_s),
            progress=progress,
            is_cancelled=cancelled.is_set,
        )
    scores = evaluation.scores
    if record:
        record_scores(folder, scores)
    if report_file is not None:
        write_evaluation_page(report_file, scores, evaluation.examples)
    if write_json(scores, json_file):
        for title, columns, rows in score_tables(scores):
            print_table(f"{title}, on recordings that {model} never heard", columns, rows)


@click.command()
@json_option
@click.pass_context
def models(context: click.Context, json_file: Path | None) -> None:
    """The installed models: chain, training, and scores on recordings they never heard."""
    from bridge.model.manifest import find_models

    settings = settings_of(context)
    folders = find_models(settings.model_folders)
    rows = [_model_row(name, folder) for name, folder in sorted(folders.items())]
    if write_json(rows, json_file):
        columns = ("name", "description", "trained", "folder")
        cells = [(*(str(row.get(key, "")) for key in columns), _remaining(row)) for row in rows]
        print_table("Models", (*columns, "left"), cells)
        click.echo("left: of the distance to the truth, on recordings that the model never heard; 1 is doing nothing.")


def _remaining(row: dict[str, Any]) -> str:
    """What a model leaves of the distance in each of its uses, on stems of songs where it was evaluated on some."""
    if "fault" in row:
        return ""
    test = row["scores"].get("test", {})
    lines = [
        f"{use} {scored['ratio']:.2f}"
        for use, rows in test.get("uses", {}).items()
        for scored in test.get("songs", {}).get(use) or rows
        if scored["method"] == "model"
    ]
    return "\n".join(lines) or "not evaluated"


def _model_row(name: str, folder: Path) -> dict[str, Any]:
    """What the listing says of one model; of one that cannot be read, why."""
    from bridge.model.manifest import read_manifest

    try:
        manifest = read_manifest(folder)
    except ModelError as error:
        return {"name": name, "description": f"unusable: {error}", "folder": str(folder), "fault": str(error)}
    return {
        "name": name,
        "description": manifest.description,
        "controls": len(manifest.chain.controls),
        "trained": manifest.training.date,
        "scores": manifest.scores,
        "folder": str(folder),
    }


@click.group(invoke_without_command=True)
@click.pass_context
def styles(context: click.Context) -> None:
    """Styles: a stored sound with a name, to be used as a reference. Alone, lists them."""
    if context.invoked_subcommand is None:
        context.invoke(list_styles)


@styles.command("add")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--model", metavar="NAME", help="The model that analyses them (default: channel-strip).")
@click.pass_context
def add_style(context: click.Context, name: str, files: tuple[Path, ...], model: str | None) -> None:
    """Store the sound of FILES as the style NAME."""
    from bridge.offline.models_and_styles import store_style

    path = store_style(name, files, model, settings_of(context))
    click.echo(f"The style {name} lies in {path}. Use it: reaper-bridge automix IN --style {shlex.quote(name)} -o OUT")


@styles.command("list")
@json_option
@click.pass_context
def list_styles(context: click.Context, json_file: Path | None) -> None:
    """The stored styles."""
    from bridge.features import styles as stored

    names = stored.list_styles(settings_of(context).styles)
    if write_json(names, json_file):
        if names:
            print_table("Styles", ("name",), [(name,) for name in names])
        else:
            click.echo("There are no styles yet. Add one: reaper-bridge styles add NAME FILE...")
