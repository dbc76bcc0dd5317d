"""Measure the ranges of tone that Bridge ships: `python tests/bench/measure_tone_ranges.py DIR... -o FILE`.

DIR holds good recordings, and tables that say what they are (`bridge.training.data.families`). Breaths are left out,
and what may not be learned from ("validate only").
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bridge.automix.tone_range import SHIPPED, region_levels_db
from bridge.features.mel import extract_features
from bridge.features.profile import DEFAULT_FEATURES
from bridge.mix_balance.role_by_name import role_by_name
from bridge.training.data.families import Family, families_of
from bridge.training.data.recordings import AudioFileEntry, find_files, read_recordings
from bridge.training.evaluation.cases import halves, has_two_halves
from bridge.training.fit_tone_ranges import RegionLevels, fit_tone_ranges, write_tone_ranges


def role_of(file: AudioFileEntry, family: Family) -> str:
    """The role of a recording, by what its table says or else by its name; "other" for none of those there are."""
    what = family.what.split("(")[0].strip() or file.path.stem
    if what.startswith("speech"):
        return "vocals"
    return "mix" if what.startswith("mix") else role_by_name(what) or "other"


def levels_of(folders: list[Path]) -> list[RegionLevels]:
    """The levels of both halves of every recording."""
    files = find_files(folders)
    families, found = families_of(files), []
    for file in files:
        family = families[file.name]
        if family.what.startswith("breath") or not family.may_train:
            continue
        for recording in read_recordings([file]):
            if not has_two_halves(recording):
                continue
            rows = [
                region_levels_db(
                    extract_features([half], recording.sample_rate_hz, DEFAULT_FEATURES).profile, DEFAULT_FEATURES
                )
                for half in halves(recording)
            ]
            found.append(RegionLevels(family.name, role_of(file, family), np.mean(rows, axis=0)))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", dest="output", type=Path, default=SHIPPED)
    options = parser.parse_args()
    levels = levels_of(options.folders)
    count = len({one.family for one in levels})
    source = f"Of {len(levels)} recordings of {count} families: python tests/bench/measure_tone_ranges.py DIR..."
    write_tone_ranges(options.output, fit_tone_ranges(levels), source)
