"""Tasks that know what should come out, but not which settings lead there: labels come first, by search.

One setting is searched for that serves all examples best, switches and choices included; from there small steps lead
to a label for each example. The encoder learns to answer with the labels, and may then learn on through the plugins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import safetensors
import safetensors.numpy

from bridge.atomic_files import write_file
from bridge.errors import SettingsError
from bridge.plugins.chain.chain import Chain
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.label_search import (
    LabelObjective,
    LabelPassage,
    SearchedLabel,
    refine_label,
    search_labels,
    sweep_choices,
)
from bridge.training.objectives import ObjectiveExample, Shard, TrainingObjective, pack_examples
from bridge.training.recipe import Recipe
from bridge.training.tasks.task import EncoderTask
from bridge.types import NormalizedArray

SEARCH_SEED = 1
LEAST_HEARD_S = 0.2  # of a passage, behind what is left out
_STATIC = "static"


@dataclass(frozen=True)
class LabelledTask(EncoderTask):
    """A task of one lesson, whose `draw` leaves positions unknown. `static` (controls,) is the one position that
    serves all examples best, once it is found."""

    static: NormalizedArray | None = None
    lead_in_s: ClassVar[float] = 0.1  # of each passage, in which the plugins come to rest

    @property
    def lesson(self) -> TrainingObjective:
        return self.lessons[0]

    def check(self, recipe: Recipe, chain: Chain) -> None:
        super().check(recipe, chain)
        shortest_s = min(recipe.examples.clip_s, recipe.examples.search.passage_s)
        if shortest_s < self.lead_in_s + LEAST_HEARD_S:
            raise SettingsError(
                f"The recipe has clips or passages of {shortest_s:g} s, of which {self.name} leaves out the first "
                f"{self.lead_in_s:g} s. Give at least {self.lead_in_s + LEAST_HEARD_S:g} s (clip_s, passage_s)."
            )

    def settled(
        self,
        studio: ExampleRenderer,
        recipe: Recipe,
        folder: Path,
        *,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool],
    ) -> Self | None:
        """With the static position, searched for once and kept in `folder`; None when cancelled on the way there."""
        file = folder / f"{_STATIC}.safetensors"
        if (found := _kept(file)) is not None:
            return replace(self, static=found)
        label = self._search(studio, recipe, notify, must_stop, is_cancelled)
        if label is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        write_file(file, safetensors.numpy.save({_STATIC: label.position}))
        return replace(self, static=label.position)

    def make_shard(self, studio: ExampleRenderer, recipe: Recipe, generator: np.random.Generator) -> Shard:
        assert self.static is not None, "settled() comes first"
        drawn = [one[self.lesson.name] for one in self.draw(studio, generator, recipe.examples.shard_examples)]
        start, rounds = SearchedLabel(self.static, np.inf), recipe.examples.search.rounds
        labels = [refine_label(self._ear(studio, recipe, [sounded]), start, rounds=rounds) for sounded in drawn]
        examples = [
            {self.lesson.name: replace(sounded, position=label.position)}
            for sounded, label in zip(drawn, labels, strict=True)
        ]
        return pack_examples(self.lessons, examples, studio.sample_rate_hz, recipe.features)

    def _search(
        self,
        studio: ExampleRenderer,
        recipe: Recipe,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool],
    ) -> SearchedLabel | None:
        settings = recipe.examples.search
        drawn = self.draw(
            replace(studio, clip_s=settings.passage_s), np.random.default_rng(SEARCH_SEED), settings.passages
        )
        ear = self._ear(studio, recipe, [one[self.lesson.name] for one in drawn])

        def tell(generation: int, cost: float) -> None:
            notify(f"one setting for all: {cost:.2f} dB after {generation + 1} of {settings.generations} steps")

        found = search_labels(
            studio.chain,
            ear.cost,
            generations=settings.generations,
            population=settings.population,
            seed=SEARCH_SEED,
            notify=tell,
            must_stop=lambda: must_stop() or is_cancelled(),
        )
        if is_cancelled():
            return None
        better = sweep_choices(ear, refine_label(ear, found, rounds=settings.polishing))
        polished = refine_label(ear, better, rounds=settings.polishing)
        notify(f"one setting for all: {polished.distance_db:.2f} dB after small steps")
        return polished

    def _ear(self, studio: ExampleRenderer, recipe: Recipe, sounds: list[ObjectiveExample]) -> LabelObjective:
        passages = [LabelPassage(one.heard, one.truth, studio.sample_rate_hz, self.lead_in_s) for one in sounds]
        return LabelObjective(
            studio.chain, studio.host, passages, recipe.features, level_counts=self.lesson.level_counts
        )


def _kept(file: Path) -> NormalizedArray | None:
    """The static position that an earlier run kept; None where there is none whole: a power cut can leave a part."""
    if not file.is_file():
        return None
    try:
        with safetensors.safe_open(file, framework="np") as opened:
            return np.asarray(opened.get_tensor(_STATIC), dtype=np.float32)
    except (safetensors.SafetensorError, OSError):
        return None
