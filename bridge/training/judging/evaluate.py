"""`bridge evaluate`: how much closer a model brings recordings it never heard to where they should be.

Always beside doing nothing, gain match and match EQ, with the guard on. The measure is the mean absolute
difference of log-mel frames to the truth, frame by frame: with a reference at the level it has, without one at
equal loudness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import AudioError
from bridge.model.automix import Automix
from bridge.model.bundle import load_bundle
from bridge.model.features import hear
from bridge.model.manifest import FeatureSettings
from bridge.model.profile import frames_that_sound
from bridge.model.task import AutomixTask, Outcome
from bridge.plugins.host import PluginHost, Render
from bridge.training.judging.baselines import gain_match, match_eq, spectrum_of
from bridge.training.judging.cases import Case
from bridge.training.judging.source import CaseSource
from bridge.training.sources.files import FoundFile, find_files

Audio = NDArray[np.float32]

Notify = Callable[[float, str], None]

EACH = 4  # cases of every recording
HOST_LIMIT_S = 60.0
SMALL_DB = 0.5  # a case that starts closer than this asks for no change
WORSE_DB = 0.05  # by so much more distance a file counts as made worse
RESAMPLES = 1000


@dataclass(frozen=True)
class Scored:
    """Distances of one case to its truth, by method, and how far the settings were off."""

    case: Case
    before_db: float
    after_db: dict[str, float]
    applied: bool
    hits: NDArray[np.bool_]
    confidence: NDArray[np.float32]


def evaluate_model(
    folder: Path,
    folders: Sequence[Path],
    source: CaseSource,
    *,
    workers: int,
    each: int = EACH,
    seed: int = 0,
    progress: Notify = lambda _share, _step: None,
) -> dict[str, Any]:
    """Score the model in `folder` on the files in `folders` that took no part in its training.

    Returns {"model", "files", "uses": {use: [row per method]}, "songs": the same for stems of songs alone,
    "unchanged": {use: ...}, "confidence": {use: ...}}.
    Rows hold `method`, `ratio` (median of after / before) with its 95% interval, `worse` (share of the cases),
    `before_db` and `after_db`. AudioError when every file was heard in training.
    """
    bundle = load_bundle(folder)
    known = {*bundle.manifest.training.heard, *bundle.manifest.training.validation}
    files = [file for file in find_files(folders) if file.name not in known]
    if not files:
        raise AudioError(
            f"The model {bundle.name} heard all of these files in training: scores on them would mean nothing. "
            "Give other recordings."
        )
    with PluginHost(workers=workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
        scores = evaluate_on(Automix(bundle, host), files, source, each=each, seed=seed, progress=progress)
    return {"model": bundle.name, **scores}


def score_rows(scores: dict[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows of a table for people, from the scores of `evaluate_model`."""
    columns: tuple[str, ...]
    columns = ("use", "method", "after / before", "95%", "made worse", "dB before", "dB after", "cases")
    rows: list[tuple[str, ...]] = [
        (
            f"{use}, {family}",
            row["method"],
            f"{row['ratio']:.2f}",
            f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}",
            f"{row['worse']:.1%}",
            f"{row['before_db']:.2f}",
            f"{row['after_db']:.2f}",
            str(row["cases"]),
        )
        for family, key in (("all", "uses"), ("songs", "songs"))
        for use, table in scores[key].items()
        for row in table
    ]
    return columns, rows


def evaluate_on(
    automix: Automix,
    files: Sequence[FoundFile],
    source: CaseSource,
    *,
    each: int,
    seed: int,
    progress: Notify = lambda _share, _step: None,
) -> dict[str, Any]:
    """The scores of `evaluate_model` on `files`."""
    cases = source.cases(automix.bundle.chain, automix.host, files, each=each, seed=seed)
    scored: dict[str, list[Scored]] = {}
    for place, (use, drawn) in enumerate(cases.items()):
        typical = _typical_spectra(drawn)
        scored[use] = []
        for index, case in enumerate(drawn):
            progress((place + index / len(drawn)) / len(cases), f"{use}: {index + 1} of {len(drawn)}")
            scored[use].append(_score(automix, case, typical))
    progress(1.0, "scored")
    stems = {file.name for file in files if file.group != file.name}
    return {
        "files": sorted({one.case.name for found in scored.values() for one in found}),
        "cases_per_file": each,
        "seed": seed,
        "uses": {use: _rows(found, seed) for use, found in scored.items()},
        "songs": {use: _rows([one for one in found if one.case.name in stems], seed) for use, found in scored.items()},
        "unchanged": {use: _unchanged(found) for use, found in scored.items()},
        "confidence": {use: _reliability(found) for use, found in scored.items()},
    }


def frame_distance_db(audio: Audio, truth: Audio, sample_rate_hz: int) -> float:
    """Mean absolute difference of log-mel frames, over the frames in which the truth sounds."""
    settings = FeatureSettings()
    heard, right = (hear([one], sample_rate_hz, settings) for one in (audio, truth))
    frames = frames_that_sound(right.log_mel)
    return float(np.abs(heard.log_mel - right.log_mel)[: right.bands_heard, frames].mean())


def _score(automix: Automix, case: Case, typical: dict[str, NDArray[np.float64]]) -> Scored:
    outcome = _run(automix, case)
    made = case.given  # what is refused stays as it was: even a neutral chain is not without effect
    if outcome.applied:
        render = Render(case.given, case.sample_rate_hz, outcome.settings)
        made = automix.host.render(automix.bundle.chain, [render])[0]
    spectrum = typical[case.name] if case.reference is None else spectrum_of(case.reference)
    outputs = {"nothing": case.given, "match EQ": match_eq(case.given, spectrum), "model": made}
    if case.reference is not None:
        outputs["gain match"] = gain_match(case.given, case.reference, case.sample_rate_hz)
    after = {name: _distance(audio, case) for name, audio in outputs.items()}
    low, high = automix.bundle.chain.bounds
    hits = np.zeros(0, dtype=bool)
    if case.hidden is not None:
        error = np.abs(outcome.settings - case.hidden) / (high - low)
        hits = error <= automix.bundle.manifest.confidence.tolerance
    return Scored(case, after["nothing"], after, outcome.applied, hits, outcome.confidence)


def _run(automix: Automix, case: Case) -> Outcome:
    reference = None if case.reference is None else automix.hear([case.reference], case.sample_rate_hz)
    neutral = automix.bundle.chain.neutral
    return automix.run(AutomixTask([case.given], case.sample_rate_hz, neutral, reference=reference))


def _distance(audio: Audio, case: Case) -> float:
    if not case.level_counts:
        audio = gain_match(audio, case.truth, case.sample_rate_hz)
    return frame_distance_db(audio, case.truth, case.sample_rate_hz)


def _typical_spectra(cases: Sequence[Case]) -> dict[str, NDArray[np.float64]]:
    """For match EQ without a reference: the mean spectrum of all other good recordings."""
    spectra = {case.name: spectrum_of(case.truth) for case in cases}
    total = sum(spectra.values(), np.zeros(()))
    return {name: (total - own) / max(1, len(spectra) - 1) for name, own in spectra.items()}


def _rows(scored: Sequence[Scored], seed: int) -> list[dict[str, Any]]:
    """One row per method over the cases that ask for a change."""
    cases = [one for one in scored if one.before_db >= SMALL_DB]
    if not cases:
        return []
    methods = [
        name for name in ("nothing", "gain match", "match EQ", "model") if all(name in c.after_db for c in cases)
    ]
    rows = []
    for method in methods:
        before = np.array([one.before_db for one in cases])
        after = np.array([one.after_db[method] for one in cases])
        low, high = _interval(after / before, [one.case.name for one in cases], seed)
        rows.append(
            {
                "method": method,
                "cases": len(cases),
                "ratio": float(np.median(after / before)),
                "ratio_low": low,
                "ratio_high": high,
                "worse": float(np.mean(after > before + WORSE_DB)),
                "before_db": float(np.median(before)),
                "after_db": float(np.median(after)),
            }
        )
    return rows


def _interval(ratios: NDArray[np.float64], names: Sequence[str], seed: int) -> tuple[float, float]:
    """95% interval of the median, drawing files (with all their cases) with replacement."""
    generator = np.random.default_rng(seed)
    by_file = [ratios[[i for i, name in enumerate(names) if name == one]] for one in dict.fromkeys(names)]
    medians = [
        np.median(np.concatenate([by_file[i] for i in generator.integers(len(by_file), size=len(by_file))]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def _unchanged(scored: Sequence[Scored]) -> dict[str, Any]:
    """What happens to recordings that need no change."""
    cases = [one for one in scored if one.before_db < SMALL_DB]
    harm = [one.after_db["model"] - one.before_db for one in cases]
    return {
        "cases": len(cases),
        "touched": float(np.mean([one.applied for one in cases])) if cases else None,
        "mean_harm_db": float(np.mean(harm)) if cases else None,
        "largest_harm_db": float(np.max(harm)) if cases else None,
    }


def _reliability(scored: Sequence[Scored]) -> list[dict[str, float]]:
    """Mean confidence beside the share of hits, in five classes of confidence."""
    known = [one for one in scored if one.hits.size]
    if not known:
        return []
    confidence = np.concatenate([one.confidence for one in known])
    hits = np.concatenate([one.hits for one in known])
    rows = []
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        chosen = (confidence >= low) & (confidence < low + 0.2 + 1e-6)
        if chosen.any():
            rows.append(
                {
                    "confidence": float(confidence[chosen].mean()),
                    "hits": float(hits[chosen].mean()),
                    "controls": int(chosen.sum()),
                }
            )
    return rows
