"""The loss through the plugins themselves: fresh examples, rendered around the encoder's predictions.

For fine-tuning. The predicted positions are perturbed in random directions, each end is rendered and compared with the
truth, and the differences become the gradient (`plugin_layer`). Nothing here is cached, and nothing is learned here.
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
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.training.plugin_layer.perturbation import Estimator
from bridge.training.plugin_layer.plugin_layer import PluginLayer
from bridge.training.prediction_modes import ModeExample, PredictionMode, clip_frames, whole_examples
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.estimators import build_estimator
from bridge.training.trainer.settings import PluginLossSettings, TrainingStage
from bridge.types import Audio

SENSITIVITY_EXAMPLES = 4  # by which steps of their own are found for the controls
FAILED_CALLS = 5  # then it is no longer an example that is at fault

Draw = Callable[[ExampleRenderer, np.random.Generator, int], Sequence[Mapping[str, ModeExample]]]


class PluginLoss:
    """Draws examples, lets the encoder predict, and measures the predictions through the chain's plugins.

    Args:
        modes: the questions that every example puts to the encoder.
        draw: a task's way to draw examples with a renderer.
        renderer: its clips are as long as each stage says.
        features: of the encoder's input.
        processes: share out the examples of an update.

    `latest` holds of the latest call's gradients to the positions the mean `norm`, and the mean `cosine` between their
    directions' estimates: 0 where there is none.
    """

    def __init__(
        self,
        modes: Sequence[PredictionMode],
        draw: Draw,
        renderer: ExampleRenderer,
        features: FeatureSettings,
        processes: ProcessGroup,
    ) -> None:
        self.modes, self.draw, self.renderer = tuple(modes), draw, renderer
        self.features, self.processes = features, processes
        self._neutral = torch.from_numpy(neutral_positions(renderer.chain))
        self.latest: dict[str, float] = {}
        self._estimators: dict[PluginLossSettings, Estimator] = {}
        self._failed_calls = 0  # in a row, in which nothing was rendered

    @property
    def has_rendered(self) -> bool:
        """Whether anything was rendered in the latest call."""
        return self._failed_calls == 0

    def __call__(self, encoder: nn.Module, moving: Tensor, stage: TrainingStage, seed: int, step: int) -> Tensor:
        """Return the mean loss of one batch, with a gradient to the encoder.

        Args:
            moving: (controls,) 0 for controls that stay neutral in this stage.
            seed, step: all that the batch depends on.

        Raises:
            PluginError: for five calls in a row all examples failed to render. Otherwise those that fail count nothing.
        """
        settings, device = stage.plugins, moving.device
        generator = np.random.default_rng([seed, step, 2, self.processes.rank])
        renderer = replace(self.renderer, clip_s=settings.clip_s)
        rate, count = renderer.sample_rate_hz, max(1, settings.examples // self.processes.count)
        whole = whole_examples(self.draw(renderer, generator, count))
        layer = PluginLayer(
            renderer.host,
            renderer.chain,
            rate,
            estimator=self._estimator(settings, renderer, seed) if torch.is_grad_enabled() else None,
            moves_choices=settings.moves_choices,
            seed=int(generator.integers(2**31)),
            statistics=(statistics := GradientStatistics()),
        )
        total = torch.zeros((), device=device)
        self._failed_calls += 1
        for mode in self.modes if whole else ():
            examples = [by_mode[mode.name] for by_mode in whole]
            output = encoder(*self._encoder_input(examples, mode, device))
            position = torch.where(moving > 0, output.position, self._neutral.to(device))
            compared = msgspec.structs.replace(settings.loss, at_equal_loudness=not mode.loudness_counts)
            measure = AudioLoss(compared, rate).against(_stacked([example.truth for example in examples]))
            losses = layer.loss(_stacked([example.input for example in examples]), position.cpu(), measure)
            rendered = layer.rendered.to(device)
            self._failed_calls = 0 if rendered.any() else self._failed_calls
            total = total + (losses.to(device) * rendered).sum() / rendered.sum().clamp_min(1)
        means = statistics.summary()
        renderer.failures.add(round(means.get("failed_renders", 0)), layer.renderer.latest_error)
        self.latest = {name: means.get(name, 0.0) for name in ("norm", "cosine")}
        if self._failed_calls >= FAILED_CALLS:
            raise PluginError(f"In {FAILED_CALLS} updates in a row nothing was rendered. {renderer.failures.latest}")
        return total

    def _estimator(self, settings: PluginLossSettings, renderer: ExampleRenderer, seed: int) -> Estimator:
        """The same in every update and every process."""

        def draw() -> list[Audio]:
            whole = whole_examples(self.draw(renderer, np.random.default_rng([seed, 3]), SENSITIVITY_EXAMPLES))
            if not whole:
                raise PluginError(f"Nothing rendered by which to measure the controls. {renderer.failures.latest}")
            inputs = [example.input for by_mode in whole for example in by_mode.values()]
            return inputs[:SENSITIVITY_EXAMPLES]

        if settings not in self._estimators:
            self._estimators[settings] = build_estimator(settings, renderer, draw)
        return self._estimators[settings]

    def _encoder_input(
        self, examples: Sequence[ModeExample], mode: PredictionMode, device: torch.device
    ) -> tuple[Tensor, Tensor | None]:
        def frames(clips: Sequence[Audio]) -> Tensor:
            return clip_frames(clips, self.renderer.sample_rate_hz, self.features).clone().to(device)

        references = [example.reference for example in examples if example.reference is not None]
        return frames([example.input for example in examples]), frames(references) if mode.has_reference else None


def _stacked(clips: Sequence[Audio]) -> Tensor:
    return torch.from_numpy(np.stack(clips))
