"""A whole file brought to its loudness and true peak: what was found on parts of it, tried on all of it and corrected.

The part before the limiter is rendered once; the limiter then as often as it takes, mostly once or twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bridge.automix.guard.loudness_guard import split_at_limiter
from bridge.automix.job import LoudnessTarget, Measurements
from bridge.automix.loudness_solver import LoudnessSolver
from bridge.offline.whole_file import measure_file
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.types import NormalizedArray

TOLERANCE_LU = 0.4
MOST_RENDERS = 4


def render_to_loudness(
    host: PluginHost,
    chain: Chain,
    settings: NormalizedArray,
    target: LoudnessTarget,
    source: Path,
    made: Path,
    *,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[NormalizedArray, Measurements]:
    """Render `source` into `made` so that it is as loud as wanted; its true peak never lies above the ceiling.

    Returns the settings (controls,) that did it and what the file measures. Raises AudioError and PluginError.
    """
    split = split_at_limiter(chain)
    drive = LoudnessSolver(chain, settings, target, starts_afresh=False, tolerance_lu=TOLERANCE_LU)
    toned = made.with_name(f"{made.stem}.tone.wav")  # floats: nothing clips there
    try:
        toned_at = math.nan
        for number in range(MOST_RENDERS + 1):  # the last only takes the ceiling down
            is_last, tried, gain_db = drive.is_done, drive.settings, drive.controls.read(drive.settings)[0]
            if toned_at != gain_db:
                host.render_file(split.tone, tried[split.toned], source, toned)
                toned_at = gain_db
            progress(0.5 + 0.5 * number / (MOST_RENDERS + 1))
            host.render_file(split.limiter, tried[split.limited], toned, made)
            measured = measure_file(made)
            if is_last:
                break
            drive.tell(measured, is_last=number == MOST_RENDERS - 1)
            if drive.is_done and np.array_equal(drive.settings, tried):
                break
    finally:
        toned.unlink(missing_ok=True)
    return tried, measured
