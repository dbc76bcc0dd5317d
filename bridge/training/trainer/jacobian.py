"""Derivatives of a sound's profile by the positions of a chain's controls, taken once per example through the plugins.

Central differences of the rendered sound, one control at a time, at the setting that is right; the loss `jacobian`
then needs no plugin. Positions near a bound are stepped to the bound and divided by the step really taken.
"""

from __future__ import annotations

import numpy as np

from bridge.features.settings import FeatureSettings
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.prediction_modes import ModeExample, clip_frames, profiles
from bridge.types import Float32

STEP = 0.04  # of each range


def profile_jacobian(example: ModeExample, renderer: ExampleRenderer, features: FeatureSettings) -> Float32:
    """(controls, 2, bands) in dB per range; NaN where the position is unknown or a render failed."""
    controls = len(renderer.chain.controls)
    nothing = np.full((controls, 2, features.bands), np.nan, np.float32)
    if example.position is None:
        return nothing
    centre = example.position
    up = np.clip(centre + STEP * np.eye(controls, dtype=np.float32), 0, 1)
    down = np.clip(centre - STEP * np.eye(controls, dtype=np.float32), 0, 1)
    rendered = renderer.render([example.input] * (2 * controls), np.concatenate([up, down]).astype(np.float32))
    if not all(audio.size for audio in rendered):
        return nothing
    profile = profiles(clip_frames(rendered, renderer.sample_rate_hz, features))
    moved = np.diagonal(up - down)
    return np.asarray((profile[:controls] - profile[controls:]) / moved[:, None, None], dtype=np.float32)
