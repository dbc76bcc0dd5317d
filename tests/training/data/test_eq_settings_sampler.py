"""Settings of tone: curves for the equaliser, nothing where a rule decides."""

from __future__ import annotations

import numpy as np
from mastering_chain import mastering_chain

from bridge.model.bundle import positions_to_normalized
from bridge.training.data.eq_settings_sampler import MOST_DB, EqSettingsSampler, draw_curve_db

BANDS = ("100Hz", "126Hz", "158Hz", "1257Hz", "7963Hz")
SAMPLER = EqSettingsSampler(mastering_chain(BANDS))


def test_bands_are_found_by_their_names() -> None:
    np.testing.assert_array_equal(SAMPLER.hertz, [100, 126, 158, 1257, 7963])
    assert [SAMPLER.chain.controls[i].name for i in SAMPLER.bands] == list(BANDS)


def test_controls_with_a_role_never_move_and_everything_stays_in_range() -> None:
    generator = np.random.default_rng(0)
    ruled = [i for i, control in enumerate(SAMPLER.chain.controls) if control.role]
    drawn = np.stack([SAMPLER.draw(generator) for _ in range(200)])
    np.testing.assert_array_equal(drawn[:, ruled], np.tile(SAMPLER.neutral[ruled], (200, 1)))
    assert drawn.min() >= 0 and drawn.max() <= 1
    unchanged = np.all(drawn == SAMPLER.neutral, axis=1).mean()
    assert 0.1 < unchanged < 0.45


def test_gains_become_what_the_plugin_displays() -> None:
    gains = np.array([3.0, -2.0, 0.0, 9.0, -9.0])
    row = positions_to_normalized(SAMPLER.chain, SAMPLER.with_gains(SAMPLER.neutral, gains))
    shown = [SAMPLER.chain.controls[i].real_value(float(row[i])) for i in SAMPLER.bands]
    np.testing.assert_allclose(shown, gains, atol=1e-4)


def test_neighbours_go_together() -> None:
    hertz = 1000.0 * 2.0 ** (np.arange(-16, 13) / 3)
    generator = np.random.default_rng(1)
    curves = np.stack([draw_curve_db(hertz, generator) for _ in range(200)])
    assert np.abs(curves).max() <= MOST_DB
    assert np.abs(np.diff(curves)).mean() < 0.5 * np.abs(curves).mean()
