"""`bridge train`: recordings in, a model folder out. Reads top to bottom.

Make examples with the real plugins, learn from them for the given time, keep the weights that did best on songs
held back for that, calibrate the confidence on those songs, and write the bundle with its card. A training that
is stopped keeps a checkpoint at most half a minute old, and `resume` goes on from it. Started by `torchrun`, several
processes learn as one.
"""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import torch

from bridge import __version__
from bridge.model.bundle import save_bundle
from bridge.model.manifest import SCHEMA, ConfidenceLaw, Manifest, Provenance
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.judging.card import record_scores, write_card
from bridge.training.judging.evaluate import Asked, evaluate_model
from bridge.training.learning.course import Course, Notify
from bridge.training.learning.learner import LearnerSetup
from bridge.training.learning.processes import Processes, processes_of_environment
from bridge.training.material import Material, Order, gather, prepare
from bridge.training.recipe import Recipe, load_recipe
from bridge.training.tasks.registry import task_called
from bridge.training.tasks.task import SAMPLE_RATE_HZ, Gathered

PREPARING_SHARE = 0.4  # of the progress shown belongs to making examples
JUDGING_FROM = 0.97
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
    minutes: float = DEFAULT_MINUTES
    steps: int | None = None
    shards: int | None = None  # of examples; None: as many as the minutes allow
    resume: bool = False
    device: str = "cpu"
    seed: int = 0
    workers: int = 2
    command: str = ""
    is_preliminary: bool = False
    keeps_work: bool = False  # leave examples and checkpoints where they are when the model is done
    judged_cases: int = 4  # of each recording held back for the test; 0 leaves the model without scores

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

    @property
    def order(self) -> Order:
        shards = self.shards or max(2, math.ceil(self.minutes * self.recipe.examples.shards_per_minute))
        return Order(task_called(self.task), self.recipe, self.chain, self.data, self.seed, shards)


def train(
    options: TrainOptions, *, progress: Notify, is_cancelled: Callable[[], bool] = lambda: False
) -> Manifest | None:
    """Train a model and write it to `options.output`. None when cancelled (`resume` then goes on), and in all
    processes but the first.

    Raises SettingsError for an unknown task, AudioError for unusable data, ModelError for a foreign checkpoint.
    """
    begin = time.monotonic()
    order = options.order
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    with (
        processes_of_environment() as processes,
        PluginHost(workers=options.workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host,
    ):
        gathered = gather(order)
        material = _prepare(options, gathered, host, processes, begin, progress=progress, is_cancelled=is_cancelled)
        if material is None:
            return None
        draft = _draft(options, gathered, material)
        course = _course(options, draft, material, host, processes, limit_s=_left_s(options, begin))
        if options.resume:
            course.resume()
        if not course.run(_learning(progress), is_cancelled):
            return None
    if not processes.is_first:
        return None
    manifest = _finish(options, draft, course, minutes=(time.monotonic() - begin) / 60)
    if options.judged_cases and gathered.test:
        manifest = _judge(options, progress)
    if not options.keeps_work:
        _clean_up(options.work)
    return manifest


def _prepare(
    options: TrainOptions,
    gathered: Gathered,
    host: PluginHost,
    processes: Processes,
    begin: float,
    *,
    progress: Notify,
    is_cancelled: Callable[[], bool],
) -> Material | None:
    """The examples: made by the first process, read by the others. None when cancelled meanwhile."""
    limit_s = options.recipe.examples.preparing_share * options.minutes * 60

    def must_stop() -> bool:
        return is_cancelled() or (options.steps is None and time.monotonic() - begin > limit_s)

    def preparing(share: float, text: str) -> None:
        progress(PREPARING_SHARE * share, text)

    order, folder = options.order, options.examples
    if processes.is_first:
        material = prepare(order, gathered, host, folder, progress=preparing, must_stop=must_stop)
    processes.wait()
    if not processes.is_first:
        material = prepare(order, gathered, host, folder, progress=preparing, must_stop=lambda: True)
    return None if processes.agreed(float(is_cancelled())) else material


def _course(
    options: TrainOptions,
    draft: Manifest,
    material: Material,
    host: PluginHost,
    processes: Processes,
    *,
    limit_s: float,
) -> Course:
    recipe, order = options.recipe, options.order
    studio = order.studio(host, list(material.gathered.train), augment=True)
    device = torch.device(options.device)
    setup = LearnerSetup(draft, recipe.learning, device, options.seed, processes, studio, recipe.stages)
    return Course(
        folder=options.checkpoints,
        examples=material.examples,
        validation_examples=material.validation_examples,
        learner=order.task.new_learner(setup),
        stages=recipe.stages,
        seed=options.seed,
        validate_every=recipe.learning.validate_every,
        limit_s=limit_s,
        limit_steps=options.steps,
        processes=processes,
    )


def _left_s(options: TrainOptions, begin: float) -> float:
    return options.minutes * 60 - (time.monotonic() - begin)


def _learning(progress: Notify) -> Notify:
    """The progress of the learning alone as a part of the whole."""

    def learning(share: float, text: str) -> None:
        progress(PREPARING_SHARE + (JUDGING_FROM - PREPARING_SHARE) * share, text)

    return learning


def _judge(options: TrainOptions, progress: Notify) -> Manifest:
    """Score the finished model on the recordings held back for that, into its manifest and card."""

    def judging(share: float, text: str) -> None:
        progress(JUDGING_FROM + (1 - JUDGING_FROM) * share, f"judging {text}")

    evaluation = evaluate_model(
        options.output,
        options.data,
        task_called(options.task),
        workers=options.workers,
        asked=Asked(each=options.judged_cases),
        progress=judging,
    )
    return record_scores(options.output, evaluation.scores)


def _clean_up(work: Path) -> None:
    """Remove the examples and checkpoints of a finished training."""
    for path in sorted(work.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    work.rmdir()


def _finish(options: TrainOptions, manifest: Manifest, course: Course, *, minutes: float) -> Manifest:
    course.load_best()
    learner, task = course.learner, options.order.task
    learner.encoder.eval()
    replaced = msgspec.structs.replace
    manifest = replaced(
        manifest,
        confidence=task.fit_confidence(learner, course.validation_examples),
        training=replaced(manifest.training, minutes=round(minutes, 1), steps=course.step),
        scores={"validation": {"loss": round(course.best, 3)}},
    )
    bank = task.bank(course.examples)
    if bank is not None:
        bank = bank[np.random.default_rng(options.seed).permutation(len(bank))[:BANK_SIZE]]
    return save_bundle(options.output, manifest, learner.encoder.state_dict(), write_card(manifest), bank=bank)


def _draft(options: TrainOptions, gathered: Gathered, material: Material) -> Manifest:
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
        name=options.output.name,
        description=options.chain.description,
        chain=options.chain,
        features=options.recipe.features,
        encoder=options.recipe.encoder,
        job=options.order.task.job,
        confidence=ConfidenceLaw(),
        weights_sha256="",
        training=training,
        scores={},
    )
