"""From features of each frame to curves of settings, one for each control that moves, and the regions of each.

A region is a stretch in which a control leaves its rest. A region can be left out, which is how the guard reverts
what does no good. Nothing here renders.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from bridge.automix.automation.curves import shrink_activity, smooth_curve, thin_curve
from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.automix.job import AutomationCurve
from bridge.model.bundle import neutral_positions
from bridge.model.manifest import AutomationSettings
from bridge.plugins.chain.chain import Chain
from bridge.types import Float64

HELD_FRAMES = 3  # a sound within another needs its own place for so long


@dataclass(frozen=True)
class AutomationRegion:
    """Frames `start`..`end` (excluded) in which `control` acts, and the highest probability of that, 0..1."""

    control: int
    start: int
    end: int
    confidence: float


def find_regions(frames: FramePredictions, settings: AutomationSettings) -> list[AutomationRegion]:
    """Return where controls act at all, by control and time. What never arrives is a doubt and no region."""
    regions = []
    for control, ramp in enumerate(_ramps(frames, settings)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (ramp > 0).astype(np.int8), [0]])))
        for start, end in edges.reshape(-1, 2):
            if ramp[start:end].max() >= 1.0:
                confidence = float(frames.activity[control, start:end].max())
                regions.append(AutomationRegion(control, int(start), int(end), confidence))
    return regions


def curves_of_regions(
    frames: FramePredictions,
    chain: Chain,
    settings: AutomationSettings,
    regions: Collection[AutomationRegion],
    *,
    amount: float = 1.0,
) -> dict[int, AutomationCurve]:
    """Return the curve of each control that moves in any of `regions`, in normalized values; the others have none.

    Before a curve is smoothed, each departure from rest is held for as long as smoothing reaches, except where
    somebody speaks: a click of one frame must be met in full. All curves begin and end at rest. `amount` 0..1 is how
    far controls go from it.
    """
    neutral, (low, high) = neutral_positions(chain), chain.bounds
    ramps = _ramps(frames, settings)
    width = round(settings.smoothing_s / frames.hop_s)
    curves = {}
    for control in sorted({region.control for region in regions}):
        departure = np.zeros(len(frames.times_s))
        for region in regions:
            if region.control == control:
                span = slice(region.start, region.end)
                place = frames.position[control, span].astype(np.float64) - neutral[control]
                departure[span] = ramps[control, span] * _farthest(place, HELD_FRAMES)
        speaks = (frames.speech > 0.5) & (departure == 0)
        held = np.where(speaks, departure, _farthest(departure, width))
        moved = smooth_curve(held, width)
        moved[[0, -1]] = 0.0  # beyond the range the user's own setting goes on
        position = neutral[control] + amount * moved
        thinned = thin_curve(frames.times_s, position, settings.tolerance)
        first, reach = float(low[control]), float(high[control] - low[control])
        curves[control] = AutomationCurve(thinned.times_s, first + np.clip(thinned.values, 0, 1) * reach)
    return curves


def _ramps(frames: FramePredictions, settings: AutomationSettings) -> Float64:
    """(controls, frames) 0 at rest .. 1 arrived."""
    ramp = np.clip((frames.activity - settings.unsure) / (settings.sure - settings.unsure), 0.0, 1.0)
    before, behind = round(settings.early_s / frames.hop_s), round(settings.late_s / frames.hop_s)
    return shrink_activity(ramp.astype(np.float64), before=before, behind=behind)


def _farthest(departure: Float64, width: int) -> Float64:
    """(frames,) the departure that is farthest from 0 within `width` frames to either side."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(departure, width), 2 * width + 1)
    farthest = np.abs(windows).argmax(1)
    return np.asarray(np.take_along_axis(windows, farthest[:, None], 1)[:, 0])
