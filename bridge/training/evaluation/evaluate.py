"""`bridge evaluate`: how much closer a model brings recordings it never heard to where they should be.

Reads top to bottom: draw the cases of the model's task from files it never heard; let the model and all that it must
beat work on each; measure; let the model work once more at sample rates it never saw; put it all into tables. The
guard is on, as it is for users.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, ModelError
from bridge.model.bundle import AutomationModel, load_model
from bridge.model.manifest import read_manifest
from bridge.plugins.host.host import PluginHost
from bridge.report.evaluation_page import PageExample
from bridge.training.data.recordings import AudioFileEntry, find_files
from bridge.training.evaluation.baselines import DoNothing, automation_baselines, baselines
from bridge.training.evaluation.case_result import CaseResult, cut_case
from bridge.training.evaluation.cases import CaseSource, EvaluationCase, check_cases, interleave_cases, resample_case
from bridge.training.evaluation.family_tables import FamilySplit
from bridge.training.evaluation.listening_examples import EXCERPT_S, LISTENED_METHODS, choose_listening_examples
from bridge.training.evaluation.method import Method, MethodResult
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.evaluation.model_method import MODEL, ModelMethod
from bridge.training.evaluation.tables import TASK_METHODS, score_rows

Progress = Callable[[float, str], None]

EACH = 4  # cases of every recording
HOST_LIMIT_S = 60.0
DRAWING_SHARE = 0.2
UNSEEN_RATES_HZ = (32_000, 96_000)


@dataclass(frozen=True)
class EvaluationOptions:
    """How thoroughly to evaluate.

    Attributes:
        each: cases of every recording and use.
        budget: renders of a window that random search and CMA-ES get for a case; None: as many as the model took.
        refine_s: seconds that the model may search, as `automix --refine` does.
        rates_hz: sample rates to evaluate at beside the files' own.
        limit_s: when so long has passed, uses and recordings keep the cases that were done until then, one at least in
            all; `DRAWING_SHARE` of it, at most, is for drawing them. None: no limit.
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
    options: EvaluationOptions = EvaluationOptions(),
    progress: Progress = lambda _share, _step: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Evaluate the model in `folder` on the files in `folders` that took no part in its training.

    Returns:
        Scores that hold "model", "files", "cases_per_file", "seed", "refine_s", "budget" and, each by the name of the
        use: "families" (rows of those that the model heard a recording of, and of those that it did not, see
        `family_tables`), "uses" (a row per method), "songs" (the same for stems of songs alone), "unchanged",
        "controls" (errors of the settings), "confidence" (its reliability), "rates" (unseen sample rates), "task" (what
        only the task measures) and "cases" (before and after of every case).

    Raises:
        AudioError: when every file was heard in training, or none can be measured.
        ModelError: when `is_cancelled` said so.
    """
    begin = time.monotonic()
    manifest = read_manifest(folder)
    known = {*manifest.training.training_files, *manifest.training.validation}
    found = find_files(folders)
    families = FamilySplit.of_files(found, {file.name for file in found if is_training_file(file, known)})
    files = [file for file in found if not is_training_file(file, known)]
    if not files:
        raise AudioError(
            f"The model {manifest.name} heard all of these files in training: scores on them would mean nothing. "
            "Give other recordings."
        )
    with PluginHost(workers=workers, load_limit_s=HOST_LIMIT_S, render_limit_s=HOST_LIMIT_S) as host:
        automix = Automix(load_model(folder), host)
        if options.limit_s is not None:
            options = replace(options, limit_s=max(0.0, options.limit_s - (time.monotonic() - begin)))
        evaluation = evaluate_on(
            automix,
            files,
            source,
            options,
            families=families,
            progress=progress,
            is_cancelled=is_cancelled,
        )
    return replace(evaluation, scores={"model": manifest.name, **evaluation.scores})


def is_training_file(file: AudioFileEntry, known: Collection[str]) -> bool:
    """Whether `file` is one of the recordings `known`, which are named from the folder that a training was given: the
    same file may now be given from above or from below of it."""
    path = file.path.resolve().as_posix()
    return any(file.name == name or path.endswith(f"/{name}") for name in known)


def evaluate_on(
    automix: Automix,
    files: Sequence[AudioFileEntry],
    source: CaseSource,
    options: EvaluationOptions = EvaluationOptions(),
    *,
    families: FamilySplit | None = None,
    progress: Progress = lambda _share, _step: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Return what `evaluate_model` does, on `files`, without its "model"."""
    model, is_over = automix.model, _clock(options.limit_s)
    progress(0.0, "drawing cases")
    each, seed, must_stop = options.each, options.seed, partial(is_over, DRAWING_SHARE)
    drawn = source.cases(model.chain, automix.host, files, each=each, seed=seed, must_stop=must_stop)
    check_cases(drawn)
    method, count = ModelMethod(automix, options.refine_s), sum(map(len, drawn.values()))
    results: dict[str, list[CaseResult]] = {}
    for number, (use, cases) in enumerate(drawn.items(), start=1):
        found = results[use] = []
        others: list[Method] = []
        for case in cases if options.limit_s is None else interleave_cases(cases):
            if (done := sum(map(len, results.values()))) and is_over(number / len(drawn)):
                break
            if is_cancelled():
                raise ModelError("Stopped: the evaluation was not finished, and nothing was written.")
            progress(done / count, f"{use}: {len(found) + 1} of {len(cases)}")
            others = others or _baselines(automix, cases, seed)
            must_stop = partial(is_over, number / len(drawn))
            result = _evaluate_case(case, method, others, source, options.budget, must_stop)
            is_resampled = any(one.resampled and one.case.name == case.name for one in found)
            if result.is_change_needed and not is_resampled and not must_stop():
                result = _with_rates(result, case, method, options.rates_hz)
            found.append(result)
    progress(1.0, "evaluated")
    stems = {file.name for file in files if file.group != file.name}
    scores = {
        **score_rows(results, model.chain, model.manifest.confidence.tolerance, stems, seed, families),
        "cases_per_file": each,
        "refine_s": options.refine_s,
        "budget": options.budget,
    }
    return Evaluation(scores, choose_listening_examples(results))


def _clock(limit_s: float | None) -> Callable[[float], bool]:
    """Whether, from now on, a share (0..1) of the limit has passed."""
    begin, limited_s = time.monotonic(), math.inf if limit_s is None else limit_s
    return lambda share: time.monotonic() - begin > share * limited_s


def _baselines(automix: Automix, cases: Sequence[EvaluationCase], seed: int) -> list[Method]:
    if isinstance(automix.model, AutomationModel):
        return automation_baselines(automix.model.chain, automix.host)
    return baselines(automix, cases, seed=seed)


def _evaluate_case(
    case: EvaluationCase,
    model: ModelMethod,
    others: Sequence[Method],
    source: CaseSource,
    budget: int | None,
    must_stop: Callable[[], bool],
) -> CaseResult:
    """One case by the model, then by all others at its number of renders; once `must_stop`, by no further one."""
    own = model.run(case, 0)
    found: dict[str, MethodResult | None] = {DoNothing.name: DoNothing().run(case, 0)}
    for method in others:
        if not must_stop():
            found[method.name] = method.run(case, own.renders if budget is None else budget)
    metrics, samples = EvaluationMetrics(case), round(EXCERPT_S * case.sample_rate_hz)
    methods = {
        name: replace(
            result,
            audio=result.audio[:, : samples if name in LISTENED_METHODS else 0].copy(),
            distances=metrics.distances(result.audio),
            task_metrics=source.metrics(case, result.audio) if name in TASK_METHODS else {},
        )
        for name, result in {**found, MODEL: own}.items()
        if result is not None
    }
    return CaseResult(cut_case(case, EXCERPT_S), methods)


def _with_rates(result: CaseResult, case: EvaluationCase, model: ModelMethod, rates_hz: Sequence[int]) -> CaseResult:
    """The result of a case with those at other sample rates than its own."""
    others_hz = [rate for rate in rates_hz if rate != case.sample_rate_hz]
    return replace(result, resampled=tuple(_evaluate_at_rate(case, model, rate) for rate in others_hz))


def _evaluate_at_rate(case: EvaluationCase, model: ModelMethod, sample_rate_hz: int) -> CaseResult:
    """The same case resampled: settings predicted there, and measured there by the main metric."""
    resampled = resample_case(case, sample_rate_hz)
    metrics = EvaluationMetrics(resampled)
    methods = {
        method.name: replace(
            result, audio=result.audio[:, :0].copy(), distances={case.main_metric: metrics.main_db(result.audio)}
        )
        for method in (DoNothing(), model)
        for result in [method.run(resampled, 0)]
    }
    return CaseResult(cut_case(resampled, 0.0), methods)
