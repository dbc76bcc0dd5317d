"""Judging settings that move: what stands still is the rival, and what is not touched costs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from synthetic_speech import synthetic_speech

from bridge.audio.synthesis import synthesise
from bridge.automix.automation.pipeline import AutomationModel
from bridge.model.encoders.frame_encoder import FrameEncoder
from bridge.model.manifest import EncoderSettings
from bridge.plugins.chain.chain_file import load_chain
from bridge.report.evaluation_page import write_evaluation_page
from bridge.training.data.scenes import draw_scene
from bridge.training.evaluation.automation import (
    STANDING,
    best_static_settings,
    evaluate_automation,
    whole_file_distance_db,
)
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.nonspeech import SceneCase, event_measures
from bridge.training.recipe import load_recipe
from bridge.training.tasks.nonspeech import NonspeechTask

RATE = 44100
CHAIN = load_chain(Path(__file__).parents[3] / "models" / "chains" / "nonspeech.toml")


class Known:
    """Three cases: one to do, two to leave alone."""

    def cases(self, chain, host, files, *, each, seed):
        generator = np.random.default_rng(seed)
        line = synthetic_speech(count=3)
        busy, clean = (
            draw_scene(line, RATE, generator, side="test", duration_s=4.0, eventless=chance) for chance in (0.0, 1.0)
        )
        music = synthesise("pad", duration_s=3.0, sample_rate_hz=RATE, seed=1)
        return {
            "nonspeech": [SceneCase("busy", "nonspeech", RATE, busy.heard, busy.truth, None, scene=busy)],
            "clean": [SceneCase("clean", "clean", RATE, clean.heard, clean.truth, None, scene=clean)],
            "music": [EvaluationCase("pad", "music", RATE, music, music, None)],
        }

    def measures(self, case, made):
        return event_measures(case.scene, made) if isinstance(case, SceneCase) else {}


@pytest.fixture
def model(manifest):
    """That was never trained, and so never acts."""
    recipe = load_recipe("nonspeech")
    settings = EncoderSettings(kind="frames", width=8, blocks=1)
    manifest = msgspec.structs.replace(
        manifest, chain=CHAIN, features=recipe.features, encoder=settings, job=NonspeechTask().job
    )
    torch.manual_seed(0)
    return AutomationModel(manifest, FrameEncoder(48, settings, torch.tensor([1.0, 0.0])).eval())


def test_the_best_standing_settings_come_closer_and_pay_for_it_in_words(model, host):
    case = Known().cases(CHAIN, host, [], each=1, seed=0)["nonspeech"][0]
    made = best_static_settings(model, host, case)
    assert whole_file_distance_db(made.audio, case) <= whole_file_distance_db(case.given, case)
    assert made.settings.shape == (2,)
    assert whole_file_distance_db(case.truth, case) == 0.0


def test_scores_are_what_tables_cards_and_pages_read(model, host, tmp_path):
    scores, examples = evaluate_automation(
        model, host, [], Known(), each=1, seed=0, rates_hz=(48000,), limit_s=None,
        progress=lambda _share, _step: None, is_cancelled=lambda: False,
    )  # fmt: skip
    rows = {row["method"]: row for row in scores["uses"]["nonspeech"]}
    assert rows["nothing"]["ratio"] == rows["model"]["ratio"] == 1.0
    assert rows[STANDING]["ratio"] <= 1.0
    assert scores["unchanged"]["clean"] == {"cases": 1, "touched": 0.0, "mean_harm_db": 0.0, "largest_harm_db": 0.0}
    assert scores["unchanged"]["music"]["touched"] == 0.0
    task = {row["measure"]: row for row in scores["task"]["nonspeech"]}
    assert task["events_missed"]["after"] == 1.0
    assert f"events_down_db, {STANDING}" in task
    assert json.loads(json.dumps(scores)) == scores
    write_evaluation_page(tmp_path / "page.html", {"model": "never trained", **scores}, examples)
    assert (tmp_path / "page.html").stat().st_size > 10_000
