"""The recipe of a training: all its settings beside chain, task and data, in one TOML file.

Each default is written once, in the shipped recipe of its task (`recipes/TASK.toml`). A user's own file may hold just
what differs: tables are merged key by key, a list of stages replaces the whole list.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from bridge.errors import SettingsError
from bridge.features.settings import FeatureSettings
from bridge.model.manifest import EncoderSettings
from bridge.training.trainer.settings import (
    Batch,
    ClipSeconds,
    Counted,
    Positive,
    Share,
    TrainerSettings,
    TrainingStage,
)

RECIPES = Path(__file__).with_name("recipes")
RENAMED_TASKS = {"level": "evenness"}


class LabelSearchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How labels are searched for, by tasks whose right settings nobody knows.

    Attributes:
        generations, population: of the one joint search, at most.
        passages, passage_s: how much sound it compares.
        polishing: rounds of small steps after it.
        rounds: of small steps for each example afterwards.
    """

    generations: Counted = 80
    population: Annotated[int, msgspec.Meta(ge=4, le=4096)] = 16
    passages: Batch = 6
    passage_s: ClipSeconds = 0.8
    polishing: Counted = 4
    rounds: Counted = 1


class ExampleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How examples are made.

    Attributes:
        clip_s: length of each.
        shard_examples: of one file of examples.
        shards_per_minute: of the training's time.
        most_shards: however long a training is: all examples are held in memory.
        preparing_share: of the time, at most, goes into making the first of them, before learning begins.
        growing_share: until this share of the time others are made while those there are are learned from.
        synthesised_takes: of each kind of synthesised recording, beside the user's.
        validation_shards: at most so many to choose the best weights by.
        jacobian_share: so many of the examples get Jacobians, which the loss `jacobian` needs: two renders a control.
        search: for labels, where a task searches for them.
    """

    clip_s: ClipSeconds
    shard_examples: Batch = 64
    shards_per_minute: Positive
    most_shards: Counted = 480
    preparing_share: Share
    growing_share: Share = 0.0
    synthesised_takes: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    validation_shards: Counted
    jacobian_share: Share = 0.0
    search: LabelSearchSettings = LabelSearchSettings()


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """See the module. `stages` follow one another, each for its share of the time."""

    features: FeatureSettings
    encoder: EncoderSettings
    examples: ExampleSettings
    learning: TrainerSettings
    stages: tuple[TrainingStage, ...]

    @property
    def examples_signature(self) -> str:
        """16 hexadecimal digits that change with what makes the examples."""
        return _digest((self.features, self.examples))

    @property
    def learning_signature(self) -> str:
        """16 hexadecimal digits that change with how they are learned from."""
        return _digest((self.encoder, self.learning, self.stages))


def load_recipe(task: str, file: Path | None = None) -> Recipe:
    """Return the shipped recipe of `task`, with what `file` replaces. SettingsError for what does not fit."""
    shipped = RECIPES / f"{task_name(task)}.toml"
    if not shipped.is_file():
        raise SettingsError(f"No recipe is shipped for the task {task!r}. Tasks: {', '.join(shipped_recipes())}.")
    merged = _read(shipped)
    if file is not None:
        merged = _merge(merged, _read(file))
    try:
        recipe = msgspec.convert(merged, Recipe)
    except (msgspec.ValidationError, SettingsError) as error:
        raise SettingsError(f"The recipe {file or shipped} cannot be used: {str(error).rstrip('.')}.") from error
    if (fault := _fault(recipe)) is not None:
        raise SettingsError(f"The recipe {file or shipped} cannot be used: {fault}.")
    return recipe


def _fault(recipe: Recipe) -> str | None:
    """What is wrong between keys; None for nothing."""
    if not recipe.stages:
        return "it needs [[stages]]"
    for stage in recipe.stages:
        if not any(msgspec.structs.astuple(stage.loss)):
            return f"the stage {stage.name!r} needs a loss that weighs more than 0"
        if stage.loss.jacobian and not recipe.examples.jacobian_share:
            return f"the stage {stage.name!r} weighs jacobian, which needs a jacobian_share above 0 in [examples]"
    return None


def task_name(name: str) -> str:
    """Return a task's name of today for one that models and recipes may have been made with."""
    return RENAMED_TASKS.get(name, name)


def shipped_recipes() -> list[str]:
    """Return the names of the tasks that have a recipe."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def _digest(parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def _read(file: Path) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = msgspec.toml.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"The recipe {file} cannot be read: {error}.") from error
    return plain


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = _merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
