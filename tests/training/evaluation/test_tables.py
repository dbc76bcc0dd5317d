"""Rows say what the cases say: ratios, harm, and errors of settings in what people read."""

from dataclasses import replace

import numpy as np
import pytest

from bridge.features.profile import SpectralProfile
from bridge.model.predict import Prediction
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.training.evaluation.case_result import CaseResult
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.method import MethodResult
from bridge.training.evaluation.tables import (
    control_error_rows,
    method_rows,
    rate_rows,
    reliability_rows,
    task_rows,
    unchanged_row,
)

HERTZ = RangeLaw(low=100, high=1600, scale="log")
SHARE = RangeLaw(low=0, high=1)
CHAIN = Chain(
    name="three",
    slots=(
        Slot(
            name="bell",
            plugin="builtin:PeakFilter",
            controls=(
                Control(slot="bell", name="cutoff_frequency_hz", unit="Hz", law=HERTZ),
                Control(slot="bell", name="gain_db", unit="dB", law=RangeLaw(low=-10, high=10), neutral=0.5),
            ),
        ),
        Slot(
            name="ladder",
            plugin="builtin:LadderFilter",
            controls=(Control(slot="ladder", name="mode", unit="", law=SHARE, choices=("low", "high")),),
        ),
    ),
)  # fmt: skip


SILENCE = np.zeros((1, 1), np.float32)


def result(
    before: float, after: float, *, name: str = "a", chosen: list[float], hidden: list[float], rate: int = 44_100
) -> CaseResult:
    profile = SpectralProfile(np.zeros(4, np.float32), np.zeros(4, np.float32), 4)
    normalized = np.array(chosen, np.float32)
    prediction = Prediction(normalized, np.full(3, 0.9, np.float32), profile)
    return CaseResult(
        EvaluationCase(name, "match", rate, SILENCE, SILENCE, np.array(hidden, np.float32)),
        {
            "nothing": MethodResult(
                SILENCE, is_applied=False, distances={"mel_db": before}, task_metrics={"breaths_db": -20.0}
            ),
            "model": MethodResult(
                SILENCE, normalized, True, prediction, 16, {"mel_db": after}, {"breaths_db": -20.0 - before}
            ),
        },
    )


CASES = [
    result(4.0, 1.0, chosen=[0.5, 0.6, 0.0], hidden=[0.75, 0.7, 0.0]),
    result(2.0, 1.0, name="b", chosen=[0.5, 0.5, 1.0], hidden=[0.5, 0.9, 0.0]),
    result(1.0, 1.2, name="c", chosen=[0.0, 0.5, 0.0], hidden=[0.0, 0.5, 1.0]),
    result(0.1, 0.4, name="d", chosen=[0.0, 0.5, 0.0], hidden=[0.0, 0.5, 0.0]),
]


def test_ratios_and_harm_are_of_cases_that_ask_for_a_change() -> None:
    nothing, model = method_rows(CASES, 0)
    assert (nothing["method"], nothing["ratio"], nothing["worse"]) == ("nothing", 1.0, 0.0)
    assert model["ratio"] == pytest.approx(0.5)
    assert model["worse"] == pytest.approx(1 / 3) and model["worse_cases"] == 1
    assert model["cases"] == 3 and model["renders"] == 16
    assert model["ratio_low"] <= model["ratio"] <= model["ratio_high"]


def test_cases_that_ask_for_no_change_are_counted_apart() -> None:
    row = unchanged_row(CASES)
    assert row == {
        "cases": 1,
        "touched": 1.0,
        "mean_harm_db": pytest.approx(0.3),
        "largest_harm_db": pytest.approx(0.3),
    }
    assert unchanged_row(CASES[:1])["mean_harm_db"] is None


def test_errors_are_told_in_display_units_where_the_plugin_acts() -> None:
    rows = {row["control"]: row for row in control_error_rows(CASES, CHAIN)}
    frequency, gain, mode = (rows[label] for label in ("bell.cutoff_frequency_hz", "bell.gain_db", "ladder.mode"))
    assert frequency["cases"] == gain["cases"] == 2
    assert gain["error"] == pytest.approx(5.0) and gain["text"] == "5.0 dB"
    assert frequency["octaves"] == pytest.approx(0.5)
    assert mode["cases"] == 1 and mode["wrong"] == 1.0


def test_an_error_in_hertz_is_also_told_in_octaves() -> None:
    (frequency, *_) = control_error_rows(CASES[:1], CHAIN)
    assert frequency["octaves"] == pytest.approx(1.0)
    assert frequency["text"] == "400 Hz (1 oct)"
    assert frequency["share"] == pytest.approx(0.25)


def test_refused_settings_are_no_errors() -> None:
    (one, *_) = CASES
    refused = replace(one, methods={**one.methods, "model": replace(one.model, is_applied=False)})
    assert control_error_rows([refused], CHAIN) == []
    assert control_error_rows([replace(one, case=replace(one.case, hidden=None))], CHAIN) == []


def test_reliability_counts_hits_of_the_encoders_own_answers() -> None:
    (row,) = reliability_rows(CASES, CHAIN, tolerance=0.1 + 1e-6)
    assert row["confidence"] == pytest.approx(0.9)
    assert row["controls"] == 12
    assert row["hits"] == pytest.approx(8 / 12)


def test_rates_stand_beside_the_files_own() -> None:
    controls = {"chosen": [0.0, 0.5, 0.0], "hidden": [0.0, 0.5, 0.0]}
    found = [
        replace(
            result(4.0, 1.0, name="a", **controls), resampled=(result(4.0, 2.0, name="a", rate=96_000, **controls),)
        ),
        replace(
            result(2.0, 1.0, name="b", **controls), resampled=(result(2.0, 1.0, name="b", rate=96_000, **controls),)
        ),
    ]
    (row,) = rate_rows(found, 0)
    assert (row["sample_rate_hz"], row["ratio"], row["home_ratio"], row["worse"]) == (96_000, 0.5, 0.375, 0.0)


def test_a_tasks_own_measures_have_medians_and_the_worst() -> None:
    (row,) = task_rows(CASES)
    assert (row["before"], row["after"], row["largest_after"]) == (-20.0, pytest.approx(-21.5), pytest.approx(-20.1))
