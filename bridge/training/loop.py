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
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from bridge import __version__
from bridge.errors import SettingsError
from bridge.model.bands import loudness_weights_db
from bridge.model.bundle import build_encoder, save_bundle
from bridge.model.encoders import statistics_of
from bridge.model.manifest import SCHEMA, ConfidenceLaw, EncoderSettings, FeatureSettings, Manifest, Provenance
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training import checkpoint
from bridge.training.card import write_card
from bridge.training.confidence import fit_confidence
from bridge.training.learner import Learner, draw_batch, take
from bridge.training.material import SAMPLE_RATE_HZ, Material, Recipe, prepare
from bridge.training.pool import Shard
from bridge.training.surrogate import Surrogate

Notify = Callable[[float, str], None]

TASKS = ("channel-strip",)
SHARDS_PER_MINUTE = 8
PREPARING_SHARE = 0.4  # of the time, at most, goes into making examples; also its share of the progress shown
CHECKPOINT_EVERY_S = 30.0
VALIDATE_EVERY = 250
REPORT_EVERY = 20
WARM_UP = 0.03  # share of the training in which rates rise
SURROGATE_LEAD = 0.06  # share of the training before the encoder listens to the surrogate
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

    @property
    def work(self) -> Path:
        """Where examples and checkpoints lie. `clean_up` removes it."""
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
    limit_s = PREPARING_SHARE * options.minutes * 60

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
    course = Course(options, folder, material, _new_learner(options, manifest), limit_s)
    if not course.run(progress, is_cancelled):
        return None
    return _finish(options, manifest, course, minutes=(time.monotonic() - begin) / 60)


@dataclass
class Course:
    """The learning itself, from the first update to the last, with its checkpoints."""

    options: TrainOptions
    folder: Path
    material: Material
    learner: Learner
    limit_s: float
    step: int = 0
    best: float = math.inf
    before_s: float = 0.0  # spent learning before a resume
    begin: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> float:
        """Share of the course that lies behind, 0..1."""
        if self.options.steps is not None:
            return min(1.0, self.step / self.options.steps)
        return min(1.0, self._elapsed_s() / max(1.0, self.limit_s))

    def run(self, progress: Notify, is_cancelled: Callable[[], bool]) -> bool:
        """Learn until the course is done: True. False when cancelled, with a fresh checkpoint."""
        if self.options.resume and self._file.is_file():
            self._restore()
        saved = time.monotonic()
        while (done := self.done) < 1.0:
            batch, crop = draw_batch(self.material.examples, self.options.seed, self.step, self.learner.device)
            report = self.learner.step(batch, rate=_rate(done), sound_share=_sound_share(done), crop=crop)
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                left_s = self._elapsed_s() * (1 - done) / max(1e-6, done)
                progress(PREPARING_SHARE + (1 - PREPARING_SHARE) * done, _describe(self.step, report, left_s))
            if self.step % VALIDATE_EVERY == 0:
                self._validate(progress)
            if is_cancelled() or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                self._save(self._file)
                saved = time.monotonic()
                if is_cancelled():
                    return False
        self._validate(progress)
        return True

    def load_best(self) -> None:
        """Put the best average of weights into the encoder."""
        tensors, _ = checkpoint.load_checkpoint(self._best_file, self.folder.name)
        self.learner.encoder.load_state_dict(_part(tensors, "average"))

    def _validate(self, progress: Notify) -> None:
        score = sum(validate(self.learner, self.material.validation_examples).values())
        progress(PREPARING_SHARE + (1 - PREPARING_SHARE) * self.done, f"step {self.step}: validation {score:.3f} dB")
        if score < self.best:
            self.best = score
            self._save(self._best_file)

    @property
    def _file(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def _best_file(self) -> Path:
        return self.folder / "best.safetensors"

    def _elapsed_s(self) -> float:
        return self.before_s + time.monotonic() - self.begin

    def _save(self, file: Path) -> None:
        stand = checkpoint.Progressed(
            step=self.step, elapsed_s=self._elapsed_s(), best_validation=self.best, signature=self.folder.name
        )
        learner = self.learner
        tensors = checkpoint.pack_state(learner.encoder, "encoder") | checkpoint.pack_state(
            learner.surrogate, "surrogate"
        )
        tensors |= {f"average.{name}": tensor for name, tensor in learner.average.items()}
        tensors |= checkpoint.pack_optimizer(learner.optimizer, "optimizer")
        tensors |= checkpoint.pack_optimizer(learner.surrogate_optimizer, "surrogate_optimizer")
        checkpoint.save_checkpoint(file, tensors, stand)

    def _restore(self) -> None:
        tensors, stand = checkpoint.load_checkpoint(self._file, self.folder.name)
        self.step, self.best, self.before_s = stand.step, stand.best_validation, stand.elapsed_s
        self.begin = time.monotonic()
        learner = self.learner
        learner.encoder.load_state_dict(_part(tensors, "encoder"))
        learner.surrogate.load_state_dict(_part(tensors, "surrogate"))
        learner.average = {name: tensor.to(learner.device) for name, tensor in _part(tensors, "average").items()}
        checkpoint.unpack_optimizer(learner.optimizer, "optimizer", tensors)
        checkpoint.unpack_optimizer(learner.surrogate_optimizer, "surrogate_optimizer", tensors)


def validate(learner: Learner, examples: Shard) -> dict[str, float]:
    """The losses in dB of the averaged weights on all of `examples`."""
    trained = {name: tensor.clone() for name, tensor in learner.encoder.state_dict().items()}
    learner.encoder.load_state_dict(learner.average)
    with torch.no_grad():
        batch = take(examples, np.arange(len(examples["hidden"])), learner.device)
        dry, degraded = statistics_of(batch["dry"])[0], statistics_of(batch["degraded"])[0]
        losses = learner.losses(batch, slice(None), dry, degraded)
    learner.encoder.load_state_dict(trained)
    return {name: float(losses[name].mean()) for name in ("match_db", "automix_db")}


def clean_up(options: TrainOptions) -> None:
    """Remove the examples and checkpoints of a finished training."""
    for path in sorted(options.work.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    options.work.rmdir()


def _finish(options: TrainOptions, manifest: Manifest, course: Course, *, minutes: float) -> Manifest:
    course.load_best()
    encoder = course.learner.encoder.eval()
    examples = course.material.validation_examples
    batch = take(examples, np.arange(len(examples["hidden"])), course.learner.device)
    draft = {name: getattr(manifest.training, name) for name in manifest.training.__struct_fields__}
    training = Provenance(**{**draft, "minutes": round(minutes, 1), "steps": course.step})
    manifest = Manifest(
        schema=SCHEMA,
        name=manifest.name,
        description=manifest.description,
        chain=manifest.chain,
        features=manifest.features,
        encoder=manifest.encoder,
        confidence=fit_confidence(encoder, batch),
        weights_sha256="",
        training=training,
        scores={"validation": {"profile_distance_db": round(course.best, 3)}},
    )
    return save_bundle(options.output, manifest, encoder.state_dict(), write_card(manifest))


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


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _rate(done: float) -> float:
    """A short warm-up, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.05, done / WARM_UP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _sound_share(done: float) -> float:
    return min(1.0, max(0.0, (done - SURROGATE_LEAD) / SURROGATE_LEAD))


def _describe(step: int, report: dict[str, float], left_s: float) -> str:
    losses = ", ".join(f"{name} {value:.2f}" for name, value in report.items())
    return f"step {step}: {losses}; {left_s / 60:.1f} min left"
