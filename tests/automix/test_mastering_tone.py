"""The shipped mastering on finished and on spoilt mixes: tone moves where there is reason to, and no further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mastering_chain import RATE_HZ, zam_catalog

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.synthesis import synthesise
from bridge.automix.facts import DecisionKind, ProposalOrigin
from bridge.automix.job import AutomixJob, AutomixResult
from bridge.automix.pipeline import Automix
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.mixes import THIRDS_HZ, equalised
from bridge.training.evaluation.metrics import frame_distance_db, gain_to_match
from bridge.types import Audio

MODEL = Path(__file__).parents[2] / "models" / "mastering"
OCTAVES = np.log2(THIRDS_HZ / 1000.0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="zam-plugins are fetched from Debian")


@pytest.fixture(scope="module")
def automix() -> Iterator[Automix]:
    with PluginHost(workers=2, catalog=zam_catalog()) as host:
        yield Automix(load_model(MODEL), host)


def band(seed: int, seconds: float = 6.0) -> Audio:
    """Drums, bass, strings and a pad together, as loud as mixes come to mastering."""
    kinds = ("drums", "bass", "strings", "pad")
    parts = [synthesise(kind, duration_s=seconds, sample_rate_hz=RATE_HZ, seed=seed) for kind in kinds]
    total = sum(part / np.sqrt(np.mean(np.square(part))) for part in parts)
    return np.repeat(0.05 * np.asarray(total, dtype=np.float32), 2, axis=0)


def apart_db(one: Audio, other: Audio) -> float:
    """Mel distance at equal loudness."""
    return frame_distance_db(gain_to_match(one, other, RATE_HZ) * one, other, RATE_HZ)


def mastered(automix: Automix, audio: Audio, reference: Audio | None = None) -> tuple[AutomixResult, Audio]:
    features = None if reference is None else automix.extract_features([reference], RATE_HZ)
    job = AutomixJob([audio], RATE_HZ, automix.model.chain.neutral, is_dry=True, reference=features)
    result = automix.run(job)
    return result, automix.host.render(automix.model.chain, [RenderInput(audio, RATE_HZ, result.normalized)])[0]


@pytest.mark.parametrize("tilt_db", [0.0, 1.0])
def test_without_a_reference_a_mix_keeps_its_tone(automix: Automix, tilt_db: float) -> None:
    """As bright or dark as mixes are, it was pulled most of the way to an average by 2 dB and more."""
    given = equalised(band(3), RATE_HZ, tilt_db * OCTAVES)
    result, made = mastered(automix, given)
    assert result.decision.kind is DecisionKind.LOUDNESS_ONLY
    assert loudness_lufs(made, RATE_HZ) == pytest.approx(-14.0, abs=1.0)
    peak = true_peak_dbtp(made, RATE_HZ)
    assert peak is not None and peak <= -1.0
    assert apart_db(made, given) < 1.5, "and most of that is the limiter's"


def test_drums_reach_the_loudness_that_was_asked_for(automix: Automix) -> None:
    """A limiter that let go slowly took the hits with it: 12 dB of limiting were not enough, and cost 5 dB of tone."""
    drums = synthesise("drums", duration_s=6.0, sample_rate_hz=RATE_HZ, seed=5)
    result, made = mastered(automix, np.repeat(drums, 2, axis=0))
    assert result.decision.loudness is not None
    assert loudness_lufs(made, RATE_HZ) == pytest.approx(-14.0, abs=1.0)


def test_with_a_reference_tone_is_fitted_by_what_the_equaliser_does(automix: Automix) -> None:
    whole = band(7, seconds=12.0)
    given, other = whole[:, : 6 * RATE_HZ], whole[:, 6 * RATE_HZ :]
    curve_db = 4.0 * np.sin(1.3 * OCTAVES)
    truth, reference = (equalised(part, RATE_HZ, curve_db) for part in (given, other))
    result, made = mastered(automix, given, reference)
    assert result.decision.kind is DecisionKind.IMPROVED
    assert result.decision.origin is ProposalOrigin.TONE_MATCH
    assert apart_db(made, truth) < 0.5 * apart_db(given, truth)
