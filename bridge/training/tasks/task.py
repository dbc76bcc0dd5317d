"""What a model can be trained for: the questions it is asked, the examples it learns from, the cases it is judged by.

`Task` is what the loop needs. `EncoderTask` is a task whose encoder answers with one setting for a whole sound; it
only has to draw sounds. This module knows no task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from bridge.errors import SettingsError
from bridge.model.manifest import ConfidenceCalibration, ObjectiveSettings, Provenance
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import (
    AudioFileEntry,
    Recording,
    find_files,
    read_recordings,
    split_by_song,
    synthesised,
)
from bridge.training.evaluation.cases import CaseSource, EvaluationCase
from bridge.training.objectives import ObjectiveExample, Shard, TrainingObjective, pack_examples
from bridge.training.recipe import Recipe
from bridge.training.trainer.confidence import fit_confidence
from bridge.training.trainer.jacobian import profile_jacobian
from bridge.training.trainer.train_step import EncoderTrainStep, TrainStep, TrainStepSettings
from bridge.types import Float32

VALIDATION_TAKES = 2
VALIDATION_SEED = 500_000
SAMPLE_RATE_HZ = 44100


@dataclass(frozen=True)
class TaskData:
    """The recordings of each side. Those of the test are named, not read: nothing is learned or chosen by them."""

    train: Sequence[Recording] = field(repr=False)
    validation: Sequence[Recording] = field(repr=False)
    test: tuple[str, ...]
    sources: tuple[str, ...]  # one line each, for the card


class Task(CaseSource, Protocol):
    """One thing that models can be trained for."""

    @property
    def name(self) -> str: ...

    @property
    def job(self) -> ObjectiveSettings: ...

    def check(self, recipe: Recipe, chain: Chain) -> None:
        """SettingsError for a recipe that asks for what this task cannot do, ModelError for a chain that it cannot be
        done with."""
        ...

    def gather(self, data: Sequence[Path], *, seed: int, takes: int) -> TaskData:
        """The recordings below `data` and `takes` synthesised ones of each kind, split so that no song is on two
        sides. AudioError for unusable files."""
        ...

    def as_trained(self, training: Provenance) -> Task:
        """The task as it was when a model learned it, to judge that model by."""
        ...

    def make_shard(self, studio: ExampleRenderer, recipe: Recipe, generator: np.random.Generator) -> Shard:
        """Examples as arrays of the same first dimension; always the same from the same generator."""
        ...

    def new_learner(self, setup: TrainStepSettings) -> TrainStep:
        """What learns from these shards."""
        ...

    def fit_confidence(self, learner: TrainStep, examples: Shard) -> ConfidenceCalibration:
        """The law that makes confidence mean something, from validation examples."""
        ...

    def bank(self, examples: Shard) -> Float32 | None:
        """(n, 2, bands) profiles of good sounds, which have a veto in the guard; None for no veto."""
        ...


@runtime_checkable
class SearchingTask(Task, Protocol):
    """A task that has to find something out once, before it can make examples."""

    def settled(
        self,
        studio: ExampleRenderer,
        recipe: Recipe,
        folder: Path,
        *,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool],
    ) -> Task | None:
        """The task with what it found out from the recordings to learn from; kept in `folder`, where it is found
        again. When `must_stop` says so, what has been found must do; None, and nothing kept, when cancelled."""
        ...


class EncoderTask(ABC):
    """A task whose encoder gives one answer for a whole sound: it learns from `lessons`."""

    name: str
    lessons: tuple[TrainingObjective, ...]
    job = ObjectiveSettings()
    channels: Literal[1, 2] | None = 1  # that recordings are read with; None: as many as they have

    def check(self, recipe: Recipe, chain: Chain) -> None:  # noqa: ARG002  (most tasks take any chain)
        if recipe.encoder.kind == "frames":
            raise SettingsError(
                f'The recipe has the encoder "frames", which answers frame by frame; {self.name} wants one answer for '
                'all of a sound. Give "compact", "inception" or "mobilenet".'
            )

    def gather(self, data: Sequence[Path], *, seed: int, takes: int) -> TaskData:
        sides = split_by_song(find_files(data))
        return TaskData(
            train=read_recordings(sides["train"], channels=self.channels) + synthesised_takes(seed * 1000, takes),
            validation=read_recordings(sides["validation"], channels=self.channels)
            + synthesised_takes(VALIDATION_SEED, min(VALIDATION_TAKES, takes)),
            test=tuple(file.name for file in sides["test"]),
            sources=tuple(folder.name for folder in data),
        )

    def as_trained(self, training: Provenance) -> Task:  # noqa: ARG002  (most tasks are always the same)
        return self

    @abstractmethod
    def draw(
        self, studio: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ObjectiveExample]]:
        """`count` examples: by the lesson's name what is heard and what is right. A failed render is empty audio."""

    def make_shard(self, studio: ExampleRenderer, recipe: Recipe, generator: np.random.Generator) -> Shard:
        return pack_examples(
            self.lessons,
            self.draw(studio, generator, recipe.examples.shard_examples),
            studio.sample_rate_hz,
            recipe.features,
            jacobian=lambda sounded: profile_jacobian(sounded, studio, recipe.features),
            jacobian_share=recipe.examples.jacobian_share,
        )

    def new_learner(self, setup: TrainStepSettings) -> TrainStep:
        return EncoderTrainStep(self.lessons, setup, self.draw)

    def fit_confidence(self, learner: TrainStep, examples: Shard) -> ConfidenceCalibration:
        assert isinstance(learner, EncoderTrainStep)
        return fit_confidence(learner, examples)

    def bank(self, examples: Shard) -> Float32 | None:
        """The truths of the lessons without a reference."""
        alone = [lesson for lesson in self.lessons if not lesson.has_reference]
        if not alone:
            return None
        return np.concatenate([examples[f"{lesson.name}.target"] for lesson in alone]).astype(np.float32)

    @abstractmethod
    def cases(
        self, chain: Chain, host: PluginHost, files: Sequence[AudioFileEntry], *, each: int, seed: int
    ) -> dict[str, list[EvaluationCase]]: ...

    def metrics(self, case: EvaluationCase, audio: Float32) -> dict[str, float]:  # noqa: ARG002
        return {}


def synthesised_takes(seed: int, takes: int) -> list[Recording]:
    return synthesised(seed, takes=takes, sample_rate_hz=SAMPLE_RATE_HZ) if takes else []
