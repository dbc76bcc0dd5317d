"""The parts of a recording that are heard: bounded, in order, loud, with the highest peak among them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.features.windows import FADE_S, choose_excerpts, cut_excerpts

RATE = 1000


FADE = round(FADE_S * RATE)


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 20_000), min_size=1, max_size=4),
    count=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_windows_are_bounded_and_hold_the_highest_peak(lengths: list[int], count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    excerpts = [generator.normal(0, 0.1, (2, length)).astype(np.float32) for length in lengths]
    place = generator.integers(FADE, max(lengths)) if max(lengths) > FADE else None
    if place is not None:
        excerpts[int(np.argmax(lengths))][1, place] = 3.0
    chosen = choose_excerpts(excerpts, RATE, window_s=1.0, count=count)
    assert 1 <= len(chosen) <= count
    assert all(1 <= window.shape[1] <= 2.5 * RATE + FADE for window in chosen)
    if place is not None:
        assert max(np.abs(window).max() for window in chosen) == 3.0


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 5_000), min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_cutting_loses_nothing_but_the_fades_at_the_joints(lengths: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    excerpts = [generator.uniform(0.1, 1.0, (1, length)).astype(np.float32) for length in lengths]
    windows = cut_excerpts(excerpts, RATE, window_s=1.0)
    everything, found = np.concatenate(excerpts, axis=1)[0], np.concatenate(windows, axis=1)[0]
    kept = np.isin(everything, found)
    assert (~kept).sum() <= FADE * len(lengths)  # only where an excerpt begins is its first hundredth faded
    assert all(window.shape[1] <= 2.5 * RATE + FADE for window in windows)


def test_a_window_does_not_begin_with_a_click() -> None:
    audio = np.ones((2, 6 * RATE), np.float32)
    for window in cut_excerpts([audio], RATE, window_s=1.0):
        assert np.abs(np.diff(window, axis=1, prepend=np.float32(0.0))).max() < 0.2
        assert window[:, -1].min() == 1.0


def test_one_shots_are_heard_together() -> None:
    shots = [np.full((1, 100), 0.5, np.float32) for _ in range(30)]
    windows = choose_excerpts(shots, RATE, window_s=1.0, count=4)
    assert sum(window.shape[1] for window in windows) == 3000


def test_the_loudest_window_of_each_stretch_is_taken() -> None:
    audio = np.full((1, 12 * RATE), 0.01, np.float32)
    for second in (1, 5, 10):
        audio[:, second * RATE : (second + 1) * RATE] = 0.5
    windows = choose_excerpts([audio], RATE, window_s=1.0, count=3)
    assert [float(window[:, FADE:].mean()) for window in windows] == [0.5, 0.5, 0.5]
