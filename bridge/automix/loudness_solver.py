"""Loudness and true peak as targets: how a limiter is driven to them.

`LoudnessSolver` proposes settings and is updated with what they measure; it renders nothing itself. It assumes a
limiter that takes peaks down to a threshold and then lifts them to its ceiling (measured for ZaMaximX2, see
`models/LOG.md`): the ceiling alone scales the output exactly, and more limiting lowers the distance between peak and
loudness. So there is one unknown, the limiting; each render shows for which ceiling true peak and loudness are right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bridge.automix.facts import LoudnessKind, LoudnessOutcome, Measurements
from bridge.automix.job import LoudnessTarget
from bridge.errors import ModelError
from bridge.model.manifest import PredictionUse
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.control import Role
from bridge.types import NormalizedArray

TOLERANCE_LU = 0.2
SLOPE = -0.8  # of the distance between peak and loudness per dB of limiting, before two renders have shown it
SLOPES = (-1.0, -0.3)
IDLE_DBTP = -0.3  # a peak below this, at a threshold of full scale, was not limited
MARGIN_DB = 0.03  # the ceiling is aimed at from so far below: parts that were not rendered may peak a little higher
QUIETER_DB = 12.0
MOST_STEPS = 8
_LEAST_STEP_DB = 0.02


def loudness_target(
    objective: PredictionUse, loudness_lufs: float | None = None, ceiling_dbtp: float | None = None
) -> LoudnessTarget | None:
    """Return the loudness and ceiling given, or else the model's own; None for a model without targets."""
    if objective.loudness_lufs is None or objective.ceiling_dbtp is None:
        return None
    return LoudnessTarget(
        loudness_lufs=objective.loudness_lufs if loudness_lufs is None else loudness_lufs,
        ceiling_dbtp=objective.ceiling_dbtp if ceiling_dbtp is None else ceiling_dbtp,
    )


@dataclass(frozen=True)
class LoudnessControls:
    """The controls of loudness and peak, by their roles: `gain`, `limiting`, `ceiling` are indices in its chain."""

    chain: Chain
    gain: int
    limiting: int
    ceiling: int

    @staticmethod
    def of(chain: Chain) -> LoudnessControls:
        """Find them in `chain`. ModelError where it lacks one of the roles."""

        def index(role: Role) -> int:
            for place, control in enumerate(chain.controls):
                if control.role == role:
                    return place
            raise ModelError(
                f"The chain {chain.name} has no control with the role {role!r}, by which loudness and true peak are "
                "reached. Give it one, and train the model again."
            )

        return LoudnessControls(chain, index("output_gain"), index("limiting"), index("ceiling"))

    @property
    def indices(self) -> list[int]:
        return [self.gain, self.limiting, self.ceiling]

    def read(self, normalized: NormalizedArray) -> tuple[float, float, float]:
        """Return the gain before the limiter, the limiting and the ceiling, in dB."""
        gain, threshold, ceiling = (self._real(normalized, i) for i in (self.gain, self.limiting, self.ceiling))
        return gain, -threshold, ceiling

    def write(
        self, normalized: NormalizedArray, gain_db: float, limiting_db: float, ceiling_db: float
    ) -> NormalizedArray:
        """Return `normalized` with these values, each within its control's range."""
        written = normalized.copy()
        for index, real_value in ((self.gain, gain_db), (self.limiting, -limiting_db), (self.ceiling, ceiling_db)):
            control = self.chain.controls[index]
            written[index] = np.clip(control.normalized(real_value), control.low, control.high)
        return written

    def range_db(self, index: int) -> tuple[float, float]:
        control = self.chain.controls[index]
        return control.real_value(control.low), control.real_value(control.high)

    @property
    def most_limiting_db(self) -> float:
        return -self.range_db(self.limiting)[0]

    def _real(self, normalized: NormalizedArray, index: int) -> float:
        return self.chain.controls[index].real_value(float(normalized[index]))


class LoudnessSolver:
    """A search for the limiting and the ceiling at which a sound comes out as loud, and peaks as high, as wanted.

    `normalized` (controls,) is to be tried next, until `is_done`; `update` takes what it measures.

    Args:
        starts_afresh: nothing is known of the sound's loudness; else the settings are about right, as after the same
            search on parts of the sound.
        probes_unlimited: while `is_probing` the limiter is left out; else it must be idle then.
    """

    def __init__(
        self,
        chain: Chain,
        normalized: NormalizedArray,
        target: LoudnessTarget,
        *,
        starts_afresh: bool = True,
        probes_unlimited: bool = False,
        tolerance_lu: float = TOLERANCE_LU,
    ) -> None:
        self.controls = LoudnessControls.of(chain)
        self.target = target
        self.is_done = False
        self._tolerance_lu = tolerance_lu
        self._wanted_db = target.ceiling_dbtp - MARGIN_DB - target.loudness_lufs
        self._gain_db, self._limiting_db, self._ceiling_db = self.controls.read(normalized)
        self.is_probing = starts_afresh
        self._idle_dbtp = math.inf if probes_unlimited else IDLE_DBTP
        self._steps = 0
        self._points: list[tuple[float, float]] = []  # limiting, and how much too far peak and loudness lay apart
        if starts_afresh:
            self._gain_db, self._limiting_db, self._ceiling_db = 0.0, 0.0, 0.0
        self.normalized = self._write(normalized)

    def update(self, measured: Measurements, *, is_last: bool = False) -> None:
        """Take the loudness and true peak that `normalized` measures. `is_last`: nothing more will be tried, but for a
        lower ceiling where the peak passes it."""
        self._steps += 1
        peak, loudness = measured.true_peak_dbtp, measured.loudness_lufs
        if peak is None or loudness is None:
            self._hold_peak(peak)
        elif self.is_probing:
            self._probed(peak, loudness)
        elif self._is_met(peak, loudness) or is_last or self._steps >= MOST_STEPS:
            self.is_done = True
            self._lower_to_ceiling(peak)
        else:
            self._step(peak, loudness)
        self.normalized = self._write(self.normalized)

    def _write(self, normalized: NormalizedArray) -> NormalizedArray:
        gain_db = self._gain_db + min(self._limiting_db, 0.0)
        return self.controls.write(normalized, gain_db, max(self._limiting_db, 0.0), self._ceiling_db)

    def _hold_peak(self, peak: float | None) -> None:
        """Without a loudness, as in silence or less than 400 ms, only the ceiling can be held."""
        self.is_done = True
        self.is_probing = False
        if peak is not None:
            self._lower_to_ceiling(peak)

    def _lower_to_ceiling(self, peak: float) -> None:
        if (excess_db := peak - self.target.ceiling_dbtp) > 0:
            self._ceiling_db -= excess_db + MARGIN_DB

    def _probed(self, peak: float, loudness: float) -> None:
        """Once the limiter has stood idle: the highest peak to full scale, and the first guess."""
        lowest, highest = self.controls.range_db(self.controls.gain)
        if peak > self._idle_dbtp and self._gain_db > lowest:
            self._gain_db = max(lowest, self._gain_db - QUIETER_DB)
            return
        self.is_probing = False
        moved = min(max(self._gain_db - peak, lowest), highest) - self._gain_db
        self._gain_db += moved
        # What all gain leaves below full scale, the threshold lifts: it limits nothing before that.
        self._limiting_db = min(max(0.0, -(peak + moved)), self.controls.most_limiting_db)
        moved += self._limiting_db
        self._step(peak + moved, loudness + moved, is_idle=True)

    def _is_met(self, peak: float, loudness: float) -> bool:
        off_lu = loudness - self.target.loudness_lufs
        if peak > self.target.ceiling_dbtp:
            return False
        return abs(off_lu) <= self._tolerance_lu or (off_lu < 0 and self._is_at_most)

    @property
    def _is_at_most(self) -> bool:
        return self._limiting_db >= self.controls.most_limiting_db - _LEAST_STEP_DB

    def _step(self, peak: float, loudness: float, *, is_idle: bool = False) -> None:
        """Limiting by the secant of the last renders, and the ceiling that then fits."""
        far_db = peak - loudness - self._wanted_db
        self._points.append((self._limiting_db, far_db))
        # At full scale the limiter may still take down too much: then what comes to it becomes quieter.
        is_touched = not is_idle and peak > self._ceiling_db + IDLE_DBTP
        least_db = -QUIETER_DB if is_touched else min(0.0, self._limiting_db)
        limiting_db = min(max(self._crossing_db(), least_db), self.controls.most_limiting_db)
        closer_db = self._slope() * (limiting_db - self._limiting_db)
        # The peaks stay where they are; what is limited more comes out louder. Then the whole is scaled.
        lift_db = min(
            self.target.ceiling_dbtp - MARGIN_DB - peak,
            self.target.loudness_lufs - (loudness - closer_db),
        )
        self._limiting_db = limiting_db
        self._scale(lift_db)

    def _scale(self, lift_db: float) -> None:
        lowest, highest = self.controls.range_db(self.controls.ceiling)
        wanted_db = self._ceiling_db + lift_db
        self._ceiling_db = min(max(wanted_db, lowest), highest)
        if wanted_db < lowest:  # far quieter than the ceiling goes: the gain takes the rest
            self._gain_db += wanted_db - lowest
        if wanted_db > highest:  # so quiet that the gain did not bring it up: the threshold takes the rest
            self._limiting_db = min(self._limiting_db + wanted_db - highest, self.controls.most_limiting_db)

    def _crossing_db(self) -> float:
        """The limiting at which peak and loudness should lie as far apart as wanted; between two renders, if it can."""
        limiting, far = self._points[-1]
        if len(self._points) > 1 and max(far, self._points[-2][1]) < 0:
            return limiting  # less limiting did not do it; as loud as wanted it is by the ceiling alone
        near = [(at, other) for at, other in self._points if (other > 0) != (far > 0)]
        if near:
            at, other = min(near, key=lambda point: abs(point[0] - limiting))
            if abs(limiting - at) > _LEAST_STEP_DB:
                return limiting - far * (limiting - at) / (far - other)
        return limiting - far / self._slope()

    def _slope(self) -> float:
        """From the last two renders that differ, bounded to what lets a search go on in steps of sense."""
        (limiting, far), *earlier = reversed(self._points)
        for other, other_far in earlier:
            if abs(limiting - other) > _LEAST_STEP_DB:
                return float(np.clip((far - other_far) / (limiting - other), *SLOPES))
        return SLOPE


def loudness_outcome(target: LoudnessTarget, measured: Measurements, most_limiting_db: float) -> LoudnessOutcome:
    """Return what came out, as a fact: whether the target was reached to within 1 LU."""
    kind = LoudnessKind.UNMEASURABLE
    if measured.loudness_lufs is not None and measured.true_peak_dbtp is not None:
        is_reached = abs(measured.loudness_lufs - target.loudness_lufs) <= 1.0
        kind = LoudnessKind.REACHED if is_reached else LoudnessKind.LIMITED
    return LoudnessOutcome(
        kind=kind,
        target_lufs=target.loudness_lufs,
        ceiling_dbtp=target.ceiling_dbtp,
        loudness_lufs=measured.loudness_lufs,
        true_peak_dbtp=measured.true_peak_dbtp,
        most_limiting_db=most_limiting_db,
    )
