"""How gradients through the plugins are found: the estimator that a recipe names, with steps that fit the chain.

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
    step_sizes_from_sensitivity,
    step_sizes_over_choices,
)
from bridge.training.plugin_layer.rendering import BatchRenderer
from bridge.training.plugin_layer.sensitivity import audible_sensitivity, finest_step_sizes
from bridge.training.trainer.settings import PluginLossSettings
from bridge.types import Audio

SEED = 7  # of the settings at which sensitivity is measured: neutral ones would hide what a gain of 0 dB hides
_BLOCK_FRAMES = 512  # settings do not move

DrawSounds = Callable[[], Sequence[Audio]]
"""Returns sounds of one length, (channels, samples) each; called where steps of their own are measured."""


def build_estimator(settings: PluginLossSettings, renderer: ExampleRenderer, draw: DrawSounds) -> Estimator:
    """Return the estimator that a stage names. Raises PluginError as renders do."""
    steps = build_step_sizes(settings, renderer, draw)
    match settings.estimator:
        case "spsa":
            return SPSA(settings.directions, steps)
        case "grouped":
            return GroupedDifferences(samples=settings.directions, step=steps)
        case "central":
            return CentralDifferences(steps)


def build_step_sizes(settings: PluginLossSettings, renderer: ExampleRenderer, draw: DrawSounds) -> Steps:
    """Return the step of all controls, or one for each, (controls,), as shares of each range."""
    steps: Steps = settings.step
    chain = renderer.chain
    if settings.steps == "heard":
        sounds = np.stack(draw())
        positions = np.random.default_rng(SEED).random((len(sounds), len(chain.controls)), dtype=np.float32)
        batches = BatchRenderer(renderer.host, chain, renderer.sample_rate_hz, _BLOCK_FRAMES)
        sensitivity = audible_sensitivity(batches, sounds, positions)
        finest = finest_step_sizes(chain, renderer.host.calibrate)
        steps = step_sizes_from_sensitivity(sensitivity, step=settings.step, finest=finest)
    return (
        step_sizes_over_choices(categories_of(chain), len(chain.controls), steps) if settings.moves_choices else steps
    )
