"""What plugins do to a spectrum is measured, and only of those that are filters."""

import numpy as np
import pytest

from bridge.automix.tone_match.fit import GainRange, fit_response
from bridge.automix.tone_match.responses import ChainResponse, measure_chain
from bridge.decibels import amplitude_to_db
from bridge.features.mel_bands import band_centres_hz
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput

RATE = 44100
FEATURES = FeatureSettings()


@pytest.fixture(scope="module")
def response(chain: Chain, host: PluginHost) -> ChainResponse:
    return measure_chain(chain, host, RATE, FEATURES)


def test_filters_are_measured_and_compressors_are_not(response: ChainResponse, chain: Chain) -> None:
    measured = {chain.controls[index].slot for index in response.controls}
    assert measured == {"low_cut", "low_shelf", "peak_low", "peak_high", "high_shelf"}


@pytest.mark.parametrize(("plugin", "name", "high"), [("Reverb", "wet_level", 1.0), ("Distortion", "drive_db", 30.0)])
def test_tails_and_harmonics_stay_out(host: PluginHost, plugin: str, name: str, high: float) -> None:
    control = Control(slot="fx", name=name, unit="", law=RangeLaw(low=0.0, high=high))
    effect = Chain(name="effect", slots=(Slot(name="fx", plugin=f"builtin:{plugin}", controls=(control,)),))
    assert not measure_chain(effect, host, RATE, FEATURES).slots


def test_the_response_is_the_plugins_own(response: ChainResponse, chain: Chain, host: PluginHost) -> None:
    settings = chain.neutral.copy()
    for label, value in {"low_shelf.gain_db": 5.0, "peak_high.gain_db": -7.0, "high_shelf.gain_db": 4.0}.items():
        settings[chain.index(label)] = chain.controls[chain.index(label)].normalized(value)
    impulse = np.zeros((1, RATE // 4), np.float32)
    impulse[0, 0] = 0.01
    rendered = host.render(chain, [RenderInput(impulse, RATE, settings)])[0][0] / 0.01
    hertz = np.fft.rfftfreq(rendered.size, 1 / RATE)
    own_db = amplitude_to_db(np.interp(band_centres_hz(FEATURES), hertz, np.abs(np.fft.rfft(rendered))))
    np.testing.assert_allclose(response.at(settings[None].astype(np.float64))[0], own_db, atol=0.6)


def test_a_curve_that_the_plugins_can_make_is_found(response: ChainResponse, chain: Chain) -> None:
    hidden = chain.neutral.astype(np.float64)
    for label, value in {"low_shelf.gain_db": 6.0, "peak_low.gain_db": -5.0, "high_shelf.gain_db": 8.0}.items():
        hidden[chain.index(label)] = chain.controls[chain.index(label)].normalized(value)
    wanted_db = response.at(hidden[None])[0] + 4.0
    low, high = (bound.astype(np.float64) for bound in chain.bounds)
    fitted, gain_db = fit_response(
        response,
        wanted_db,
        np.ones(FEATURES.bands),
        start=chain.neutral.astype(np.float64),
        free=response.controls,
        bounds=(low, high),
        gain=GainRange(-24.0, 24.0),
    )
    assert np.abs(response.at(fitted[None])[0] + gain_db - wanted_db).mean() < 0.3
    assert gain_db == pytest.approx(4.0, abs=1.0)


def test_what_is_not_free_stays(response: ChainResponse, chain: Chain) -> None:
    start = chain.neutral.astype(np.float64)
    low, high = (bound.astype(np.float64) for bound in chain.bounds)
    free = np.array([chain.index("high_shelf.gain_db")])
    fitted, gain_db = fit_response(
        response,
        np.linspace(0.0, 9.0, FEATURES.bands),
        np.ones(FEATURES.bands),
        start=start,
        free=free,
        bounds=(low, high),
        gain=GainRange(1.0, 1.0),
    )
    assert np.flatnonzero(fitted != start).tolist() == free.tolist()
    assert gain_db == 1.0
