"""One job for a model whose settings move: features of every frame, curves, a render, and a guard that reverts harm.

It works on any sound that can be read in blocks more than once, in memory or in a file (`SoundSource`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bridge.automix.automation.curves import block_frames, block_rows, proxy_rows
from bridge.automix.automation.frame_predictions import FramePredictions, predict_frames
from bridge.automix.automation.gain_envelope import replace_by_gain
from bridge.automix.automation.guard import attenuation_db, frame_powers, harmful_regions, missing_speech
from bridge.automix.automation.regions import AutomationRegion, curves_of_regions, find_regions
from bridge.automix.automation.word_guard import guard_words
from bridge.automix.facts import Decision, DecisionKind, Explanation, ExplanationKind, Measurements
from bridge.automix.guard.metrics import ceiling_dbtp, measure, overshoot_db
from bridge.automix.job import AutomationCurve, AutomixJob, AutomixResult, Progress, SoundSource, no_progress
from bridge.model.bundle import AutomationModel
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Audio, Float32, Float64

ROUNDS = 3  # of reverting regions


class SoundInMemory:
    """A `SoundSource` of one array (channels, samples)."""

    def __init__(self, host: PluginHost, audio: Audio, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._host, self._audio, self._rendered = host, audio, audio

    @property
    def frames(self) -> int:
        return len(self._audio[0])

    def blocks(self) -> Sequence[Audio]:
        return [self._audio]

    def render(self, chain: Chain, rows: Float32, block_frames: int) -> None:
        self._rendered = self._host.render(chain, [RenderInput(self._audio, self.sample_rate_hz, rows, block_frames)])[
            0
        ]

    def rendered(self) -> Sequence[Audio]:
        return [self._rendered]


def automate(
    model: AutomationModel, host: PluginHost, job: AutomixJob, *, progress: Progress = no_progress
) -> AutomixResult:
    """Return curves for a sound that do what the model was trained for and no harm.

    Where they are accepted, the last render of `job.sound` is what they sound like. Raises AudioError for a foreign
    sample rate, PluginError where the chain cannot be rendered.
    """
    sound = job.sound or SoundInMemory(host, job.excerpts[0], job.sample_rate_hz)
    progress(0.0, "listening")
    frames = predict_frames(model.encoder, model.manifest.features, sound.blocks, sound.sample_rate_hz)
    measured = measure(sound.blocks(), sound.sample_rate_hz)
    if (unheard := missing_speech(frames)) is not None:
        return _refused(job, measured, Decision(kind=unheard))
    frames = guard_words(frames, model.chain)
    regions = find_regions(frames, model.automation_settings) if job.amount_percent > 0 else []
    regions = [region for region in regions if job.free is None or job.free[region.control]]
    if not regions:
        return _refused(job, measured, Decision(kind=DecisionKind.NOTHING_TO_DO))
    if job.proxy is None:
        powers = frame_powers(sound.blocks(), sound.sample_rate_hz, frames.times_s)
    else:  # as it is heard now, through what the track has
        powers, _ = _render(job, model.chain, sound, frames, {})
        measured = measure(sound.rendered(), sound.sample_rate_hz)
    reverted: list[AutomationRegion] = []
    for number in range(ROUNDS):
        progress(0.3 + 0.2 * number, "rendering")
        curves = curves_of_regions(
            frames, model.chain, model.automation_settings, regions, amount=job.amount_percent / 100
        )
        after, gain = _render(job, model.chain, sound, frames, curves)
        if not (harmful := harmful_regions(frames, regions, powers, after)):
            fallen = [attenuation_db(powers[r.start : r.end], after[r.start : r.end]) for r in regions]
            accepted = _accepted(job, sound, measured, curves, regions, len(reverted), float(np.median(fallen)))
            return replace(accepted, gain=gain if accepted.applied else None)
        reverted += harmful
        regions = [region for region in regions if region not in harmful]
        if not regions:
            break
    decision = Decision(kind=DecisionKind.WOULD_HARM_SPEECH, reverted_regions=len(reverted))
    return _refused(job, measured, decision)


def _render(
    job: AutomixJob, chain: Chain, sound: SoundSource, frames: FramePredictions, curves: Mapping[int, AutomationCurve]
) -> tuple[Float64, AutomationCurve | None]:
    """Render `sound` with `curves`; return the power of each frame (frames,) of what comes out, and the gain that
    stands for the job's `gain_slot`, where that moves."""
    rows, gain = block_rows(curves, job.current, frames=sound.frames, sample_rate_hz=sound.sample_rate_hz), None
    is_gain = any(chain.controls[place].slot == job.gain_slot for place in curves)
    if job.proxy is not None:
        chain, rows = job.proxy.chain, proxy_rows(job.proxy, job.current, rows, curves)
    if is_gain:
        chain, rows, gain = replace_by_gain(sound, chain, rows, job.gain_slot, floor_db=job.gain_floor_db)
    sound.render(chain, rows, block_frames(sound.sample_rate_hz))
    return frame_powers(sound.rendered(), sound.sample_rate_hz, frames.times_s), gain


def _accepted(
    job: AutomixJob,
    sound: SoundSource,
    before: Measurements,
    curves: Mapping[int, AutomationCurve],
    regions: Sequence[AutomationRegion],
    reverted: int,
    fallen_db: float,
) -> AutomixResult:
    """The result of curves that do no harm in any region, unless they clip."""
    after = measure(sound.rendered(), sound.sample_rate_hz)
    if after.true_peak_dbtp is not None and overshoot_db(before, after) > 0:
        clipped = Decision(
            kind=DecisionKind.WOULD_CLIP, true_peak_dbtp=after.true_peak_dbtp, ceiling_dbtp=ceiling_dbtp(before)
        )
        return _refused(job, before, clipped)
    normalized, confidence = job.current.copy(), np.ones(len(job.current), dtype=np.float32)
    explanations: list[Explanation | None] = [None] * len(job.current)
    for place, curve in curves.items():
        confidences = [region.confidence for region in regions if region.control == place]
        normalized[place] = curve.values[np.abs(curve.values - job.current[place]).argmax()]
        confidence[place] = np.mean(confidences)
        explanations[place] = Explanation(kind=ExplanationKind.AUTOMATION, regions=len(confidences))
    return AutomixResult(
        decision=Decision(
            kind=DecisionKind.ATTENUATED, regions=len(regions), reverted_regions=reverted, attenuation_db=fallen_db
        ),
        normalized=normalized,
        before_normalized=job.current,
        confidence=confidence,
        amount=job.amount_percent / 100,
        measures_before=before,
        measures_after=after,
        explanations=tuple(explanations),
        curves=curves,
    )


def _refused(job: AutomixJob, measured: Measurements, decision: Decision) -> AutomixResult:
    confidence = np.ones(len(job.current), dtype=np.float32)
    return AutomixResult(decision, job.current, job.current, confidence, 0.0, measured, measured)
