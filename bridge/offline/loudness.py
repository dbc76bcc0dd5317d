"""A whole file brought to its loudness and true peak: what was found on parts of it, tried on all of it and corrected.

The part before the limiter is rendered once; the limiter then as often as it takes, mostly once or twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bridge.automix.facts import Measurements
from bridge.automix.guard.loudness_guard import split_at_limiter
from bridge.automix.job import LoudnessTarget
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
    normalized: NormalizedArray,
    target: LoudnessTarget,
    source: Path,
    rendered: Path,
    *,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[NormalizedArray, Measurements]:
    """Render `source` into `rendered` so that it is as loud as wanted; its true peak never lies above the ceiling.

    Returns the settings (controls,) that did it and what the file measures. Raises AudioError and PluginError.
    """
    split = split_at_limiter(chain)
    solver = LoudnessSolver(chain, normalized, target, starts_afresh=False, tolerance_lu=TOLERANCE_LU)
    before_limiter = rendered.with_name(f"{rendered.stem}.tone.wav")  # floats: nothing clips there
    try:
        rendered_gain_db = math.nan
        for number in range(MOST_RENDERS + 1):  # the last only takes the ceiling down
            is_last, tried, gain_db = solver.is_done, solver.normalized, solver.controls.read(solver.normalized)[0]
            if rendered_gain_db != gain_db:
                host.render_file(split.tone, tried[split.tone_controls], source, before_limiter)
                rendered_gain_db = gain_db
            progress(0.5 + 0.5 * number / (MOST_RENDERS + 1))
            host.render_file(split.limiter, tried[split.limiter_controls], before_limiter, rendered)
            measured = measure_file(rendered)
            if is_last:
                break
            solver.update(measured, is_last=number == MOST_RENDERS - 1)
            if solver.is_done and np.array_equal(solver.normalized, tried):
                break
    finally:
        before_limiter.unlink(missing_ok=True)
    return tried, measured
