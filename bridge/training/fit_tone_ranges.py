"""The ranges of tone of each role, measured over families of good recordings: `tone_ranges.toml`.

A family counts once, however many recordings it has: what sounds alike because one person recorded it says little of
the next. Few families look more alike than many, so a role's spread is drawn towards that of all roles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.automix.tone_range import ANY, EDGES_HZ, ToneRange
from bridge.types import Float64

DEVIATIONS = 2.0  # of the edges from the middle: less changed more good recordings than one in ten (`models/LOG.md`)
LEAST_FAMILIES = 3
SHARED_FAMILIES = 6.0  # that the spread of all roles counts as, beside a role's own
MASTERED = "mix"
MOST_DB = {MASTERED: 1.0}  # a mix is moved by no more: masters differ little from their mixes in tone


@dataclass(frozen=True)
class RegionLevels:
    """One good recording: whose it is, what it plays, and the levels of its regions (regions,) beside the loudness."""

    family: str
    role: str
    levels_db: Float64


def fit_tone_ranges(recordings: Iterable[RegionLevels]) -> dict[str, ToneRange]:
    """Return the ranges by role; roles of fewer than `LEAST_FAMILIES` families have none of their own."""
    recordings = list(recordings)
    means, within = _by_family(recordings)
    apart = np.concatenate([rows - rows.mean(0) for rows in means.values() if len(rows) > 1])
    shared = np.sqrt(1.2 * apart.var(0))
    ranges = {
        role: _range(role, rows, shared, within[role])
        for role, rows in sorted(means.items())
        if len(rows) >= LEAST_FAMILIES
    }
    everything = np.concatenate(list(means.values()))
    middle, spread = everything.mean(0), everything.std(0, ddof=1)
    return {**ranges, ANY: _tone_range(ANY, len({one.family for one in recordings}), middle, spread)}


def write_tone_ranges(file: Path, ranges: Mapping[str, ToneRange], source: str) -> None:
    """Write ranges as people read them: a table for each role, and where the numbers come from."""
    lines = [
        f"# Levels beside the loudness, in dB, of the regions between {', '.join(f'{hz:g}' for hz in EDGES_HZ)} Hz."
    ]
    lines += [f"# {source}"]
    for role, one in ranges.items():
        lines += ["", f"[{role}]", f"families = {one.families}"]
        lines += [f"{name} = [{', '.join(f'{value:.1f}' for value in values)}]"
                  for name, values in (("low_db", one.low_db), ("high_db", one.high_db))]  # fmt: skip
        lines += [f"most_db = {one.most_db:.1f}"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _by_family(recordings: Iterable[RegionLevels]) -> tuple[dict[str, Float64], dict[str, Float64]]:
    """By role: the mean of each family (families, regions), and how recordings differ within them (n, regions)."""
    found: dict[str, dict[str, list[Float64]]] = defaultdict(lambda: defaultdict(list))
    for one in recordings:
        found[one.role][one.family].append(one.levels_db)
    means = {role: np.stack([np.mean(rows, axis=0) for rows in families.values()]) for role, families in found.items()}
    within = {
        role: np.concatenate([np.stack(rows) - np.mean(rows, axis=0) for rows in families.values()])
        for role, families in found.items()
    }
    return means, within


def _range(role: str, families: Float64, shared: Float64, within: Float64) -> ToneRange:
    count = len(families)
    own = count / (count + SHARED_FAMILIES)
    variance = own * families.var(0, ddof=1) + (1 - own) * shared**2
    return _tone_range(role, count, families.mean(0), np.sqrt(variance * (1 + 1 / count) + within.var(0)))


def _tone_range(role: str, families: int, middle: Float64, spread: Float64) -> ToneRange:
    low, high = (np.round(middle + side * DEVIATIONS * spread, 1) for side in (-1, 1))
    return ToneRange(
        families=families, low_db=tuple(low.tolist()), high_db=tuple(high.tolist()), most_db=MOST_DB.get(role, 2.0)
    )
