"""Match EQ does what its name says: it would be no opponent otherwise."""

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.evaluation.match_eq import match_eq, spectrum_of
from bridge.training.evaluation.metrics import frame_distance_db

RATE = 44100


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return synthesise("pad", duration_s=3.0, sample_rate_hz=RATE, seed=0)


def test_it_undoes_a_broad_filter(audio: np.ndarray, chain: Chain, host: PluginHost) -> None:
    settings = chain.neutral.copy()
    gain = chain.index("high_shelf.gain_db")
    settings[gain] = chain.controls[gain].normalized(9.0)
    bright = host.render(chain, [RenderInput(audio, RATE, settings)])[0]
    matched = match_eq(audio, spectrum_of(bright))
    assert frame_distance_db(matched, bright, RATE) < 0.35 * frame_distance_db(audio, bright, RATE)


def test_to_its_own_spectrum_it_changes_nothing(audio: np.ndarray) -> None:
    np.testing.assert_allclose(match_eq(audio, spectrum_of(audio)), audio, atol=1e-5)


def test_two_equal_channels_have_the_spectrum_of_one(audio: np.ndarray) -> None:
    np.testing.assert_allclose(spectrum_of(np.repeat(audio, 2, axis=0)), spectrum_of(audio), atol=1e-6)
