"""How gradients through the plugins are found: the estimator that a recipe asks for, with steps that fit the chain.

Steps of their own are measured once, from sounds that the training learns from. Nothing is learned here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bridge.model.bundle import categories_of
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.plugin_layer.perturbation import (
    SPSA,
    CentralDifferences,
    Estimator,
    GroupedDifferences,
    Steps,
    steps_from_sensitivity,
    steps_over_choices,
)
from bridge.training.plugin_layer.rendering import BatchRenderer
from bridge.training.plugin_layer.sensitivity import audible_sensitivity, finest_steps
from bridge.training.trainer.settings import PluginLossSettings
from bridge.types import Audio

SEED = 7  # of the settings at which controls are listened to: neutral ones would hide what a gain of 0 dB hides
_BLOCK_FRAMES = 512  # settings do not move


def build_estimator(
    settings: PluginLossSettings, studio: ExampleRenderer, draw: Callable[[], Sequence[Audio]]
) -> Estimator:
    """`draw` gives sounds of one length, (channels, samples) each, and is asked where controls are to be heard."""
    steps = build_steps(settings, studio, draw)
    match settings.estimator:
        case "spsa":
            return SPSA(settings.directions, steps)
        case "grouped":
            return GroupedDifferences(samples=settings.directions, step=steps)
        case "central":
            return CentralDifferences(steps)


def build_steps(settings: PluginLossSettings, studio: ExampleRenderer, draw: Callable[[], Sequence[Audio]]) -> Steps:
    """One for all controls, or one for each, (controls,); shares of each range. Raises PluginError as renders do."""
    steps: Steps = settings.step
    if settings.steps == "heard":
        heard = _heard(studio, np.stack(draw()))
        finest = finest_steps(studio.chain, studio.host.calibrate)
        steps = steps_from_sensitivity(heard, step=settings.step, finest=finest)
    if not settings.moves_choices:
        return steps
    return steps_over_choices(categories_of(studio.chain), len(studio.chain.controls), steps)


def _heard(studio: ExampleRenderer, audio: Audio) -> np.ndarray:
    positions = np.random.default_rng(SEED).random((len(audio), len(studio.chain.controls)), dtype=np.float32)
    renderer = BatchRenderer(studio.host, studio.chain, studio.sample_rate_hz, _BLOCK_FRAMES)
    return audible_sensitivity(renderer, audio, positions)
