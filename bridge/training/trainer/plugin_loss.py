"""The loss through the plugins themselves: fresh examples, rendered around the encoder's answers.

For fine-tuning. The answers are perturbed in random directions, each end is rendered and compared with the truth, and
the differences become the gradient (`plugin_layer`). Nothing here is cached, and nothing is learned here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from bridge.errors import PluginError
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import neutral_positions
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.losses.audio_losses import AudioLoss
from bridge.training.objectives import ObjectiveExample, TrainingObjective, clip_frames
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.training.plugin_layer.perturbation import Estimator
from bridge.training.plugin_layer.plugin_layer import PluginLayer
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.estimators import build_estimator
from bridge.training.trainer.settings import PluginLossSettings, TrainingStage
from bridge.types import Audio

HEARD_EXAMPLES = 4  # by which steps of their own are found for the controls
FRUITLESS_CALLS = 5  # then it is no longer an example that is at fault

Draw = Callable[[ExampleRenderer, np.random.Generator, int], Sequence[Mapping[str, ObjectiveExample]]]


class PluginLoss:
    """Draws examples, lets the encoder answer, and measures the answers through the chain's plugins.

    Args:
        draw: a task's way to draw examples from a studio.
        studio: its clips are as long as each stage says.

    `latest` tells of the latest call's gradients to the positions their mean norm, and the mean cosine between their
    directions' estimates: 0 where there is none.
    """

    def __init__(
        self,
        lessons: Sequence[TrainingObjective],
        draw: Draw,
        studio: ExampleRenderer,
        features: FeatureSettings,
        processes: ProcessGroup,
    ) -> None:
        self.lessons, self.draw, self.studio = tuple(lessons), draw, studio
        self.features, self.processes = features, processes
        self._neutral = torch.from_numpy(neutral_positions(studio.chain))
        self.latest: dict[str, float] = {}
        self._estimators: dict[PluginLossSettings, Estimator] = {}
        self._fruitless = 0  # calls in a row in which nothing was rendered

    @property
    def has_rendered(self) -> bool:
        """Whether anything was rendered in the latest call."""
        return self._fruitless == 0

    def __call__(self, encoder: nn.Module, moving: Tensor, stage: TrainingStage, seed: int, step: int) -> Tensor:
        """The mean loss of one batch, with a gradient to the encoder. `moving` (controls,) is 0 for controls that
        stay neutral in this stage. Examples whose renders fail count nothing; PluginError when for five calls in a
        row all did."""
        settings, device = stage.plugins, moving.device
        generator = np.random.default_rng([seed, step, 2, self.processes.rank])
        studio = replace(self.studio, clip_s=settings.clip_s)
        count = max(1, settings.examples // self.processes.count)
        drawn = self.draw(studio, generator, count)
        whole = [example for example in drawn if all(sounded.is_whole for sounded in example.values())]
        layer = PluginLayer(
            studio.host,
            studio.chain,
            studio.sample_rate_hz,
            estimator=self._estimator(settings, studio, seed) if torch.is_grad_enabled() else None,
            moves_choices=settings.moves_choices,
            seed=int(generator.integers(2**31)),
            statistics=(statistics := GradientStatistics()),
        )
        total = torch.zeros((), device=device)
        self._fruitless += 1
        for lesson in self.lessons:
            sounds = [example[lesson.name] for example in whole]
            if not sounds:
                continue
            answer = encoder(*self._heard(sounds, lesson, device))
            position = torch.where(moving > 0, answer.position, self._neutral.to(device))
            asked = msgspec.structs.replace(settings.loss, at_equal_loudness=not lesson.level_counts)
            measure = AudioLoss(asked, studio.sample_rate_hz).against(_stacked([sounded.truth for sounded in sounds]))
            losses = layer.loss(_stacked([sounded.heard for sounded in sounds]), position.cpu(), measure)
            counted = layer.rendered.to(device)
            self._fruitless = 0 if counted.any() else self._fruitless
            total = total + (losses.to(device) * counted).sum() / counted.sum().clamp_min(1)
        told = statistics.summary()
        studio.failures.add(round(told.get("failed_renders", 0)), layer.renderer.latest_error)
        self.latest = {name: told.get(name, 0.0) for name in ("norm", "cosine")}
        if self._fruitless >= FRUITLESS_CALLS:
            raise PluginError(f"In {FRUITLESS_CALLS} updates in a row nothing was rendered. {studio.failures.latest}")
        return total

    def _estimator(self, settings: PluginLossSettings, studio: ExampleRenderer, seed: int) -> Estimator:
        """The same in every update and every process."""

        def draw() -> list[Audio]:
            drawn = self.draw(studio, np.random.default_rng([seed, 3]), HEARD_EXAMPLES)
            whole = [sounded.heard for example in drawn for sounded in example.values() if sounded.is_whole]
            if not whole:
                raise PluginError(f"Nothing rendered by which to hear the controls. {studio.failures.latest}")
            return whole[:HEARD_EXAMPLES]

        if settings not in self._estimators:
            self._estimators[settings] = build_estimator(settings, studio, draw)
        return self._estimators[settings]

    def _heard(
        self, sounds: Sequence[ObjectiveExample], lesson: TrainingObjective, device: torch.device
    ) -> tuple[Tensor, Tensor | None]:
        def frames(clips: Sequence[Audio]) -> Tensor:
            return clip_frames(clips, self.studio.sample_rate_hz, self.features).clone().to(device)

        references = [sounded.reference for sounded in sounds if sounded.reference is not None]
        return frames([sounded.heard for sounded in sounds]), frames(references) if lesson.has_reference else None


def _stacked(clips: Sequence[Audio]) -> Tensor:
    return torch.from_numpy(np.stack(clips))
