"""`bridge train`: recordings in, a model folder out. Reads top to bottom.

Make examples with the real plugins, learn from them, keep the weights that did best on songs held back for that,
calibrate the confidence on those songs, write the bundle with its card, and judge it on songs never heard. The asked
minutes hold all of that: see `clock`. A training that is stopped keeps a checkpoint at most half a minute old, and
`resume` goes on from it. Started by `torchrun`, several processes learn as one.
"""

from __future__ import annotations

import datetime
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import torch

from bridge import __version__
from bridge.errors import BridgeError, ModelError, SettingsError
from bridge.model.bundle import save_bundle
from bridge.model.manifest import MANIFEST_FILE, SCHEMA, ConfidenceCalibration, Manifest, Provenance
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.dataset import Dataset, DatasetBuilder, DatasetSettings, build_dataset
from bridge.training.evaluation.card import record_scores, write_card
from bridge.training.evaluation.evaluate import EvaluationOptions, evaluate_model
from bridge.training.objectives import example_count
from bridge.training.recipe import Recipe, load_recipe
from bridge.training.tasks.registry import find_task, task_of_model
from bridge.training.tasks.task import SAMPLE_RATE_HZ, TaskData
from bridge.training.time_budget import TimeBudget
from bridge.training.trainer.distributed import LIMIT, ProcessGroup, find_device, process_group_from_environment
from bridge.training.trainer.scalar_log import open_log
from bridge.training.trainer.train_step import TrainStepSettings
from bridge.training.trainer.trainer import Notify, Trainer, best_weights_file, checkpoint_file

BANK_SIZE = 4096  # profiles of good recordings, which have a veto in the guard: 1 MiB
HOST_LIMIT_S = 60.0
DEFAULT_MINUTES = 30.0


@dataclass(frozen=True)
class TrainOptions:
    """What `bridge train` was asked for. `steps` replaces the clock by a number of updates: repeatable."""

    chain: Chain
    data: tuple[Path, ...]
    output: Path
    task: str = "channel-strip"
    recipe: Recipe = field(default_factory=lambda: load_recipe("channel-strip"))
    minutes: float = DEFAULT_MINUTES  # for the whole command
    steps: int | None = None
    shards: int | None = None  # of examples; None: as many as the minutes allow
    resume: bool = False
    device: str = "cpu"
    seed: int = 0
    workers: int = 2
    command: str = ""
    is_preliminary: bool = False
    keeps_work: bool = False  # leave examples and checkpoints where they are when the model is done
    judged_cases: int = 4  # of each recording held back for the test, at most; 0 leaves the model without scores
    tensorboard: Path | None = None  # folder of the curves

    @property
    def name(self) -> str:
        """What the model is called: as its folder, "" where that has no name."""
        return self.output.resolve().name

    @property
    def work(self) -> Path:
        """Where examples and checkpoints lie until the model is done."""
        return self.output / ".training"

    @property
    def examples(self) -> Path:
        """Of this training and of all that differ from it only in how they learn."""
        return self.work / self.order.signature

    @property
    def checkpoints(self) -> Path:
        return self.examples / self.recipe.learning_signature

    @cached_property
    def order(self) -> DatasetSettings:
        told = self.recipe.examples
        shards = self.shards or min(told.most_shards, max(2, math.ceil(self.minutes * told.shards_per_minute)))
        return DatasetSettings(find_task(self.task), self.recipe, self.chain, self.data, self.seed, shards)


def train(
    options: TrainOptions, *, progress: Notify, is_cancelled: Callable[[], bool] = lambda: False
) -> Manifest | None:
    """Train a model and write it to `options.output`. None when cancelled (`resume` then goes on), and in all
    processes but the first.

    Raises SettingsError for an unknown task, a recipe that is not for it, a device that is not there or an output that
    is taken, AudioError for unusable data, ModelError for a checkpoint that cannot be gone on from, when another
    process has died, and when judging was cancelled or went wrong: then the model is there, without scores.
    """
    told = options.recipe.examples
    clock = TimeBudget.of(
        options.minutes, options.steps, told.preparing_share, options.judged_cases, growing_share=told.growing_share
    )
    options.order.task.check(options.recipe, options.chain)
    _check_output(options)
    goes_on = _goes_on(options)
    with process_group_from_environment(LIMIT + datetime.timedelta(minutes=options.minutes)) as processes:
        device = find_device(options.device, processes)
        workers = processes.share(options.workers)
        with PluginHost(workers=workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
            progress(0.0, "reading and synthesising recordings")
            gathered = build_dataset(options.order)
            if processes.is_first and not goes_on:
                _start_afresh(options.checkpoints)
            material = _prepare(
                options, gathered, host, processes, clock, goes_on, progress=progress, is_cancelled=is_cancelled
            )
            if material is None:
                return None
            draft = _draft(options, gathered, material)
            studio = options.order.studio(host, list(gathered.train), augment=True)
            course = _course(options, draft, material, studio, processes, clock, device)
            with material.growing(course):
                if not _run(course, options, clock, goes_on, progress=progress, is_cancelled=is_cancelled):
                    return None
    if not processes.is_first:
        return None
    manifest = _finish(options, draft, course, failed_renders=material.failed_renders + studio.failures.renders)
    if options.judged_cases and gathered.test:
        manifest = _judge(options, manifest.training, clock, progress, is_cancelled)
    if not options.keeps_work:
        shutil.rmtree(options.work)
    return manifest


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


def _goes_on(options: TrainOptions) -> bool:
    """Whether there is a checkpoint to go on from. ModelError where there is one of another training alone."""
    if not options.resume:
        return False
    if checkpoint_file(options.checkpoints).is_file():
        return True
    if any(options.work.glob("*/*/checkpoint.safetensors")):
        raise ModelError(
            f"{options.work} holds a training with another task, chain, recipe or seed, or with other data. "
            "Give what it was started with, or train without --resume."
        )
    if (options.output / MANIFEST_FILE).is_file() and not options.work.is_dir():
        raise ModelError(f"The model in {options.output} is finished. Train without --resume to replace it.")
    return False


def _start_afresh(folder: Path) -> None:
    """Checkpoints of an earlier training must not be found by a later resume."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint_file(folder).unlink(missing_ok=True)
    best_weights_file(folder).unlink(missing_ok=True)


def _prepare(
    options: TrainOptions,
    gathered: TaskData,
    host: PluginHost,
    processes: ProcessGroup,
    clock: TimeBudget,
    goes_on: bool,
    *,
    progress: Notify,
    is_cancelled: Callable[[], bool],
) -> Dataset | None:
    """The examples; None when cancelled. A training that has begun to learn begins again with those there are."""

    def must_stop() -> bool:
        return goes_on or is_cancelled() or clock.has_prepared

    progress = clock.preparing(progress)
    return DatasetBuilder(
        options.order,
        gathered,
        host,
        options.examples,
        processes,
        progress,
        must_stop,
        is_cancelled,
        has_grown=lambda: options.steps is not None or clock.has_grown,
    ).run()


def _course(
    options: TrainOptions,
    draft: Manifest,
    material: Dataset,
    studio: ExampleRenderer,
    processes: ProcessGroup,
    clock: TimeBudget,
    device: torch.device,
) -> Trainer:
    recipe, order = options.recipe, options.order
    checking = order.studio(studio.host, list(material.gathered.validation), augment=False)
    setup = TrainStepSettings(draft, recipe.learning, device, options.seed, processes, studio, recipe.stages, checking)
    return Trainer(
        folder=options.checkpoints,
        examples=material.examples,
        validation_examples=material.validation_examples,
        learner=order.task.new_learner(setup),
        stages=recipe.stages,
        seed=options.seed,
        validate_every=recipe.learning.validate_every,
        checkpoint_every_s=recipe.learning.checkpoint_every_s,
        limit_s=clock.learned_s,
        limit_steps=options.steps,
        prepared_s=clock.spent_s,
        processes=processes,
    )


def _run(
    course: Trainer,
    options: TrainOptions,
    clock: TimeBudget,
    goes_on: bool,
    *,
    progress: Notify,
    is_cancelled: Callable[[], bool],
) -> bool:
    """Learn, from the checkpoint on where there is one to go on from. False when cancelled."""
    if goes_on:
        course.resume()
        clock.set_spent(course.spent_s)
    folder = options.tensorboard if course.processes.is_first else None
    with open_log(folder, from_step=course.step) as course.log:
        return course.run(clock.learning(progress), is_cancelled)


def _finish(options: TrainOptions, manifest: Manifest, course: Trainer, *, failed_renders: int) -> Manifest:
    course.load_best()
    learner, task = course.learner, options.order.task
    learner.encoder.eval()
    replaced = msgspec.structs.replace
    minutes = round(course.spent_s / 60, 1)
    training = replaced(
        manifest.training,
        minutes=minutes,
        steps=course.step,
        examples=example_count(course.examples),
        failed_renders=failed_renders,
    )
    manifest = replaced(
        manifest,
        confidence=task.fit_confidence(learner, course.validation_examples),
        training=training,
        scores={"validation": {"loss": round(course.best, 3)}},
    )
    bank = task.bank(course.examples)
    if bank is not None:
        bank = bank[np.random.default_rng(options.seed).permutation(len(bank))[:BANK_SIZE]]
    return save_bundle(options.output, manifest, learner.encoder.state_dict(), write_card(manifest), bank=bank)


def _judge(
    options: TrainOptions, training: Provenance, clock: TimeBudget, progress: Notify, is_cancelled: Callable[[], bool]
) -> Manifest:
    """Score the finished model on the recordings held back for that, into its manifest and card."""
    try:
        evaluation = evaluate_model(
            options.output,
            options.data,
            task_of_model(training),
            workers=options.workers,
            options=EvaluationOptions(each=options.judged_cases, limit_s=clock.left_s),
            progress=clock.judging(progress),
            is_cancelled=is_cancelled,
        )
    except BridgeError as error:
        why = "Stopped while judging" if is_cancelled() else f"It could not be judged ({error})"
        raise ModelError(
            f"{why}: the model in {options.output} is complete, but has no scores. "
            "--resume judges it, and so does reaper-bridge evaluate."
        ) from error
    return record_scores(options.output, evaluation.scores)


def _draft(options: TrainOptions, gathered: TaskData, material: Dataset) -> Manifest:
    """The manifest as far as it is known before learning."""
    training = Provenance(
        task=options.task,
        command=options.command,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seed=options.seed,
        minutes=options.minutes,
        steps=0,
        examples=material.count,
        sample_rate_hz=SAMPLE_RATE_HZ,
        sources=gathered.sources,
        heard=tuple(recording.name for recording in gathered.train),
        validation=tuple(recording.name for recording in gathered.validation),
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
        job=options.order.task.job,
        confidence=ConfidenceCalibration(),
        weights_sha256="",
        training=training,
        scores={},
    )
