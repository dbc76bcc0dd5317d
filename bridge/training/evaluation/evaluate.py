"""`bridge evaluate`: how much closer a model brings recordings it never heard to where they should be.

Reads top to bottom: draw the cases of the model's task from files it never heard; let the model and all that it must
beat work on each; measure; judge the model once more at sample rates it never saw; put it all into rows. The guard
is on, as it is for users.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.automix.automation.pipeline import is_automation_model, load_automation_model
from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, ModelError
from bridge.model.bundle import load_bundle
from bridge.model.manifest import read_manifest
from bridge.plugins.host.host import PluginHost
from bridge.report.evaluation_page import PageExample
from bridge.training.data.recordings import AudioFileEntry, find_files
from bridge.training.evaluation.automation import evaluate_automation
from bridge.training.evaluation.baselines import ModelMethod, baselines
from bridge.training.evaluation.case_source import CaseSource
from bridge.training.evaluation.cases import EvaluationCase, at_rate, interleave_cases, sample_cases
from bridge.training.evaluation.listening_examples import choose_listening_examples
from bridge.training.evaluation.method import Method, MethodResult
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.evaluation.score import SMALL_DB, CaseScore, RateScore
from bridge.training.evaluation.tables import control_rows, reliability_rows, shared_rows

Notify = Callable[[float, str], None]

EACH = 4  # cases of every recording
HOST_LIMIT_S = 60.0
UNSEEN_RATES_HZ = (32_000, 96_000)
HEARD_S = 4.0  # of a case, in its example


@dataclass(frozen=True)
class EvaluationOptions:
    """How thoroughly to judge.

    Attributes:
        each: cases of every recording and use.
        budget: renders of a window that random search and CMA-ES get for a case; None: as many as the model took.
        refine_s: seconds that the model may search, as `automix --refine` does.
        rates_hz: sample rates to judge at beside the files' own.
        limit_s: when so long has passed, recordings keep the cases that were judged until then. None: no limit.
    """

    each: int = EACH
    seed: int = 0
    budget: int | None = None
    refine_s: float = 0.0
    rates_hz: tuple[int, ...] = UNSEEN_RATES_HZ
    limit_s: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """`scores` are plain values for JSON, tables and cards; `examples` the cases to listen to."""

    scores: dict[str, Any]
    examples: tuple[PageExample, ...] = field(repr=False)


def evaluate_model(
    folder: Path,
    folders: Sequence[Path],
    source: CaseSource,
    *,
    workers: int,
    asked: EvaluationOptions = EvaluationOptions(),
    progress: Notify = lambda _share, _step: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Judge the model in `folder` on the files in `folders` that took no part in its training.

    The scores hold "model", "files", "cases_per_file", "seed", "refine_s", "budget" and, each by the name of the use:
    "uses" (a row per method), "songs" (the same for stems of songs alone), "unchanged", "controls" (errors of the
    settings), "confidence" (its reliability), "rates" (unseen sample rates), "task" (what only the task measures) and
    "cases" (before and after of every case).
    AudioError when every file was heard in training, or none can be judged by; ModelError when `is_cancelled` said so.
    """
    manifest = read_manifest(folder)
    known = {*manifest.training.heard, *manifest.training.validation}
    files = [file for file in find_files(folders) if not is_training_file(file, known)]
    if not files:
        raise AudioError(
            f"The model {manifest.name} heard all of these files in training: scores on them would mean nothing. "
            "Give other recordings."
        )
    with PluginHost(workers=workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
        if is_automation_model(manifest):
            scores, examples = evaluate_automation(
                load_automation_model(folder),
                host,
                files,
                source,
                each=asked.each,
                seed=asked.seed,
                rates_hz=asked.rates_hz,
                limit_s=asked.limit_s,
                progress=progress,
                is_cancelled=is_cancelled,
            )
            return Evaluation({"model": manifest.name, **scores}, examples)
        automix = Automix(load_bundle(folder), host)
        evaluation = evaluate_on(automix, files, source, asked, progress=progress, is_cancelled=is_cancelled)
    return Evaluation({"model": manifest.name, **evaluation.scores}, evaluation.examples)


def is_training_file(file: AudioFileEntry, known: Collection[str]) -> bool:
    """Whether `file` is one of the recordings `known`, which are named from the folder that a training was given: the
    same file may now be given from above or from below of it."""
    path = file.path.resolve().as_posix()
    return any(file.name == name or path.endswith(f"/{name}") for name in known)


def evaluate_on(
    automix: Automix,
    files: Sequence[AudioFileEntry],
    source: CaseSource,
    asked: EvaluationOptions = EvaluationOptions(),
    *,
    progress: Notify = lambda _share, _step: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """What `evaluate_model` gives, on `files`, without its "model"."""
    begin = time.monotonic()
    progress(0.0, "drawing cases")
    drawn = sample_cases(source.cases(automix.bundle.chain, automix.host, files, each=asked.each, seed=asked.seed))
    count = sum(len(cases) for cases in drawn.values())
    scored: dict[str, list[CaseScore]] = {}
    at_rates: dict[str, list[RateScore]] = {}
    done = 0
    for number, (use, cases) in enumerate(drawn.items(), start=1):
        scored[use], at_rates[use] = [], []
        methods = baselines(automix, cases, seed=asked.seed)
        limit_s = math.inf if asked.limit_s is None else asked.limit_s * number / len(drawn)
        for case in cases if asked.limit_s is None else interleave_cases(cases):
            if scored[use] and time.monotonic() - begin > limit_s:
                break
            if is_cancelled():
                raise ModelError("Stopped: the model was not judged to the end, and nothing was written.")
            progress(done / count, f"{use}: {len(scored[use]) + 1} of {len(cases)}")
            is_new = all(one.name != case.name for one in at_rates[use])
            scored[use].append(_score(automix, case, methods, source, asked))
            if is_new and scored[use][-1].before_db >= SMALL_DB:
                at_rates[use].extend(_at_other_rates(automix, case, scored[use][-1], asked))
            done += 1
    progress(1.0, "judged")
    stems = {file.name for file in files if file.group != file.name}
    return Evaluation(_rows(automix, scored, at_rates, stems, asked), choose_listening_examples(scored))


def _score(
    automix: Automix, case: EvaluationCase, methods: Sequence[Method], source: CaseSource, asked: EvaluationOptions
) -> CaseScore:
    """One case by the model, then by all others at its number of renders."""
    model = ModelMethod(automix, asked.refine_s)
    made: dict[str, MethodResult] = {model.name: model.run(case, 0)}
    budget = made[model.name].renders if asked.budget is None else asked.budget
    for method in methods:
        if (one := method.run(case, budget)) is not None:
            made[method.name] = one
    measures = EvaluationMetrics(case)
    excerpt = round(HEARD_S * case.sample_rate_hz)
    sounds = {"before": case.given, "model": made[model.name].audio, "match EQ": None, "truth": case.truth}
    if "match EQ" in made:
        sounds["match EQ"] = made["match EQ"].audio
    sounds["reference"] = case.reference
    return CaseScore(
        name=case.name,
        use=case.use,
        level_counts=case.level_counts,
        distances={name: measures.distances(one.audio) for name, one in made.items()},
        renders={name: one.renders for name, one in made.items()},
        made=made[model.name],
        hidden=case.hidden,
        task_before=source.measures(case, case.given),
        task_after=source.measures(case, made[model.name].audio),
        sample_rate_hz=case.sample_rate_hz,
        sounds=tuple((name, audio[:, :excerpt].copy()) for name, audio in sounds.items() if audio is not None),
    )


def _at_other_rates(
    automix: Automix, case: EvaluationCase, home: CaseScore, asked: EvaluationOptions
) -> list[RateScore]:
    """The same case resampled: settings predicted there, and judged there."""
    found = []
    for rate in asked.rates_hz:
        if rate == case.sample_rate_hz:
            continue
        moved = at_rate(case, rate)
        made = ModelMethod(automix, asked.refine_s).run(moved, 0)
        measures = EvaluationMetrics(moved)
        before, after = (measures.main_db(audio) for audio in (moved.given, made.audio))
        found.append(RateScore(case.name, rate, before, after, home.before_db, home.main_db["model"]))
    return found


def _rows(
    automix: Automix,
    scored: dict[str, list[CaseScore]],
    at_rates: dict[str, list[RateScore]],
    stems: set[str],
    asked: EvaluationOptions,
) -> dict[str, Any]:
    chain, tolerance = automix.bundle.chain, automix.bundle.manifest.confidence.tolerance
    return {
        **shared_rows(scored, at_rates, stems, asked.seed),
        "cases_per_file": asked.each,
        "refine_s": asked.refine_s,
        "budget": asked.budget,
        "controls": {use: control_rows(found, chain) for use, found in scored.items()},
        "confidence": {use: reliability_rows(found, chain, tolerance) for use, found in scored.items()},
    }
