"""Tasks that know what should come out, but not which settings lead there: labels come first, by search.

One setting is searched for that serves all examples best, switches and choices included; from there small steps lead
to a label for each example. The encoder learns to predict the labels, and may then learn on through the plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from bridge.training.prediction_modes import ModeExample, PredictionMode, Shard, pack_examples
from bridge.training.recipe import Recipe
from bridge.training.tasks.task import EncoderTask
from bridge.types import NormalizedArray

SEARCH_SEED = 1
LEAST_COMPARED_S = 0.2  # of a passage, behind what is left out
_STATIC = "static"


@dataclass(frozen=True)
class SearchedLabelTask(EncoderTask):
    """A task of one mode, whose `draw` leaves positions unknown.

    Attributes:
        static: (controls,) the one position that serves all examples best, once it is found.
        lead_in_s: of each passage, in which the plugins come to rest.
    """

    static: NormalizedArray | None = None
    lead_in_s: ClassVar[float] = 0.1

    @property
    def mode(self) -> PredictionMode:
        return self.modes[0]

    def check(self, recipe: Recipe, chain: Chain) -> None:
        super().check(recipe, chain)
        shortest_s, least_s = min(recipe.examples.clip_s, recipe.examples.search.passage_s), LEAST_COMPARED_S
        if shortest_s < self.lead_in_s + least_s:
            raise SettingsError(
                f"The recipe has clips or passages of {shortest_s:g} s, of which {self.name} leaves out the first "
                f"{self.lead_in_s:g} s. Give at least {self.lead_in_s + least_s:g} s (clip_s, passage_s)."
            )

    def prepare(
        self,
        renderer: ExampleRenderer,
        recipe: Recipe,
        folder: Path,
        *,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool],
    ) -> Self | None:
        """Return the task with the static position, searched for once and kept in `folder`; None when cancelled."""
        file = folder / f"{_STATIC}.safetensors"
        static = _read_static(file)
        if static is None:
            static = self._search(renderer, recipe, notify, must_stop, is_cancelled)
            if static is None:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            write_file(file, safetensors.numpy.save({_STATIC: static}))
        return replace(self, static=static)

    def make_shard(self, renderer: ExampleRenderer, generator: np.random.Generator, recipe: Recipe) -> Shard:
        assert self.static is not None, "prepare() comes first"
        name = self.mode.name
        labelled = []
        for example in (one[name] for one in self.draw(renderer, generator, recipe.examples.shard_examples)):
            start = SearchedLabel(self.static, np.inf)
            objective = self._label_objective(renderer, recipe, [example])
            label = refine_label(objective, start, rounds=recipe.examples.search.rounds)
            labelled.append({name: replace(example, position=label.position)})
        return pack_examples(self.modes, labelled, renderer.sample_rate_hz, recipe.features)

    def _search(
        self,
        renderer: ExampleRenderer,
        recipe: Recipe,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool],
    ) -> NormalizedArray | None:
        settings = recipe.examples.search
        passages = replace(renderer, clip_s=settings.passage_s)
        drawn = self.draw(passages, np.random.default_rng(SEARCH_SEED), settings.passages)
        objective = self._label_objective(renderer, recipe, [one[self.mode.name] for one in drawn])

        def is_over() -> bool:
            return must_stop() or is_cancelled()

        def notify_step(generation: int, cost: float) -> None:
            notify(f"one setting for all: {cost:.2f} dB after {generation + 1} of {settings.generations} steps")

        label = search_labels(
            renderer.chain,
            objective.cost,
            generations=settings.generations,
            population=settings.population,
            seed=SEARCH_SEED,
            notify=notify_step,
            must_stop=is_over,
        )
        label = refine_label(objective, label, rounds=settings.polishing, must_stop=is_over)
        label = sweep_choices(objective, label, must_stop=is_over)
        label = refine_label(objective, label, rounds=settings.polishing, must_stop=is_over)
        if is_cancelled():
            return None
        notify(f"one setting for all: {label.distance_db:.2f} dB after small steps")
        return label.position

    def _label_objective(
        self, renderer: ExampleRenderer, recipe: Recipe, examples: Sequence[ModeExample]
    ) -> LabelObjective:
        rate, loudness_counts = renderer.sample_rate_hz, self.mode.loudness_counts
        passages = [LabelPassage(one.input, one.truth, rate, self.lead_in_s) for one in examples]
        return LabelObjective(renderer.chain, renderer.host, passages, recipe.features, loudness_counts=loudness_counts)


def _read_static(file: Path) -> NormalizedArray | None:
    """The static position that an earlier run kept; None where there is none whole: a power cut can leave a part."""
    try:
        with safetensors.safe_open(file, framework="np") as opened:
            return np.asarray(opened.get_tensor(_STATIC), dtype=np.float32)
    except (safetensors.SafetensorError, OSError):
        return None
