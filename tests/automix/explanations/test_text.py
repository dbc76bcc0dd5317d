"""Reasons, through the real plugins: they name where a slot acts, and what was measured there."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.explanations.attribution import measure_slot_effects
from bridge.automix.explanations.text import explain_changes, region
from bridge.automix.guard.guard import Guard
from bridge.automix.job import UNHEARD
from bridge.automix.objective import Objective
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render

RATE = 44100
BELL = {"peak_high.gain_db": 9.0, "peak_high.cutoff_frequency_hz": 3000.0, "peak_high.q": 1.0}
SAID = re.compile(
    r"(.*) lay (\d+\.\d) dB (above|below) (the reference|the target), now (?:(\d+\.\d) dB (above|below)|level).*"
)


def settings(chain: Chain, changes: dict[str, float]) -> np.ndarray:
    vector = chain.neutral.copy()
    for label, real_value in changes.items():
        index = chain.index(label)
        vector[index] = chain.controls[index].normalized(real_value)
    return vector


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return 0.2 * synthesise("strings", duration_s=4.0, sample_rate_hz=RATE, seed=1)


@pytest.fixture
def make_guard(chain: Chain, host: PluginHost, audio: np.ndarray) -> Callable[[dict[str, float]], Guard]:
    """A guard whose target is the audio through these settings."""

    def make(target: dict[str, float]) -> Guard:
        (goal,) = host.render(chain, [Render(audio, RATE, settings(chain, target))])
        profile = extract_features([goal], RATE, FeatureSettings()).profile
        aim = Objective(profile, FeatureSettings(), level_counts=True, margin_share=0.05, margin_db=0.25)
        free = np.ones(len(chain.controls), dtype=bool)
        return Guard(host, chain, FeatureSettings(), [audio], RATE, aim, free, everything=[audio])

    return make


def told(guard: Guard, before: np.ndarray, after: np.ndarray) -> dict[str, str]:
    verdict = guard.judge(before, after, 1.0)
    assert verdict.accepted is not None, verdict.reason
    reasons = explain_changes(guard, verdict, before, has_reference=True)
    return {control.label: reason for control, reason in zip(guard.chain.controls, reasons, strict=True)}


def test_a_bell_is_told_by_the_bands_that_it_reaches(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    guard = make_guard(BELL)
    reasons = told(guard, chain.neutral, settings(chain, BELL))
    said = SAID.fullmatch(reasons["peak_high.gain_db"])
    assert said and said[1] in ("2-4 kHz", "2-5 kHz"), reasons
    assert 5.0 < float(said[2]) < 9.5 and said[3] == "below"
    assert float(said[5] or 0.0) < 0.5
    assert reasons["peak_high.cutoff_frequency_hz"] == reasons["peak_high.gain_db"]
    assert reasons["low_shelf.gain_db"] == ""  # it stays


@pytest.mark.parametrize(("gain_db", "side", "verb"), [(3.0, "above", "raises"), (-3.0, "below", "lowers")])
def test_a_slot_that_goes_the_wrong_way_reads_so(
    chain: Chain, make_guard: Callable[..., Guard], gain_db: float, side: str, verb: str
) -> None:
    shelf = {"low_shelf.gain_db": gain_db, "low_shelf.cutoff_frequency_hz": 500.0}
    reasons = told(make_guard(BELL), chain.neutral, settings(chain, BELL | shelf))
    said = SAID.fullmatch(reasons["low_shelf.gain_db"])
    assert said and said[1] in ("125-630 Hz", "160-630 Hz")
    assert said[6] == side and float(said[5]) > float(said[2])
    assert re.search(rf"; this alone {verb} it by [1-4]\.\d dB\.$", said[0]), said[0]
    assert "alone" not in reasons["peak_high.gain_db"]


def test_a_compressor_is_told_by_dynamics_and_the_gain_by_loudness(
    chain: Chain, make_guard: Callable[..., Guard]
) -> None:
    squeezed = {"compressor.threshold_db": -40.0, "compressor.ratio": 6.0, "compressor.attack_ms": 1.0,
                "output.gain_db": 12.0}  # fmt: skip
    reasons = told(make_guard(squeezed), chain.neutral, settings(chain, squeezed))
    assert re.fullmatch(
        r"The level went up and down by [\d.]+ dB, the reference by [\d.]+ dB; now [\d.]+ dB\.",
        reasons["compressor.ratio"],
    ), reasons
    assert re.fullmatch(r"The loudness changes by [+-]\d+\.\d LU where it was listened to\.", reasons["output.gain_db"])


def test_a_slot_that_does_nothing_is_told_apart(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    idle = {"compressor.attack_ms": 9.77, "compressor.ratio": 1.0, "low_cut.cutoff_frequency_hz": 21.0}
    reasons = told(make_guard(BELL), chain.neutral, settings(chain, BELL | idle))
    assert reasons["compressor.attack_ms"] == reasons["low_cut.cutoff_frequency_hz"] == UNHEARD
    assert reasons["peak_high.gain_db"] != UNHEARD


def test_effects_are_those_of_the_slots_that_moved(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    effects = measure_slot_effects(make_guard({}), chain.neutral, settings(chain, BELL | {"output.gain_db": -6.0}))
    assert set(effects) == {"peak_high"}  # the output sets the level and nothing else
    assert not effects["peak_high"].is_dynamic
    assert float(effects["peak_high"].colour_db.max()) > 5.0


def test_nothing_accepted_has_no_reasons(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    guard = make_guard({})
    verdict = guard.judge(chain.neutral, settings(chain, BELL), 1.0)
    assert explain_changes(guard, verdict, chain.neutral, has_reference=False) == ()


@pytest.mark.parametrize(("bands", "name"), [((0, 64), "Below 16 kHz"), ((62, 64), "Above 12.5 kHz")])
def test_regions_have_names(bands: tuple[int, int], name: str) -> None:
    assert region(slice(*bands), FeatureSettings()) == name
