"""A job for a model whose settings move, on a sound whose render is given: what is accepted, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bridge.audio.loudness import true_peak_dbtp
from bridge.automix.automation import pipeline
from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.automix.facts import DecisionKind, ExplanationKind
from bridge.automix.job import AutomixJob, AutomixResult
from bridge.model.manifest import AutomationSettings
from bridge.plugins.chain.chain_file import parse_chain

CHAIN = parse_chain(
    """
[[slot]]
plugin = "builtin:Gain"
[slot.control.gain_db]
range = [-40.0, 0.0]
neutral = 0.0
""",
    source="test",
)
RATE_HZ, FRAMES, HOP = 44100, 200, 441
QUIET = np.full((1, FRAMES * HOP), 0.1, np.float32)


class GivenSound:
    """A sound source whose render is `after`."""

    sample_rate_hz, frames = RATE_HZ, QUIET.shape[1]

    def __init__(self, after: np.ndarray) -> None:
        self._after = after

    def blocks(self) -> list[np.ndarray]:
        return [QUIET]

    def render(self, chain: object, rows: np.ndarray, block_frames: int) -> None: ...

    def rendered(self) -> list[np.ndarray]:
        return [self._after]


@pytest.fixture
def automate(monkeypatch: pytest.MonkeyPatch):
    """Run a model that hears a click among words, on a sound that comes out as given."""
    activity = np.zeros((1, FRAMES), np.float32)
    activity[0, 80:110] = 0.95
    frames = FramePredictions(
        activity=activity,
        position=np.full((1, FRAMES), 0.2, np.float32),
        speech=np.ones(FRAMES, np.float32),
        loudness_db=np.full(FRAMES, -20.0, np.float32),
        loud_db=-20.0,
        times_s=(np.arange(FRAMES) + 0.5) * HOP / RATE_HZ,
        periodicity=np.zeros(FRAMES, np.float32),
        centroid_hz=np.full(FRAMES, 2000.0, np.float32),
    )
    model = SimpleNamespace(
        chain=CHAIN, automation_settings=AutomationSettings(), encoder=None, manifest=SimpleNamespace(features=None)
    )
    monkeypatch.setattr(pipeline, "predict_frames", lambda *_: frames)
    monkeypatch.setattr(pipeline, "harmful_regions", lambda *_: [])

    def run(after: np.ndarray, **job: object) -> AutomixResult:
        return pipeline.automate(
            model,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            AutomixJob([], RATE_HZ, CHAIN.neutral, sound=GivenSound(after), **job),  # type: ignore[arg-type]
        )

    return run


def test_curves_that_do_no_harm_are_accepted_with_their_explanation(automate) -> None:
    result = automate(0.5 * QUIET)
    assert result.decision.kind is DecisionKind.ATTENUATED and result.decision.regions == 1
    assert result.decision.attenuation_db == pytest.approx(6.0, abs=0.1)
    assert set(result.curves) == {0} and result.normalized[0] < result.before_normalized[0]
    assert [one and one.kind for one in result.explanations] == [ExplanationKind.AUTOMATION]
    assert result.measures_after.true_peak_dbtp < result.measures_before.true_peak_dbtp


def test_an_over_between_the_samples_is_refused(automate) -> None:
    """No sample passes full scale; the true peak does (ITU-R BS.1770-4, annex 2)."""
    time = np.arange(QUIET.shape[1])
    over = (0.99 * np.sqrt(2) * np.sin(np.pi / 2 * time + np.pi / 4)).astype(np.float32)[None]
    assert np.abs(over).max() < 1.0 < true_peak_dbtp(over, RATE_HZ)
    result = automate(over)
    assert result.decision.kind is DecisionKind.WOULD_CLIP and not result.applied
    assert result.decision.true_peak_dbtp > result.decision.ceiling_dbtp == 0.0
    assert result.curves == {} and np.array_equal(result.normalized, result.before_normalized)


def test_controls_that_are_not_free_do_not_move(automate) -> None:
    result = automate(0.5 * QUIET, free=np.array([False]))
    assert result.decision.kind is DecisionKind.NOTHING_TO_DO
