"""What the ranges of tone do to families that they were not measured on.

    python tests/bench/leave_one_family_out.py DIR...

Each family in turn is left out, the ranges are measured on all others, and the left-out recordings are judged by them:
as they are, where nothing is the right answer, and through filters and a compressor of no chain, where the recording
itself is. Moves are taken as an equaliser would make them that can do anything: nothing is rendered, and what the
plugins add to that is left to `reaper-bridge evaluate`. Distances are of profiles at equal loudness.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from measure_tone_ranges import role_of

from bridge.automix.tone_range import ANY, LEAST_DB, ToneRange, ToneRangeTarget, region_levels_db
from bridge.features.mel import extract_features
from bridge.features.profile import DEFAULT_FEATURES, SpectralProfile, profile_distance_db
from bridge.training.data.families import families_of
from bridge.training.data.recordings import Recording, find_files, read_recordings
from bridge.training.evaluation.cases import halves, has_two_halves
from bridge.training.evaluation.intervals import median_interval
from bridge.training.evaluation.method import WORSE_DB
from bridge.training.evaluation.out_of_chain_cases import draw_strip
from bridge.training.fit_tone_ranges import RegionLevels, fit_tone_ranges


@dataclass(frozen=True)
class Sound:
    """A recording as it is, and spoilt; `may_train`: whether ranges may be measured on it."""

    family: str
    role: str
    may_train: bool
    good: SpectralProfile
    spoilt: tuple[SpectralProfile, ...]

    @property
    def levels(self) -> RegionLevels:
        return RegionLevels(self.family, self.role, region_levels_db(self.good, DEFAULT_FEATURES))


def sounds_of(folders: Sequence[Path], each: int) -> list[Sound]:
    """Every recording with two halves that sound, and `each` spoilt versions of it."""
    files, generator, found = find_files(folders), np.random.default_rng(0), []
    families = families_of(files)
    for file in files:
        family = families[file.name]
        for recording in read_recordings([file]):
            if family.what.startswith("breath") or not has_two_halves(recording):
                continue
            good = _profile(recording)
            spoilt = [_profile(_spoilt(recording, generator)) for _ in range(each)]
            found.append(Sound(family.name, role_of(file, family), family.may_train, good, tuple(spoilt)))
    return found


def moved(sound: SpectralProfile, ranges: dict[str, ToneRange], role: str) -> SpectralProfile:
    """`sound` where what lies outside of its role's range is at its edge."""
    target = ToneRangeTarget(ranges.get(role, ranges[ANY]), DEFAULT_FEATURES)
    if target.distance_db(sound) < LEAST_DB:
        return sound
    return replace(sound, mean_db=sound.mean_db + target.moves_db(sound))


def print_table(sounds: Sequence[Sound]) -> None:
    """One row for each family, and the medians over families."""
    ratios, names, worse, changes = [], [], [], []
    print(f"{'family':28} {'cases':>5} {'left':>6} {'worse':>6} {'good ones changed':>18}")
    for family in sorted({one.family for one in sounds}):
        ranges = fit_tone_ranges([one.levels for one in sounds if one.family != family and one.may_train])
        own_ratios, own_worse, own_changes = [], [], []
        for one in (one for one in sounds if one.family == family):
            own_changes.append(_apart_db(moved(one.good, ranges, one.role), one.good))
            for spoilt in one.spoilt:
                if (before_db := _apart_db(spoilt, one.good)) >= 0.5:
                    after_db = _apart_db(moved(spoilt, ranges, one.role), one.good)
                    own_ratios.append(after_db / before_db)
                    own_worse.append(after_db > before_db + WORSE_DB)
        changes += own_changes
        if own_ratios:
            left = float(np.median(own_ratios))
            ratios, names, worse = [*ratios, left], [*names, family], [*worse, *own_worse]
            changed = sum(change > 0.5 for change in own_changes)
            share, count = float(np.mean(own_worse)), len(own_changes)
            print(f"{family:28} {len(own_ratios):5} {left:6.2f} {share:6.0%} {changed:12} of {count}")
    middle, low, high = median_interval(np.array(ratios), names, 0)
    share, touched = float(np.mean(worse)), float(np.mean(np.array(changes) > 0.5))
    print(f"\n{len(ratios)} families: {middle:.2f} [{low:.2f}, {high:.2f}] left, {share:.1%} of {len(worse)} worse;")
    print(f"good ones changed by more than 0.5 dB: {touched:.1%}, by {max(changes):.1f} dB at most")


def _spoilt(recording: Recording, generator: np.random.Generator) -> Recording:
    return replace(recording, audio=draw_strip(generator).run(recording.audio, recording.sample_rate_hz))


def _profile(recording: Recording) -> SpectralProfile:
    return extract_features([halves(recording)[0]], recording.sample_rate_hz, DEFAULT_FEATURES).profile


def _apart_db(one: SpectralProfile, other: SpectralProfile) -> float:
    return profile_distance_db(one, other, loudness_counts=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=3)
    options = parser.parse_args()
    print_table(sounds_of(options.folders, options.each))
