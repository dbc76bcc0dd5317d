"""Delay and polarity: found whatever they are, on distorted copies too; other playing is told apart."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.synthesis import synthesise
from bridge.training.data.alignment import REACH_S, Alignment, align
from bridge.training.data.amplifier import Amplifier
from bridge.training.data.pairs import LEAST_CORRELATION

RATE = 22050
REACH = round(REACH_S * RATE)
GROUP_DELAY_SAMPLES = 4  # that the amplifier's filters take by themselves
KINDS = ("bass", "drums", "strings")


@cache
def dry_copy(kind: str) -> np.ndarray:
    return synthesise(kind, duration_s=4.0, sample_rate_hz=RATE, seed=1)


@cache
def processed_copy(kind: str, drive_db: float) -> np.ndarray:
    return Amplifier(drive_db=drive_db).play(dry_copy(kind), RATE)


@settings(max_examples=60, deadline=None)
@given(
    copy=st.tuples(st.sampled_from(KINDS), st.sampled_from([0.0, 20.0, 35.0])),
    delay=st.integers(-REACH + GROUP_DELAY_SAMPLES, REACH - GROUP_DELAY_SAMPLES),
    is_inverted=st.booleans(),
    gain=st.floats(0.01, 10),
    cut=st.integers(0, RATE // 2),
)
@pytest.mark.slow
def test_any_delay_within_reach_and_polarity_are_found_on_distorted_copies(
    copy: tuple[str, float], delay: int, is_inverted: bool, gain: float, cut: int
) -> None:
    """Of other gain and length, too: the end of the processed one is cut off."""
    dry, processed = dry_copy(copy[0]), moved(processed_copy(*copy), delay)
    processed = processed[:, : processed.shape[-1] - cut] * np.float32(-gain if is_inverted else gain)
    found = align(dry, processed, RATE)
    assert abs(found.delay_samples - delay) <= GROUP_DELAY_SAMPLES
    assert found.is_inverted == is_inverted
    assert found.correlation > LEAST_CORRELATION


@settings(max_examples=30, deadline=None)
@given(delay=st.integers(-3000, 3000), is_inverted=st.booleans())
def test_what_was_found_is_undone_sample_on_sample(delay: int, is_inverted: bool) -> None:
    dry = dry_copy("strings")
    processed = moved(dry, delay) * np.float32(-1 if is_inverted else 1)
    found = align(dry, processed, RATE)
    one, other = found.apply(dry, processed)
    assert found == Alignment(delay, is_inverted, found.correlation)
    assert one.shape == other.shape
    middle = slice(abs(delay), one.shape[-1] - abs(delay))
    np.testing.assert_array_equal(one[:, middle], other[:, middle])


@pytest.mark.parametrize("kind", KINDS)
def test_other_playing_on_the_same_instrument_does_not_correlate(kind: str) -> None:
    other = Amplifier().play(synthesise(kind, duration_s=4.0, sample_rate_hz=RATE, seed=2), RATE)
    assert align(dry_copy(kind), other, RATE).correlation < LEAST_CORRELATION


def test_silence_correlates_with_nothing() -> None:
    assert align(dry_copy("bass"), np.zeros((1, RATE), np.float32), RATE).correlation == 0.0


def moved(audio: np.ndarray, delay: int) -> np.ndarray:
    """Later by `delay` samples, or earlier: the same length, with silence where nothing is known."""
    result = np.zeros_like(audio)
    if delay >= 0:
        result[:, delay:] = audio[:, : audio.shape[-1] - delay]
    else:
        result[:, :delay] = audio[:, -delay:]
    return result
