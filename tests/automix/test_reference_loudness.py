"""A reference of another instrument: what comes out is as loud as the track, as the reference, or between the two."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.loudness import loudness_lufs
from bridge.audio.synthesis import synthesise
from bridge.automix.guard.decision import Guard
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix, StaticAutomix
from bridge.decibels import db_to_amplitude
from bridge.model.bundle import StaticModel, load_model
from bridge.plugins.host.host import PluginHost, RenderInput

RATE = 44100
MODEL = Path(__file__).parents[2] / "models" / "channel-strip"


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(MODEL), host)


def at_loudness(audio: np.ndarray, lufs: float) -> np.ndarray:
    own = loudness_lufs(audio, RATE)
    assert own is not None
    return (audio * np.float32(db_to_amplitude(lufs - own))).astype(np.float32)


@pytest.mark.parametrize("kind", ["bass", "pad", "strings"])
def test_drums_are_not_softer_than_both(automix: Automix, kind: str) -> None:
    drums = at_loudness(synthesise("drums", duration_s=8.0, sample_rate_hz=RATE, seed=41), -29.0)
    other = at_loudness(synthesise(kind, duration_s=8.0, sample_rate_hz=RATE, seed=42), -31.0)
    chain = automix.model.chain
    job = AutomixJob([drums], RATE, chain.neutral, reference=automix.extract_features([other], RATE), is_dry=True)
    result = automix.run(job)
    rendered = automix.host.render(chain, [RenderInput(drums, RATE, result.normalized)])[0] if result.applied else drums
    loudness = loudness_lufs(rendered, RATE)
    assert loudness is not None
    assert -32.0 <= loudness <= -28.0


def test_the_reference_compares_with_what_is_measured_of_the_track(automix: Automix) -> None:
    """The guard's windows are where a track is loudest. A track beside itself is as loud as its reference there too."""
    levels = (1.0, 0.4, 0.35, 0.35, 0.4, 0.35, 0.35, 0.35)
    parts = [synthesise("strings", duration_s=4.0, sample_rate_hz=RATE, seed=seed) for seed in range(len(levels))]
    track = np.concatenate([level * part for level, part in zip(levels, parts, strict=True)], axis=1)
    job = AutomixJob([track], RATE, automix.model.chain.neutral, reference=automix.extract_features([track], RATE))
    assert isinstance(automix.model, StaticModel)
    static = StaticAutomix(automix.model, automix.host, job)
    guard = static.guard(static.renderer(), automix.predict(job))
    assert isinstance(guard, Guard)
    windows = guard.renderer.windows
    before_lufs, whole_lufs = (loudness_lufs(np.concatenate(heard, axis=1), RATE) for heard in (windows, [track]))
    assert before_lufs is not None and whole_lufs is not None and before_lufs > whole_lufs + 1.0
    assert guard.metrics.objective.missing_lu(before_lufs, before_lufs - 2.0) == pytest.approx(1.5, abs=0.01)
    assert guard.metrics.objective.missing_lu(before_lufs, before_lufs + 2.0) == pytest.approx(-1.5, abs=0.01)
