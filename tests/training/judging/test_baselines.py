"""The baselines do what their names say: they would be no opponents otherwise."""

import numpy as np
import pytest

from bridge.audio.measures import loudness_lufs
from bridge.audio.synthesis import synthesise
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost, Render
from bridge.training.judging.baselines import gain_match, match_eq, spectrum_of
from bridge.training.judging.evaluate import frame_distance_db

RATE = 44100


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return synthesise("pad", duration_s=3.0, sample_rate_hz=RATE, seed=0)


def test_gain_match_has_the_references_loudness(audio: np.ndarray) -> None:
    reference = 0.3 * synthesise("drums", duration_s=3.0, sample_rate_hz=RATE, seed=1)
    matched = gain_match(audio, reference, RATE)
    assert loudness_lufs(matched, RATE) == pytest.approx(loudness_lufs(reference, RATE), abs=0.05)


def test_match_eq_undoes_a_broad_filter(audio: np.ndarray, chain: Chain, host: PluginHost) -> None:
    settings = chain.neutral.copy()
    gain = chain.index("high_shelf.gain_db")
    settings[gain] = chain.controls[gain].normalized(9.0)
    bright = host.render(chain, [Render(audio, RATE, settings)])[0]
    matched = match_eq(audio, spectrum_of(bright))
    assert frame_distance_db(matched, bright, RATE) < 0.35 * frame_distance_db(audio, bright, RATE)


def test_match_eq_to_its_own_spectrum_changes_nothing(audio: np.ndarray) -> None:
    np.testing.assert_allclose(match_eq(audio, spectrum_of(audio)), audio, atol=1e-5)
