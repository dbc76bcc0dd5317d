"""What a model can be trained for: the recordings and examples it learns from, the cases it is evaluated on.

`Task` is what a training needs. `EncoderTask` is a task whose encoder predicts one setting for a whole sound; it
only has to draw sounds. This module knows no task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from bridge.errors import SettingsError
from bridge.model.manifest import ConfidenceCalibration, PredictionUse, Provenance
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.families import families_of, kept_together
from bridge.training.data.recordings import (
    AudioFileEntry,
    Recording,
    Side,
    find_files,
    read_recordings,
    split_by_song,
    synthesised,
)
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.prediction_modes import ModeExample, PredictionMode, Shard, pack_examples
from bridge.training.recipe import Recipe
from bridge.training.trainer.confidence import fit_confidence
from bridge.training.trainer.encoder_train_step import EncoderTrainStep
from bridge.training.trainer.jacobian import profile_jacobian
from bridge.training.trainer.train_step import TrainStep, TrainStepSettings
from bridge.types import Audio, Float32

VALIDATION_TAKES = 2
VALIDATION_SEED = 500_000
SAMPLE_RATE_HZ = 44100


@dataclass(frozen=True)
class TaskRecordings:
    """The recordings of each side. Those of the test are named, not read: nothing is learned or chosen by them."""

    train: Sequence[Recording] = field(repr=False)
    validation: Sequence[Recording] = field(repr=False)
    test: tuple[str, ...]
    sources: tuple[str, ...]  # one line each, for the card


class Task(ABC):
    """One thing that models can be trained for.

    Attributes:
        name: on the command line and in the manifest.
        use: what the guard and the loudness of a model of this task are to do.
    """

    name: str
    use = PredictionUse()

    @abstractmethod
    def check(self, recipe: Recipe, chain: Chain) -> None:
        """Raise SettingsError for a recipe that asks for what this task cannot do, ModelError for a chain that does not
        suit it."""

    @abstractmethod
    def load_recordings(
        self, data: Sequence[Path], *, seed: int, takes: int, must_stop: Callable[[Side], bool] = lambda _: False
    ) -> TaskRecordings:
        """Return the recordings below `data` and `takes` synthesised ones of each kind, split so that no song is on two
        sides. Those to validate by are read first; once `must_stop` says so of a side, what there is of it will do.
        AudioError for unusable files."""

    def as_learned_by(self, training: Provenance) -> Task:  # noqa: ARG002  (most tasks are always the same)
        """Return the task as it was when a model learned it, to evaluate that model by."""
        return self

    def prepare(
        self,
        renderer: ExampleRenderer,  # noqa: ARG002  (most tasks need nothing)
        recipe: Recipe,  # noqa: ARG002
        folder: Path,  # noqa: ARG002
        *,
        notify: Callable[[str], None],  # noqa: ARG002
        must_stop: Callable[[], bool],  # noqa: ARG002
        is_cancelled: Callable[[], bool],  # noqa: ARG002
    ) -> Task | None:
        """Return the task with what it has to find out, once, before it can make examples.

        Args:
            renderer: the recordings to learn from, as they are.
            folder: where what was found is kept, and found again.
            must_stop: once true, what has been found must do.
            is_cancelled: once true, None is returned and nothing kept.
        """
        return self

    @abstractmethod
    def make_shard(self, renderer: ExampleRenderer, generator: np.random.Generator, recipe: Recipe) -> Shard:
        """Return examples as arrays of the same first dimension; always the same from the same generator."""

    @abstractmethod
    def new_train_step(self, settings: TrainStepSettings) -> TrainStep:
        """Return what learns from these shards."""

    def fit_confidence(self, train_step: TrainStep, examples: Shard) -> ConfidenceCalibration:  # noqa: ARG002
        """Return the law that makes confidence mean something, from validation examples."""
        return ConfidenceCalibration()

    def reference_profiles(self, examples: Shard) -> Float32 | None:  # noqa: ARG002
        """Return (n, 2, bands) profiles of good sounds, which have a veto in the guard; None for no veto."""
        return None

    @abstractmethod
    def cases(
        self,
        chain: Chain,
        host: PluginHost,
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        """Return `each` cases of every file, by use; see `evaluation.cases.CaseSource`.

        Args:
            must_stop: once true, those that were drawn must do; looked at where plugins are what takes the time.
        """

    def metrics(self, case: EvaluationCase, audio: Audio) -> dict[str, float]:  # noqa: ARG002
        """Return what this task measures of a result beside what all do, by name."""
        return {}


class EncoderTask(Task):
    """A task whose encoder predicts one setting for a whole sound.

    Attributes:
        modes: what the encoder learns to predict settings for.
        channels: that recordings are read with; None: as many as they have.
    """

    modes: tuple[PredictionMode, ...]
    channels: Literal[1, 2] | None = 1

    @abstractmethod
    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        """Return `count` examples: by the mode's name input and truth. A failed render is empty audio."""

    def check(self, recipe: Recipe, chain: Chain) -> None:  # noqa: ARG002  (most tasks take any chain)
        if recipe.encoder.kind == "frames":
            raise SettingsError(
                f'The recipe has the encoder "frames", which answers frame by frame; {self.name} wants one answer for '
                'all of a sound. Give "compact", "inception" or "mobilenet".'
            )

    def load_recordings(
        self, data: Sequence[Path], *, seed: int, takes: int, must_stop: Callable[[Side], bool] = lambda _: False
    ) -> TaskRecordings:
        found = find_files(data)
        families = families_of(found)
        sides = split_by_song(kept_together(found))
        sides["train"] = [file for file in sides["train"] if families[file.name].may_train]

        def side(name: Side, first: int, count: int) -> list[Recording]:
            is_over = partial(must_stop, name)
            read = read_recordings(sides[name], channels=self.channels, must_stop=is_over)
            if not count:
                return read
            return read + synthesised(first, takes=count, sample_rate_hz=SAMPLE_RATE_HZ, must_stop=is_over)

        validation = side("validation", VALIDATION_SEED, min(VALIDATION_TAKES, takes))
        return TaskRecordings(
            train=side("train", seed * 1000, takes),
            validation=validation,
            test=tuple(file.name for file in sides["test"]),
            sources=tuple(folder.name for folder in data),
        )

    def make_shard(self, renderer: ExampleRenderer, generator: np.random.Generator, recipe: Recipe) -> Shard:
        return pack_examples(
            self.modes,
            self.draw(renderer, generator, recipe.examples.shard_examples),
            renderer.sample_rate_hz,
            recipe.features,
            jacobian=lambda example: profile_jacobian(example, renderer, recipe.features),
            jacobian_share=recipe.examples.jacobian_share,
        )

    def new_train_step(self, settings: TrainStepSettings) -> TrainStep:
        return EncoderTrainStep(self.modes, settings, self.draw)

    def fit_confidence(self, train_step: TrainStep, examples: Shard) -> ConfidenceCalibration:
        assert isinstance(train_step, EncoderTrainStep)
        return fit_confidence(train_step, examples)

    def reference_profiles(self, examples: Shard) -> Float32 | None:
        """Return the truths of the modes without a reference."""
        alone = [examples[f"{one.name}.target"] for one in self.modes if not one.has_reference]
        return np.concatenate(alone).astype(np.float32) if alone else None
