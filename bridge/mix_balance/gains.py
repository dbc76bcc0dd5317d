"""Gains that bring the roles of a mix to their target loudness, at the loudness that the mix had and below full scale.

Tracks of one role stay among each other as they are: a drum kit's microphones, a choir. Where the roles already lie
as near as they would come, or where a role is unknown, they are left. Plain arithmetic on sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.loudness import LoudnessMeter
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.mix_balance.role_by_name import Role, role_by_name
from bridge.mix_balance.role_by_sound import role_by_sound, role_features
from bridge.mix_balance.targets import MixBalanceTargets
from bridge.types import Audio

CEILING_DBTP = 0.0
HEADROOM_DB = 0.1
LEAST_LU = 0.5  # what the roles must come closer by


@dataclass(frozen=True)
class MixBalance:
    """Loudness of the roles relative to the mix in LU, and of the mix."""

    relative_lu: Mapping[Role, float]
    loudness_lufs: float
    true_peak_dbtp: float

    def off_lu(self, targets: MixBalanceTargets) -> float:
        """Return how far the roles lie from their targets to each other: the mean distance in LU."""
        gaps = np.array(list(self.gaps_lu(targets).values()))
        return float(np.abs(gaps).mean())

    def gaps_lu(self, targets: MixBalanceTargets) -> dict[Role, float]:
        """Return how much too loud each role is beside the others, in LU: 0 in the mean."""
        gaps = {role: measured - _relative(targets, role) for role, measured in self.relative_lu.items()}
        middle = float(np.mean(list(gaps.values())))
        return {role: gap - middle for role, gap in gaps.items()}


class RoleSums:
    """The sums of the tracks of each role: however many there are, no more is held than one sound for each role."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._sums: dict[Role, list[Audio]] = {}

    def add(self, role: Role, parts: Sequence[Audio], gain_db: float = 0.0) -> None:
        """Add a track as it sounds in the mix: parts (channels, samples), the same stretches of time for all tracks."""
        gain = np.float32(db_to_amplitude(gain_db))
        if role not in self._sums:
            self._sums[role] = [part * gain for part in parts]
            return
        for total, part in zip(self._sums[role], parts, strict=True):
            total += part * gain

    def measure(self, gains_db: Mapping[Role, float] | None = None) -> MixBalance:
        """Measure each role beside the sum of all, with these gains on top. AudioError where one of them is silent."""
        gains_db = gains_db or {}
        alone = {role: _measure(iter(parts), self._sample_rate_hz)[0] for role, parts in self._sums.items()}
        whole, peak = _measure(self._summed(gains_db), self._sample_rate_hz)
        silent = [role for role, loudness in alone.items() if loudness is None]
        if silent or whole is None or peak is None:
            names = " and ".join(silent) or "the mix"
            verb = "are" if len(silent) > 1 else "is"
            raise AudioError(
                f"{names} {verb} silent here, or shorter than the 0.4 s that a loudness takes. Select a range in "
                "which all of the tracks play."
            )
        relative = {role: lufs + gains_db.get(role, 0.0) - whole for role, lufs in alone.items() if lufs is not None}
        return MixBalance(relative, whole, peak)

    def gains_db(self, targets: MixBalanceTargets) -> dict[Role, float]:
        """Return what to add to each role to reach its target; the mix stays as loud as it was and below full scale."""
        before = self.measure()
        gains = {role: -gap for role, gap in before.gaps_lu(targets).items()}
        moved = self.measure(gains)
        lift_db = before.loudness_lufs - moved.loudness_lufs
        over_db = moved.true_peak_dbtp + lift_db - CEILING_DBTP
        if over_db > 0:
            lift_db -= over_db + HEADROOM_DB
        return {role: gain + lift_db for role, gain in gains.items()}

    def _summed(self, gains_db: Mapping[Role, float]) -> Iterator[Audio]:
        factors = {role: np.float32(db_to_amplitude(gains_db.get(role, 0.0))) for role in self._sums}
        for parts in zip(*self._sums.values(), strict=True):
            total = np.zeros_like(parts[0])
            for role, part in zip(self._sums, parts, strict=True):
                total += factors[role] * part
            yield total


def find_role(name: str, parts: Sequence[Audio], targets: MixBalanceTargets, sample_rate_hz: int) -> Role | None:
    """Return the role of a track by its name, else by its sound; None where it is unclear or `targets` know none."""
    role = role_by_name(name)
    if role is None:
        found = role_by_sound(role_features(parts, sample_rate_hz), targets.sounds)
        role = next((known for known in targets.roles if known == found), None)
    return role if role is None or targets.of(role) is not None else None


def _relative(targets: MixBalanceTargets, role: Role) -> float:
    target = targets.of(role)
    assert target is not None  # `find_role` gives no other
    return target.relative_lu


def _measure(parts: Iterator[Audio], sample_rate_hz: int) -> tuple[float | None, float | None]:
    """Loudness and true peak of parts, one after the other."""
    meter = None
    for part in parts:
        meter = meter or LoudnessMeter(part.shape[0], sample_rate_hz)
        meter.add(part)
    return (None, None) if meter is None else (meter.loudness_lufs, meter.true_peak_dbtp)
