"""Foreign processors: the filters have the gains that they say, the compressor follows its law."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.training.data.recordings import find_files, read_recordings
from bridge.training.evaluation.out_of_chain_cases import (
    BellFilter,
    CompressorSettings,
    OutOfChainStrip,
    bell_coefficients,
    compressor_gain,
    out_of_chain_cases,
)

RATE = 44100


def gain_db(bell: BellFilter, hertz: float) -> float:
    _, response = signal.sosfreqz(bell_coefficients(bell, RATE)[None], worN=[hertz], fs=RATE)
    return float(amplitude_to_db(np.abs(response[0])))


@settings(max_examples=30, deadline=None)
@given(
    centre=st.floats(60, 12_000),
    gain=st.floats(-15, 15),
    quality=st.floats(0.4, 4),
    kind=st.sampled_from(["low", "peak", "high"]),
)
def test_filters_have_the_gain_that_they_say_where_they_say_it(
    centre: float, gain: float, quality: float, kind: str
) -> None:
    bell = BellFilter(kind, centre, gain, quality)
    assert gain_db(bell, centre) == pytest.approx(gain if kind == "peak" else gain / 2, abs=1e-6)
    assert gain_db(bell, 0.0) == pytest.approx(gain if kind == "low" else 0.0, abs=1e-6)
    assert gain_db(bell, RATE / 2) == pytest.approx(gain if kind == "high" else 0.0, abs=1e-6)


@pytest.mark.parametrize(("level_db", "reduction_db"), [(-40.0, 0.0), (-23.0, 0.0), (-10.0, 7.5), (0.0, 15.0)])
def test_the_compressor_takes_away_what_its_ratio_says(level_db: float, reduction_db: float) -> None:
    """A steady tone, a threshold of -20 dB, a ratio of 4 and a knee of 6 dB, once attack is over."""
    wave = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE) * np.sqrt(2) * db_to_amplitude(level_db)
    gain = compressor_gain(wave[None], RATE, CompressorSettings(-20.0, 4.0, 5.0, 100.0))
    assert -amplitude_to_db(gain[-2000:]).mean() == pytest.approx(reduction_db, abs=0.1)


def test_the_compressor_takes_its_time() -> None:
    """63% of the way in the attack time, and in the release time on the way back."""
    wave = np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE) * np.sqrt(2)
    wave[RATE:] *= 1e-3
    gain_db = amplitude_to_db(compressor_gain(wave[None], RATE, CompressorSettings(-20.0, 4.0, 50.0, 200.0)))
    assert gain_db[round(0.05 * RATE)] == pytest.approx(-15 * (1 - np.exp(-1)), abs=0.5)
    assert gain_db[RATE + round(0.2 * RATE)] == pytest.approx(-15 * np.exp(-1), abs=0.5)


def test_a_strip_with_nothing_in_it_changes_nothing() -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 1000)).astype(np.float32)
    np.testing.assert_array_equal(OutOfChainStrip(None, (), None, 0.0).run(audio, RATE), audio)


def test_cases_hold_a_reference_and_no_settings(folder: Path) -> None:
    recordings = read_recordings(find_files([folder]))[:3]
    cases = out_of_chain_cases(recordings, each=2, seed=3)
    assert {case.name for case in cases} <= {recording.name for recording in recordings}
    assert cases and all(case.hidden is None and case.reference is not None and case.loudness_counts for case in cases)
    again = out_of_chain_cases(recordings, each=2, seed=3)
    np.testing.assert_array_equal(cases[0].truth, again[0].truth)
