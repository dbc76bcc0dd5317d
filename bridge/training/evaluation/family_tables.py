"""Scores by family: what recordings get that are no relatives of any that a model was trained with, and what others do.

Cases of one family are not independent, and a family of many recordings says no more than one of few: so each family
counts once, by the median of its cases, and the interval is by bootstrap over families.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bridge.report.tables import TextTable, method_table
from bridge.training.data.families import families_of
from bridge.training.data.recordings import AudioFileEntry
from bridge.training.evaluation.case_result import CaseResult
from bridge.training.evaluation.intervals import median_interval, share_at_most
from bridge.training.evaluation.method import METHODS, WORSE_DB

Row = dict[str, Any]


@dataclass(frozen=True)
class FamilySplit:
    """The family of each recording by its name, and the families that a model was trained with or chosen by."""

    of: Mapping[str, str] = field(default_factory=dict)
    heard: Collection[str] = ()

    @classmethod
    def of_files(cls, files: Sequence[AudioFileEntry], known: Collection[str]) -> FamilySplit:
        """Return the families of `files`, of which those in `known` took part in a training. Mixes of stems are of all
        their stems' families together."""
        names = {name: family.name for name, family in families_of(files).items()}
        heard = {names[file.name] for file in files if file.name in known}
        for group in {file.group for file in files if file.group != file.name}:
            members = sorted({names[file.name] for file in files if file.group == group})
            names[group] = ", ".join(members)
            heard |= {names[group]} if heard & set(members) else set()
        return cls(names, heard)

    def family(self, result: CaseResult) -> str:
        return self.of.get(result.case.name, result.case.name)

    def is_heard(self, result: CaseResult) -> bool:
        return self.family(result) in self.heard


def family_scores(results: Sequence[CaseResult], split: FamilySplit, seed: int) -> Row:
    """Rows of all methods over unheard and over heard families, and the model's of each family by itself."""
    cases = [one for one in results if one.is_change_needed]
    unheard = [one for one in cases if not split.is_heard(one)]
    heard = [one for one in cases if split.is_heard(one)]
    return {
        "unheard": family_rows(unheard, split, seed),
        "heard": family_rows(heard, split, seed),
        "each": [_each_row(name, members, split) for name, members in sorted(_by_family(cases, split).items())],
    }


def family_rows(cases: Sequence[CaseResult], split: FamilySplit, seed: int) -> list[Row]:
    """One row per method: `ratio` is the median of the families' medians of after / before, `worse_at_most` the share
    of cases made worse that these leave possible."""
    rows = []
    for method in METHODS:
        by_family = _by_family([one for one in cases if method in one.methods], split)
        if not by_family:
            continue
        ratios = np.array([_median_ratio(members, method) for members in by_family.values()])
        ratio, low, high = median_interval(ratios, list(by_family), seed)
        chosen = [one for members in by_family.values() for one in members]
        worse = sum(_is_worse(one, method) for one in chosen)
        rows.append(
            {
                "method": method,
                "families": len(by_family),
                "cases": len(chosen),
                "ratio": ratio,
                "ratio_low": low,
                "ratio_high": high,
                "worse": worse / len(chosen),
                "worse_cases": worse,
                "worse_at_most": share_at_most(worse, len(chosen)),
                "before_db": float(np.median([one.before_db for one in chosen])),
                "after_db": float(np.median([one.distance_db(method) for one in chosen])),
                "renders": float(np.median([one.methods[method].renders for one in chosen])),
            }
        )
    return rows


def family_tables(use: str, scores: Row) -> list[TextTable]:
    """Tables for people, unheard families first."""
    return [
        method_table(f"{use}, {rows[0]['families']} {kind} families (the median of their medians)", rows)
        for kind in ("unheard", "heard")
        if (rows := scores[kind])
    ]


def _by_family(cases: Sequence[CaseResult], split: FamilySplit) -> dict[str, list[CaseResult]]:
    found: dict[str, list[CaseResult]] = defaultdict(list)
    for one in cases:
        found[split.family(one)].append(one)
    return found


def _median_ratio(cases: Sequence[CaseResult], method: str) -> float:
    return float(np.median([one.distance_db(method) / one.before_db for one in cases]))


def _is_worse(one: CaseResult, method: str) -> bool:
    return one.distance_db(method) > one.before_db + WORSE_DB


def _each_row(name: str, cases: Sequence[CaseResult], split: FamilySplit) -> Row:
    return {
        "family": name,
        "is_heard": split.is_heard(cases[0]),
        "cases": len(cases),
        "ratio": _median_ratio(cases, "model"),
        "worse_cases": sum(_is_worse(one, "model") for one in cases),
    }
