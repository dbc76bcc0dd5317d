"""`bridge train`: recordings in, a model folder out. Reads top to bottom.

Make examples with the real plugins, learn from them, keep the weights that did best on songs held back for that,
calibrate the confidence on those songs, write the bundle with its card, and evaluate it on songs of which nothing was
learned. The given minutes hold all of that: see `time_budget`. A training that is stopped keeps a checkpoint at most
half a minute old, and `resume` goes on from it. Started by `torchrun`, several processes learn as one.
"""

from __future__ import annotations

import datetime
import math
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec
import numpy as np

from bridge import __version__
from bridge.errors import AudioError, BridgeError, ModelError, SettingsError
from bridge.model.bundle import save_bundle
from bridge.model.manifest import MANIFEST_FILE, SCHEMA, ConfidenceCalibration, Manifest, Provenance
from bridge.plugins.host.host import PluginHost
from bridge.training.data.recordings import Side
from bridge.training.evaluation.card import record_scores, write_card
from bridge.training.evaluation.evaluate import EvaluationOptions, evaluate_model
from bridge.training.options import TrainOptions
from bridge.training.preparation import Preparation
from bridge.training.tasks.registry import find_task, task_of_model
from bridge.training.tasks.task import SAMPLE_RATE_HZ, VALIDATION_SEED, Task, TaskRecordings
from bridge.training.time_budget import TimeBudget
from bridge.training.trainer.distributed import LIMIT, find_device, joined_process_group
from bridge.training.trainer.scalar_log import open_log
from bridge.training.trainer.train_step import TrainStepSettings
from bridge.training.trainer.trainer import Notify, Trainer, best_weights_file, checkpoint_file

REFERENCE_PROFILE_COUNT = 4096  # profiles of good recordings, which have a veto in the guard: 1 MiB
HOST_LIMIT_S = 60.0
ALL_TAKES_MINUTES = 10.0  # shorter trainings have fewer synthesised recordings
# So many seeds have synthesised recordings of their own; those to validate by come after the last of theirs.
SYNTHESISED_SEEDS = VALIDATION_SEED // 1000


def train(
    options: TrainOptions, *, progress: Notify, is_cancelled: Callable[[], bool] = lambda: False
) -> Manifest | None:
    """Train a model and write it to `options.output`.

    Returns:
        The manifest; None when cancelled (`resume` then goes on), and in all processes but the first.

    Raises:
        SettingsError: an unknown task, a recipe that is not for it, a device that is not there, a taken output folder.
        AudioError: unusable data.
        ModelError: a checkpoint that cannot be gone on from, another process that has died, a training that learned
            nothing, or an evaluation that was cancelled or went wrong: then the model is there, without scores.
    """
    task, recipe = find_task(options.task), options.recipe
    budget = _budget(options)
    task.check(recipe, options.chain)
    _check_output(options)
    resumes = _has_checkpoint(options)
    with joined_process_group(LIMIT + datetime.timedelta(minutes=options.minutes)) as processes:
        device = find_device(options.device, processes)
        workers = processes.share(options.workers)
        with PluginHost(workers=workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
            progress(0.0, "reading and synthesising recordings")
            is_over = budget.loading()
            recordings = load_recordings(task, options, must_stop=lambda side: not resumes and is_over(side))
            if processes.is_first and not resumes:
                _start_afresh(options.checkpoints)
            preparation = Preparation(options, host, processes, budget, progress, is_cancelled, resumes)
            datasets = preparation.run(task, recordings)
            if datasets is None:
                return None
            dataset, validation = datasets
            draft = _draft(options, task, recordings, dataset.count)
            settings = TrainStepSettings(
                draft,
                recipe.learning,
                device,
                options.seed,
                processes,
                dataset.renderer,
                recipe.stages,
                validation.renderer,
            )
            trainer = Trainer(
                folder=options.checkpoints,
                dataset=dataset,
                validation=validation,
                train_step=task.new_train_step(settings),
                stages=recipe.stages,
                seed=options.seed,
                validate_every=recipe.learning.validate_every,
                checkpoint_every_s=recipe.learning.checkpoint_every_s,
                limit_s=budget.learn_s,
                limit_steps=options.steps,
                prepared_s=budget.spent_s,
                processes=processes,
            )
            if resumes:
                trainer.resume()
                budget.set_spent(trainer.spent_s)
            renders_more = processes.count == 1 and options.steps is None and not budget.is_rendering_more_over
            with (
                dataset.rendering_more(lambda: budget.is_rendering_more_over) if renders_more else nullcontext(),
                open_log(options.tensorboard if processes.is_first else None, from_step=trainer.step) as trainer.log,
            ):
                if not trainer.run(budget.learning(progress), is_cancelled):
                    return None
    if not processes.is_first:
        return None
    if options.steps is None and not trainer.has_learned:
        raise _nothing_learned(options, trainer)
    manifest = _save_model(options, task, draft, trainer)
    if options.evaluated_cases and recordings.test:
        manifest = _evaluate(options, manifest.training, budget, progress, is_cancelled)
    if not options.keeps_work:
        shutil.rmtree(options.work)
    return manifest


def load_recordings(
    task: Task, options: TrainOptions, *, must_stop: Callable[[Side], bool] = lambda _: False
) -> TaskRecordings:
    """Read and synthesise the recordings of a training, of each side until `must_stop`.

    Raises AudioError when there is nothing to learn from.
    """
    takes = options.recipe.examples.synthesised_takes
    if options.steps is None:  # synthesising them takes time, too
        takes = math.ceil(takes * min(1.0, options.minutes / ALL_TAKES_MINUTES))
    recordings = task.load_recordings(
        options.data, seed=options.seed % SYNTHESISED_SEEDS, takes=takes, must_stop=must_stop
    )
    if not recordings.train or not recordings.validation:
        raise AudioError(
            f"{len(recordings.train)} recordings to learn from and {len(recordings.validation)} to check by are too "
            "few. Give folders with at least three files that sound, or let recordings be synthesised."
        )
    return recordings


def _budget(options: TrainOptions) -> TimeBudget:
    examples = options.recipe.examples
    if options.steps is not None:
        return TimeBudget()
    return TimeBudget.of(
        options.minutes,
        preparing=examples.preparing_share,
        rendering_more=examples.growing_share,
        evaluates=options.evaluated_cases > 0,
        begin=options.begin,
    )


def _check_output(options: TrainOptions) -> None:
    """SettingsError for an output folder that holds anything but a model or what a training has begun in it."""
    folder = options.output
    if not options.name:
        raise SettingsError(f"A model cannot be called as the folder {folder} is; give a folder with a name (-o).")
    if not folder.is_dir() or (folder / MANIFEST_FILE).is_file() or options.work.is_dir():
        return
    if (found := next(folder.iterdir(), None)) is not None:
        raise SettingsError(
            f"The folder {folder} holds {found.name}, and is no model's: nothing there is overwritten. Give a folder "
            "that is new or empty (-o)."
        )


def _has_checkpoint(options: TrainOptions) -> bool:
    """Whether there is a checkpoint to go on from. ModelError where there is one of another training alone."""
    if not options.resume:
        return False
    if checkpoint_file(options.checkpoints).is_file():
        return True
    if any(options.work.glob("*/*/checkpoint.safetensors")):
        raise ModelError(
            f"{options.work} holds a training with another task, chain, recipe or seed, with other data, or of another "
            "version. Give what it was started with, or train without --resume."
        )
    if (options.output / MANIFEST_FILE).is_file() and not options.work.is_dir():
        raise ModelError(f"The model in {options.output} is finished. Train without --resume to replace it.")
    return False


def _start_afresh(folder: Path) -> None:
    """Checkpoints of an earlier training must not be found by a later resume."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint_file(folder).unlink(missing_ok=True)
    best_weights_file(folder).unlink(missing_ok=True)


def _draft(options: TrainOptions, task: Task, recordings: TaskRecordings, examples: int) -> Manifest:
    """The manifest as far as it is known before learning."""
    training = Provenance(
        task=options.task,
        command=options.command,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seed=options.seed,
        minutes=options.minutes,
        steps=0,
        examples=examples,
        sample_rate_hz=SAMPLE_RATE_HZ,
        sources=recordings.sources,
        training_files=tuple(dict.fromkeys(recording.name for recording in recordings.train)),
        validation=tuple(recording.name for recording in recordings.validation),
        bridge_version=__version__,
        is_preliminary=options.is_preliminary,
    )
    return Manifest(
        schema=SCHEMA,
        name=options.name,
        description=options.chain.description,
        chain=options.chain,
        features=options.recipe.features,
        encoder=options.recipe.encoder,
        use=task.use,
        confidence=ConfidenceCalibration(),
        weights_sha256="",
        training=training,
        scores={},
    )


def _nothing_learned(options: TrainOptions, trainer: Trainer) -> ModelError:
    updates = "1 update" if trainer.step == 1 else f"{trainer.step:,} updates"
    return ModelError(
        f"Nothing was learned: after {updates} on {trainer.dataset.count:,} examples the loss on the songs to choose "
        f"by is no lower than before the first ({trainer.untrained:.4g}). No model was written to {options.output}. "
        "Go on with more --minutes and --resume, or take a chain that renders faster."
    )


def _save_model(options: TrainOptions, task: Task, draft: Manifest, trainer: Trainer) -> Manifest:
    """Write the best weights as a model folder."""
    trainer.load_best()
    train_step, dataset, validation = trainer.train_step, trainer.dataset, trainer.validation
    train_step.encoder.eval()
    training = msgspec.structs.replace(
        draft.training,
        minutes=round(trainer.spent_s / 60, 1),
        steps=trainer.step,
        examples=dataset.count,
        failed_renders=dataset.failed_renders + validation.failed_renders + dataset.renderer.failures.renders,
    )
    manifest = msgspec.structs.replace(
        draft,
        confidence=task.fit_confidence(train_step, validation.examples),
        training=training,
        scores={"validation": {"loss": round(trainer.learned, 3), "untrained_loss": round(trainer.untrained, 3)}},
    )
    profiles = task.reference_profiles(dataset.examples)
    if profiles is not None:
        profiles = profiles[np.random.default_rng(options.seed).permutation(len(profiles))[:REFERENCE_PROFILE_COUNT]]
    return save_bundle(
        options.output,
        manifest,
        train_step.encoder.state_dict(),
        write_card(manifest),
        reference_profiles=profiles,
    )


def _evaluate(
    options: TrainOptions, training: Provenance, budget: TimeBudget, progress: Notify, is_cancelled: Callable[[], bool]
) -> Manifest:
    """Score the finished model on the recordings held back for that, into its manifest and card."""
    try:
        evaluation = evaluate_model(
            options.output,
            options.data,
            task_of_model(training),
            workers=options.workers,
            options=EvaluationOptions(each=options.evaluated_cases, limit_s=budget.left_s),
            progress=budget.evaluating(progress),
            is_cancelled=is_cancelled,
        )
    except BridgeError as error:
        why = "Stopped while evaluating" if is_cancelled() else f"It could not be evaluated ({error})"
        raise ModelError(
            f"{why}: the model in {options.output} is complete, but has no scores. "
            "--resume evaluates it, and so does reaper-bridge evaluate."
        ) from error
    return record_scores(options.output, evaluation.scores)
