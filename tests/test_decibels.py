"""Conversions to and from decibels are inverses, keep their kind of number, and have a floor."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.decibels import FLOOR, amplitude_to_db, db_to_amplitude, db_to_power, power_to_db

DB = st.floats(-200, 200)


@given(DB)
def test_amplitudes_and_decibels_are_inverses(db: float) -> None:
    assert amplitude_to_db(db_to_amplitude(db)) == pytest.approx(db, abs=1e-9)


@given(DB)
def test_powers_and_decibels_are_inverses(db: float) -> None:
    assert power_to_db(db_to_power(db), floor=0.0) == pytest.approx(db, abs=1e-9)


@given(DB)
def test_a_power_is_the_square_of_an_amplitude(db: float) -> None:
    assert db_to_power(db) == pytest.approx(db_to_amplitude(db) ** 2)


@given(DB, DB)
def test_gains_in_a_row_add_up(first_db: float, second_db: float) -> None:
    assert db_to_amplitude(first_db + second_db) == pytest.approx(
        db_to_amplitude(first_db) * db_to_amplitude(second_db)
    )


@given(st.floats(0, 1e6))
def test_silence_has_a_floor_and_sound_is_above_it(power: float) -> None:
    assert power_to_db(power) >= power_to_db(0.0) == pytest.approx(10 * math.log10(FLOOR))


@given(st.lists(DB, max_size=20))
def test_an_array_is_converted_as_its_numbers_are(db: list[float]) -> None:
    np.testing.assert_array_equal(db_to_amplitude(np.array(db)), [db_to_amplitude(np.float64(one)) for one in db])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_an_array_is_kept(dtype: type) -> None:
    values = np.linspace(0.1, 1, 5, dtype=dtype)
    for convert in (db_to_amplitude, db_to_power, amplitude_to_db, power_to_db):
        assert convert(values).dtype == dtype
