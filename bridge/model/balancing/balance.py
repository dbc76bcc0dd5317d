"""Gains that bring the roles of a mix to their levels, at the loudness that the mix had and below full scale.

Tracks of one role stay among each other as they are: a drum kit's microphones, a choir. Where the levels already lie
as near as they would come, or where a role is unknown, the answer is to leave them. Plain arithmetic on sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.audio.measures import LoudnessMeter
from bridge.errors import AudioError
from bridge.model.balancing.names import Role, role_by_name
from bridge.model.balancing.sounds import role_by_sound, traits_of
from bridge.model.balancing.targets import LevelTargets

Audio = NDArray[np.float32]

CEILING_DBTP = 0.0
HEADROOM_DB = 0.1
LEAST_LU = 0.5  # what levels must come closer by


@dataclass(frozen=True)
class Track:
    """A track as it is heard in the mix: parts (channels, samples), the same stretches of time for all tracks."""

    name: str
    parts: Sequence[Audio]


@dataclass(frozen=True)
class MixLevels:
    """Loudness of the roles relative to the mix in LU, and of the mix."""

    relative_lu: Mapping[Role, float]
    loudness_lufs: float
    true_peak_dbtp: float

    def off_lu(self, targets: LevelTargets) -> float:
        """How far the roles lie from their levels to each other: the mean distance in LU."""
        gaps = np.array(list(self.gaps_lu(targets).values()))
        return float(np.abs(gaps).mean())

    def gaps_lu(self, targets: LevelTargets) -> dict[Role, float]:
        """How much too loud each role is beside the others: 0 in the mean."""
        gaps = {role: heard - _relative(targets, role) for role, heard in self.relative_lu.items()}
        middle = float(np.mean(list(gaps.values())))
        return {role: gap - middle for role, gap in gaps.items()}


def find_roles(tracks: Sequence[Track], targets: LevelTargets, sample_rate_hz: int) -> list[Role | None]:
    """The role of each track by its name, else by its sound, among those that `targets` know; None where unclear."""
    found: list[Role | None] = []
    for track in tracks:
        role = role_by_name(track.name)
        if role is None:
            heard = role_by_sound(traits_of(track.parts, sample_rate_hz), targets.sounds)
            role = next((known for known in targets.roles if known == heard), None)
        found.append(role if role is None or targets.of(role) is not None else None)
    return found


def objection(tracks: Sequence[Track], roles: Sequence[Role | None]) -> str | None:
    """Why these tracks cannot be set beside each other, or None."""
    unclear = [track.name for track, role in zip(tracks, roles, strict=True) if role is None]
    if unclear:
        return (
            f"it is not clear what {' and '.join(unclear)} play{'s' if len(unclear) == 1 else ''}. Name tracks by "
            "their role, such as Drums, Bass, Vocals, Lead, Guitar or Keys, and run the action again"
        )
    if len(set(roles)) < 2:
        return "all of the tracks have one role, and levels lie between roles. Select tracks of several"
    return None


def measure_mix(tracks: Sequence[Track], roles: Sequence[Role], sample_rate_hz: int) -> MixLevels:
    """Each role, summed, beside the sum of all. AudioError where one of them is silent."""
    sums: dict[Role, list[Audio]] = {}
    for track, role in zip(tracks, roles, strict=True):
        sums[role] = _added(sums.get(role), track.parts)
    mix: list[Audio] = []
    for parts in sums.values():
        mix = _added(mix or None, parts)
    whole, peak = _measure(mix, sample_rate_hz)
    heard = {role: _measure(parts, sample_rate_hz)[0] for role, parts in sums.items()}
    silent = [role for role, loudness in heard.items() if loudness is None]
    if silent or whole is None or peak is None:
        raise AudioError(
            f"Nothing is heard of {' and '.join(silent) or 'the mix'} here: select a range in which all play."
        )
    return MixLevels({role: loudness - whole for role, loudness in heard.items() if loudness is not None}, whole, peak)


def gains_db(tracks: Sequence[Track], roles: Sequence[Role], targets: LevelTargets, before: MixLevels,
             sample_rate_hz: int) -> dict[Role, float]:  # fmt: skip
    """What to add to each role: to its level beside the others, the mix as loud as it was and below full scale."""
    gains = {role: -gap for role, gap in before.gaps_lu(targets).items()}
    moved = measure_mix(scaled(tracks, [gains[role] for role in roles]), roles, sample_rate_hz)
    lift_db = before.loudness_lufs - moved.loudness_lufs
    over_db = moved.true_peak_dbtp + lift_db - CEILING_DBTP
    if over_db > 0:
        lift_db -= over_db + HEADROOM_DB
    return {role: gain + lift_db for role, gain in gains.items()}


def scaled(tracks: Sequence[Track], gains: Sequence[float]) -> list[Track]:
    """The tracks with these gains in dB."""
    factors = [np.float32(10 ** (gain / 20)) for gain in gains]
    return [Track(track.name, [part * f for part in track.parts]) for track, f in zip(tracks, factors, strict=True)]


def _relative(targets: LevelTargets, role: Role) -> float:
    level = targets.of(role)
    assert level is not None  # `find_roles` gives no other
    return level.relative_lu


def _added(total: Sequence[Audio] | None, parts: Sequence[Audio]) -> list[Audio]:
    return list(parts) if total is None else [one + other for one, other in zip(total, parts, strict=True)]


def _measure(parts: Sequence[Audio], sample_rate_hz: int) -> tuple[float | None, float | None]:
    """Loudness and true peak of parts, one after the other."""
    meter = LoudnessMeter(parts[0].shape[0], sample_rate_hz)
    for part in parts:
        meter.add(part)
    return meter.loudness_lufs, meter.true_peak_dbtp
