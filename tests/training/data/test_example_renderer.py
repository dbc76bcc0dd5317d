"""Clips: two places of one recording that both sound, or an error that says what to give."""

from dataclasses import replace

import numpy as np
import pytest

from bridge.errors import AudioError
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import SILENCE_RMS, Recording

RATE = 44100


def with_pauses(sounding_s: float, duration_s: float = 12.0) -> Recording:
    """Noise at the start, and silence after it."""
    audio = np.zeros((1, round(duration_s * RATE)), np.float32)
    sounding = round(sounding_s * RATE)
    audio[:, :sounding] = np.random.default_rng(0).normal(0, 0.2, (1, sounding))
    return Recording("one", "one", audio, RATE)


def test_both_clips_sound(renderer: ExampleRenderer) -> None:
    """Most of the recording is silent."""
    renderer = replace(renderer, recordings=[with_pauses(5.0)])
    for seed in range(5):
        for clip in renderer.draw_clips(np.random.default_rng(seed)):
            assert clip.shape == (1, round(renderer.clip_s * RATE))
            assert np.sqrt(np.mean(np.square(clip))) > SILENCE_RMS


def test_recordings_of_one_short_sound_are_refused_with_what_to_give(renderer: ExampleRenderer) -> None:
    """They are no silence, but no second clip of any of them sounds."""
    renderer = replace(renderer, recordings=[with_pauses(1.0)], augment=False)
    with pytest.raises(AudioError, match=r"1 recordings.*1\.5 s.*fewer pauses"):
        renderer.draw_clips(np.random.default_rng(0))
