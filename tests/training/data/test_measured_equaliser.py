"""What is measured of an equaliser sounds as the equaliser; what cannot be told that way is rendered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from mastering_chain import RATE_HZ, mastering_chain, mix, zam_catalog

from bridge.automix.guard.loudness_guard import split_at_limiter
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.eq_settings_sampler import EqSettingsSampler
from bridge.training.data.measured_equaliser import EqualiserRenderer, measure_equaliser

EQUALISER = split_at_limiter(mastering_chain()).tone


def compressor(*, ratio: float) -> Slot:
    """A compressor whose one control is how far it is turned down."""
    law = RangeLaw(low=-40.0, high=0.0)
    control = Control(slot="compressor", name="threshold_db", unit="dB", law=law, neutral=1.0)
    return Slot(name="compressor", plugin="builtin:Compressor", fixed={"ratio": ratio}, controls=(control,))


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=zam_catalog()) as opened:
        yield opened


def test_the_measured_equaliser_sounds_as_the_plugin(host: PluginHost) -> None:
    measured = measure_equaliser(EQUALISER, host, RATE_HZ)
    assert measured is not None
    gains, audio = np.array([7.5, -3.2, 4.4, -8.0]), mix(seconds=3.0)
    sampler = EqSettingsSampler(EQUALISER)
    low, high = EQUALISER.bounds
    row = low + sampler.with_gains(sampler.neutral, gains) * (high - low)
    made = host.render(EQUALISER, [RenderInput(audio, RATE_HZ, row.astype(np.float32))])[0]
    told = measured.run(audio, gains)
    assert np.abs(told - made).max() < 0.01 * np.abs(made).max()
    frames = [log_mel(torch.from_numpy(one), RATE_HZ, FeatureSettings()) for one in (told, made)]
    assert float((frames[0] - frames[1]).abs().mean()) < 0.2


def test_a_chain_is_rendered_as_its_parts_and_the_measured_equaliser(host: PluginHost) -> None:
    chain = Chain(name="both", slots=(compressor(ratio=4.0), *EQUALISER.slots))
    renderer = EqualiserRenderer(chain, host, RATE_HZ)
    assert renderer.equaliser is not None
    sampler = EqSettingsSampler(chain)
    position = sampler.with_gains(sampler.neutral, np.array([6.0, 0.0, -6.0, 3.0]))
    position[0] = 0.3
    audio = mix(seconds=3.0)
    made = renderer.render([audio], position[None])[0]
    low, high = chain.bounds
    right = host.render(chain, [RenderInput(audio, RATE_HZ, (low + position * (high - low)).astype(np.float32))])[0]
    assert np.abs(made - right).max() < 0.01 * np.abs(right).max()


def test_bands_that_do_not_multiply_are_not_told_but_rendered(host: PluginHost) -> None:
    """The same equaliser behind a compressor within one measured chain: an impulse does not tell what it does."""
    chain = Chain(name="bent", slots=(compressor(ratio=20.0), *EQUALISER.slots))
    low = Control(
        slot="compressor",
        name="threshold_db",
        unit="dB",
        law=RangeLaw(low=-40.0, high=0.0),
        low=0.0,
        high=0.5,
        neutral=0.0,
    )
    bent = Chain(
        name="bent",
        slots=(
            *EQUALISER.slots,
            Slot(name="compressor", plugin="builtin:Compressor", fixed={"ratio": 20.0}, controls=(low,)),
        ),
    )
    assert measure_equaliser(bent, host, RATE_HZ) is None
    assert EqualiserRenderer(bent, host, RATE_HZ).equaliser is None
    assert EqualiserRenderer(chain, host, RATE_HZ).equaliser is not None
