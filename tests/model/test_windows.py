"""The parts of a recording that are heard: bounded, in order, loud, with the highest peak among them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.windows import choose_windows

RATE = 1000


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 20_000), min_size=1, max_size=4),
    count=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_windows_are_bounded_and_hold_the_highest_peak(lengths: list[int], count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    excerpts = [generator.normal(0, 0.1, (2, length)).astype(np.float32) for length in lengths]
    chosen = choose_windows(excerpts, RATE, window_s=1.0, count=count)
    assert 1 <= len(chosen) <= count
    assert all(1 <= window.shape[1] <= 1.5 * RATE for window in chosen)
    assert max(np.abs(window).max() for window in chosen) == max(np.abs(excerpt).max() for excerpt in excerpts)


def test_short_audio_is_heard_whole() -> None:
    audio = np.arange(2400, dtype=np.float32)[None]
    windows = choose_windows([audio], RATE, window_s=1.0, count=8)
    np.testing.assert_array_equal(np.concatenate(windows, axis=1), audio)


def test_the_loudest_window_of_each_stretch_is_taken() -> None:
    audio = np.full((1, 12 * RATE), 0.01, np.float32)
    for second in (1, 5, 10):
        audio[:, second * RATE : (second + 1) * RATE] = 0.5
    windows = choose_windows([audio], RATE, window_s=1.0, count=3)
    assert [float(window.mean()) for window in windows] == [0.5, 0.5, 0.5]
