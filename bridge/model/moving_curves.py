"""From what was heard frame by frame to curves of settings, one for each control that moves, and the regions of each.

A region is a stretch in which a control leaves its rest. A region can be left out, which is how the guard takes back
what does no good. Nothing here renders.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.model.automation import Curve, narrowed, smooth, thin
from bridge.model.bundle import neutral_positions
from bridge.model.frames_hearing import HeardFrames
from bridge.model.manifest import AutomationSettings
from bridge.plugins.chain import Chain

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """Frames `start`..`end` (excluded) in which `control` acts, where it stands then (0..1), and how sure that is."""

    control: int
    start: int
    end: int
    position: float
    sureness: float


def find_regions(heard: HeardFrames, settings: AutomationSettings) -> list[Region]:
    """Where controls act at all, by control and time. Each region has one place, the mean of what was predicted."""
    regions = []
    for control, ramp in enumerate(_ramps(heard, settings)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (ramp > 0).astype(np.int8), [0]])))
        for start, end in edges.reshape(-1, 2):
            weight = ramp[start:end]
            position = float(np.average(heard.position[control, start:end], weights=weight))
            sureness = float(heard.activity[control, start:end].max())
            if weight.max() >= 1.0:  # what never arrives is a doubt, no event
                regions.append(Region(control, int(start), int(end), position, sureness))
    return regions


def draw_curves(
    heard: HeardFrames,
    chain: Chain,
    settings: AutomationSettings,
    regions: Collection[Region],
    *,
    amount: float = 1.0,
) -> dict[int, Curve]:
    """The curve of each control that moves in any of `regions`, in normalized values; the others have none.

    `amount` 0..1 is how far controls go from their rest.
    """
    hop_s = float(heard.times_s[1] - heard.times_s[0]) if len(heard.times_s) > 1 else 1.0
    neutral, (low, high) = neutral_positions(chain), chain.bounds
    ramps = _ramps(heard, settings)
    curves = {}
    for control in sorted({region.control for region in regions}):
        moved = np.zeros(len(heard.times_s))
        for region in regions:
            if region.control == control:
                span = slice(region.start, region.end)
                moved[span] = ramps[control, span] * (region.position - neutral[control])
        position = neutral[control] + amount * smooth(moved, round(settings.smoothing_s / hop_s))
        thinned = thin(heard.times_s, position, settings.tolerance)
        first, width = float(low[control]), float(high[control] - low[control])
        curves[control] = Curve(thinned.times_s, first + np.clip(thinned.values, 0, 1) * width)
    return curves


def _ramps(heard: HeardFrames, settings: AutomationSettings) -> Float:
    """(controls, frames) 0 at rest .. 1 arrived."""
    hop_s = float(heard.times_s[1] - heard.times_s[0]) if len(heard.times_s) > 1 else 1.0
    ramp = np.clip((heard.activity - settings.unsure) / (settings.sure - settings.unsure), 0.0, 1.0)
    before, behind = round(settings.early_s / hop_s), round(settings.late_s / hop_s)
    return narrowed(ramp.astype(np.float64), before=before, behind=behind)
