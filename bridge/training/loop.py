"""`bridge train`: recordings in, a model folder out. Reads top to bottom.

Make examples with the real plugins, learn from them for the given time, keep the weights that did best on songs
held back for that, calibrate the confidence on those songs, and write the bundle with its card. A training that
is stopped keeps a checkpoint at most half a minute old, and `resume` goes on from it.
"""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch

from bridge import __version__
from bridge.errors import SettingsError
from bridge.model.bands import loudness_weights_db
from bridge.model.bundle import build_encoder, save_bundle
from bridge.model.manifest import SCHEMA, ConfidenceLaw, EncoderSettings, FeatureSettings, Manifest, Provenance
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.judging.card import record_scores, write_card
from bridge.training.judging.evaluate import evaluate_model
from bridge.training.learning.confidence import fit_confidence
from bridge.training.learning.course import JUDGING_FROM, PREPARING_SHARE, Course, Notify
from bridge.training.learning.learner import Learner, take
from bridge.training.learning.surrogate import Surrogate
from bridge.training.material import SAMPLE_RATE_HZ, Material, Recipe, prepare

TASKS = ("channel-strip",)
SHARDS_PER_MINUTE = 8
PREPARING_LIMIT = 0.4  # of the time, at most, goes into making examples
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
    minutes: float = DEFAULT_MINUTES
    steps: int | None = None
    shards: int | None = None  # of examples; None: as many as the minutes allow
    synthesised_takes: int = 16
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
    def recipe(self) -> Recipe:
        shards = self.shards or max(2, math.ceil(self.minutes * SHARDS_PER_MINUTE))
        return Recipe(self.chain, self.data, self.seed, shards, self.synthesised_takes, FeatureSettings())


def train(
    options: TrainOptions, *, progress: Notify, is_cancelled: Callable[[], bool] = lambda: False
) -> Manifest | None:
    """Train a model and write it to `options.output`. None when cancelled: `resume` then goes on.

    Raises SettingsError for an unknown task, AudioError for unusable data, ModelError for a foreign checkpoint.
    """
    if options.task not in TASKS:
        raise SettingsError(f"No task is called {options.task!r}. Tasks: {', '.join(TASKS)}.")
    begin = time.monotonic()
    recipe = options.recipe
    folder = options.work / recipe.signature
    folder.mkdir(parents=True, exist_ok=True)
    limit_s = PREPARING_LIMIT * options.minutes * 60

    def preparing_must_stop() -> bool:
        return is_cancelled() or (options.steps is None and time.monotonic() - begin > limit_s)

    def preparing(share: float, text: str) -> None:
        progress(PREPARING_SHARE * share, text)

    with PluginHost(workers=options.workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
        material = prepare(recipe, host, folder, progress=preparing, must_stop=preparing_must_stop)
    if is_cancelled():
        return None
    manifest = _draft(options, material)
    limit_s = options.minutes * 60 - (time.monotonic() - begin)
    learner = _new_learner(options, manifest)
    course = Course(folder, material, learner, options.seed, limit_s, limit_steps=options.steps)
    if options.resume:
        course.resume()
    if not course.run(progress, is_cancelled):
        return None
    manifest = _finish(options, manifest, course, minutes=(time.monotonic() - begin) / 60)
    if options.judged_cases and material.test:
        manifest = _judge(options, progress)
    if not options.keeps_work:
        _clean_up(options.work)
    return manifest


def _judge(options: TrainOptions, progress: Notify) -> Manifest:
    """Score the finished model on the recordings held back for that, into its manifest and card."""

    def judging(share: float, text: str) -> None:
        progress(JUDGING_FROM + (1 - JUDGING_FROM) * share, f"judging {text}")

    scores = evaluate_model(
        options.output, options.data, workers=options.workers, each=options.judged_cases, progress=judging
    )
    return record_scores(options.output, scores)


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
    encoder = course.learner.encoder.eval()
    examples = course.material.validation_examples
    batch = take(examples, np.arange(len(examples["hidden"])), course.learner.device)
    replaced = msgspec.structs.replace
    manifest = replaced(
        manifest,
        confidence=fit_confidence(encoder, batch),
        training=replaced(manifest.training, minutes=round(minutes, 1), steps=course.step),
        scores={"validation": {"profile_distance_db": round(course.best, 3)}},
    )
    profiles = course.material.examples["clean_profile"]
    chosen = np.random.default_rng(options.seed).permutation(len(profiles))[:BANK_SIZE]
    return save_bundle(
        options.output, manifest, encoder.state_dict(), write_card(manifest), bank=profiles[chosen].astype(np.float32)
    )


def _draft(options: TrainOptions, material: Material) -> Manifest:
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
        sources=tuple(folder.name for folder in options.data),
        heard=material.train,
        validation=material.validation,
        bridge_version=__version__,
        is_preliminary=options.is_preliminary,
    )
    return Manifest(
        schema=SCHEMA,
        name=options.output.name,
        description=options.chain.description,
        chain=options.chain,
        features=FeatureSettings(),
        encoder=EncoderSettings(),
        confidence=ConfidenceLaw(),
        weights_sha256="",
        training=training,
        scores={},
    )


def _new_learner(options: TrainOptions, manifest: Manifest) -> Learner:
    torch.manual_seed(options.seed)
    controls = manifest.chain.controls
    kept = torch.tensor([float(control.role != "output_gain") for control in controls])
    device = torch.device(options.device)
    surrogate = Surrogate(manifest.features.bands, len(controls))
    weights_db = torch.from_numpy(loudness_weights_db(manifest.features)).to(device)
    return Learner(build_encoder(manifest), surrogate, kept.to(device), weights_db, device)
