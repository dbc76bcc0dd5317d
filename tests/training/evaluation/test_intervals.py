"""Intervals hold the median, and know that cases of one file are not independent."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.training.evaluation.intervals import median_interval


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(0, 10), min_size=1, max_size=20), files=st.integers(1, 5), seed=st.integers(0, 9))
def test_bounds_lie_within_the_values_and_in_order(values: list[float], files: int, seed: int) -> None:
    names = [str(index % files) for index in range(len(values))]
    median, low, high = median_interval(np.array(values), names, seed)
    assert median == np.median(values)
    assert min(values) <= low <= high <= max(values)


def test_one_file_has_no_interval_that_means_anything() -> None:
    median, low, high = median_interval(np.array([1.0, 2.0, 3.0]), ["a", "a", "a"], 0)
    assert (median, low, high) == (2.0, 2.0, 2.0)


def test_few_files_with_many_cases_tell_less_than_many_files() -> None:
    values = np.repeat([0.1, 0.4, 0.6, 0.9], 10)
    few = median_interval(values, [str(index // 10) for index in range(40)], 0)
    many = median_interval(values, [str(index) for index in range(40)], 0)
    assert few[2] - few[1] > many[2] - many[1]


def test_the_interval_is_that_of_resampling_by_hand() -> None:
    """Files of unequal numbers of cases, against the plain loop."""
    values = np.random.default_rng(1).normal(size=11)
    names = [*"aaaabbcdddd"]
    generator = np.random.default_rng(7)
    groups = [values[[i for i, n in enumerate(names) if n == name]] for name in "abcd"]
    drawn = generator.integers(4, size=(1000, 4))
    medians = [np.median(np.concatenate([groups[i] for i in row])) for row in drawn]
    _, low, high = median_interval(values, names, 7)
    np.testing.assert_allclose((low, high), np.quantile(medians, [0.025, 0.975]))
