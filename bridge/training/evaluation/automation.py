"""Judging a model whose settings move, beside doing nothing, gain match, and the best settings that stand still.

The main distance is taken over all frames, pauses too: what is to be taken out lies there. The best standing settings
are told the truth, and so better than anybody could set them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bridge.automix.automation.pipeline import AutomationModel
from bridge.errors import ModelError
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import neutral_positions, positions_to_normalized
from bridge.offline.automation import automate_audio
from bridge.plugins.host.host import PluginHost, Render
from bridge.report.evaluation_page import PageExample
from bridge.training.data.recordings import AudioFileEntry
from bridge.training.evaluation.case_source import CaseSource
from bridge.training.evaluation.cases import EvaluationCase, at_rate, interleave_cases, sample_cases
from bridge.training.evaluation.listening_examples import choose_listening_examples
from bridge.training.evaluation.method import MethodResult
from bridge.training.evaluation.metrics import EvaluationMetrics, gain_to_match
from bridge.training.evaluation.score import SMALL_DB, CaseScore, RateScore
from bridge.training.evaluation.tables import shared_rows
from bridge.types import Audio

STANDING = "best standing"
STANDING_STEPS = 9  # places tried of each control that moves
FLOOR_DB = -80.0  # what is softer in a band is silence
EXAMPLE_S = 6.0


def evaluate_automation(
    model: AutomationModel,
    host: PluginHost,
    files: Sequence[AudioFileEntry],
    source: CaseSource,
    *,
    each: int,
    seed: int,
    rates_hz: Sequence[int],
    limit_s: float | None,
    progress: Callable[[float, str], None],
    is_cancelled: Callable[[], bool],
) -> tuple[dict[str, Any], tuple[PageExample, ...]]:
    """The scores and examples of `evaluate.evaluate_on`, without what has no meaning for settings that move."""
    begin = time.monotonic()
    progress(0.0, "drawing cases")
    drawn = sample_cases(source.cases(model.chain, host, files, each=each, seed=seed))
    scored: dict[str, list[CaseScore]] = {}
    at_rates: dict[str, list[RateScore]] = {}
    for number, (use, cases) in enumerate(drawn.items()):
        scored[use], at_rates[use] = [], []
        until_s = math.inf if limit_s is None else limit_s * (number + 1) / len(drawn)
        for place, case in enumerate(cases if limit_s is None else interleave_cases(cases)):
            if scored[use] and time.monotonic() - begin > until_s:
                break
            if is_cancelled():
                raise ModelError("Stopped: the model was not judged to the end, and nothing was written.")
            progress((number + place / len(cases)) / len(drawn), f"{use}: {place + 1} of {len(cases)}")
            one = _score(model, host, case, source)
            if one.before_db >= SMALL_DB and all(known.name != case.name for known in at_rates[use]):
                others_hz = [rate for rate in rates_hz if rate != case.sample_rate_hz]
                at_rates[use] += [_at_rate(model, host, case, one, rate) for rate in others_hz]
            scored[use].append(one)
    progress(1.0, "judged")
    stems = {file.name for file in files if file.group != file.name}
    scores = {
        **shared_rows(scored, at_rates, stems, seed),
        "cases_per_file": each,
        "refine_s": 0.0,
        "budget": None,
        "controls": {use: [] for use in scored},
        "confidence": {use: [] for use in scored},
    }
    return scores, choose_listening_examples(scored)


def best_static_settings(model: AutomationModel, host: PluginHost, case: EvaluationCase) -> MethodResult:
    """The case through the settings, one for all of it, that come closest to the truth: each control by itself, from
    rest to the end of its range."""
    if case.given is case.truth:  # nothing to come closer to
        return MethodResult(case.given, applied=False)
    neutral = neutral_positions(model.chain)
    rows = [neutral]
    for control, rest in enumerate(neutral):
        far = 0.0 if rest > 0.5 else 1.0
        for place in np.linspace(rest, far, STANDING_STEPS + 1)[1:]:
            row = neutral.copy()
            row[control] = place
            rows.append(row)
    settings = positions_to_normalized(model.chain, np.stack(rows))
    made = host.render(model.chain, [Render(case.given, case.sample_rate_hz, row) for row in settings])
    best = int(np.argmin([whole_file_distance_db(audio, case) for audio in made]))
    return MethodResult(made[best], settings[best], renders=len(rows))


def whole_file_distance_db(audio: Audio, case: EvaluationCase) -> float:
    """Mean absolute difference of log-mel frames to the truth over all frames, down to `FLOOR_DB`."""
    settings = FeatureSettings(floor_db=FLOOR_DB)
    heard, right = (extract_features([one], case.sample_rate_hz, settings) for one in (audio, case.truth))
    return float(np.abs(heard.log_mel - right.log_mel)[: right.bands_heard].mean())


def _score(model: AutomationModel, host: PluginHost, case: EvaluationCase, source: CaseSource) -> CaseScore:
    movement, audio = automate_audio(model, host, case.given, case.sample_rate_hz)
    matched = np.asarray(gain_to_match(case.given, case.truth, case.sample_rate_hz) * case.given, dtype=np.float32)
    made = {
        "nothing": MethodResult(case.given, applied=False),
        "gain match": MethodResult(matched),
        STANDING: best_static_settings(model, host, case),
        "model": MethodResult(audio, applied=movement.applied, renders=1),
    }
    measures = EvaluationMetrics(case)
    after = source.measures(case, audio)
    after |= {f"{name}, {STANDING}": value for name, value in source.measures(case, made[STANDING].audio).items()}
    excerpt = round(EXAMPLE_S * case.sample_rate_hz)
    sounds = (("before", case.given), ("model", audio), (STANDING, made[STANDING].audio), ("truth", case.truth))
    return CaseScore(
        name=case.name,
        use=case.use,
        level_counts=True,
        distances={
            n: measures.distances(m.audio) | {"mel_db": whole_file_distance_db(m.audio, case)} for n, m in made.items()
        },
        renders={name: one.renders for name, one in made.items()},
        made=made["model"],
        hidden=None,
        task_before=source.measures(case, case.given),
        task_after=after,
        sample_rate_hz=case.sample_rate_hz,
        sounds=tuple((name, sound[:, :excerpt].copy()) for name, sound in sounds),
    )


def _at_rate(model: AutomationModel, host: PluginHost, case: EvaluationCase, home: CaseScore, rate: int) -> RateScore:
    there = at_rate(case, rate)
    _, audio = automate_audio(model, host, there.given, rate)
    before, after = whole_file_distance_db(there.given, there), whole_file_distance_db(audio, there)
    return RateScore(case.name, rate, before, after, home.before_db, home.main_db["model"])
