"""Evaluating automation: it must beat what stands still, and what is not touched costs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from synthetic_speech import synthetic_speech

from bridge.audio.synthesis import synthesise
from bridge.automix.pipeline import Automix
from bridge.model.bundle import AutomationModel
from bridge.model.encoders.frame_encoder import FrameEncoder
from bridge.model.manifest import EncoderSettings
from bridge.plugins.chain.chain_file import load_chain
from bridge.report.evaluation_page import write_evaluation_page
from bridge.training.data.scenes import draw_scene
from bridge.training.evaluation.baselines import BestStaticSettings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.evaluate import EvaluationOptions, evaluate_on
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.evaluation.nonspeech_metrics import SceneCase, scene_metrics
from bridge.training.recipe import load_recipe
from bridge.training.tasks.nonspeech import NonspeechTask

RATE = 44100
CHAIN = load_chain(Path(__file__).parents[3] / "models" / "chains" / "nonspeech.toml")


class Known:
    """Three cases: one to do, two to leave alone."""

    def cases(self, chain, host, files, *, each, seed, must_stop=lambda: False):
        generator = np.random.default_rng(seed)
        line = synthetic_speech(count=3)
        busy, clean = (
            draw_scene(line, RATE, generator, side="test", duration_s=4.0, eventless=chance) for chance in (0.0, 1.0)
        )
        music = synthesise("pad", duration_s=3.0, sample_rate_hz=RATE, seed=1)
        return {
            "nonspeech": [
                SceneCase("busy", "nonspeech", RATE, busy.audio, busy.truth, None, pauses_count=True, scene=busy)
            ],
            "clean": [
                SceneCase("clean", "clean", RATE, clean.audio, clean.truth, None, pauses_count=True, scene=clean)
            ],
            "music": [EvaluationCase("pad", "music", RATE, music, music, None, pauses_count=True)],
        }

    def metrics(self, case, audio):
        return scene_metrics(case.scene, audio) if isinstance(case, SceneCase) else {}


@pytest.fixture
def model(manifest):
    """That was never trained, and so never acts."""
    recipe = load_recipe("nonspeech")
    settings = EncoderSettings(kind="frames", width=8, blocks=1)
    manifest = msgspec.structs.replace(
        manifest, chain=CHAIN, features=recipe.features, encoder=settings, use=NonspeechTask().use
    )
    torch.manual_seed(0)
    return AutomationModel(manifest, FrameEncoder(48, settings, torch.tensor([1.0, 0.0])).eval())


def test_the_best_static_settings_come_closer_and_pay_for_it_in_words(host):
    case = Known().cases(CHAIN, host, [], each=1, seed=0)["nonspeech"][0]
    result = BestStaticSettings(CHAIN, host).run(case, 0)
    metrics = EvaluationMetrics(case)
    assert metrics.main_db(result.audio) <= metrics.main_db(case.given)
    assert result.normalized.shape == (2,)
    assert metrics.main_db(case.truth) == 0.0


def test_scores_are_what_tables_cards_and_pages_read(model, host, tmp_path):
    evaluation = evaluate_on(Automix(model, host), [], Known(), EvaluationOptions(each=1, rates_hz=(48000,)))
    scores = evaluation.scores
    rows = {row["method"]: row for row in scores["uses"]["nonspeech"]}
    assert rows["nothing"]["ratio"] == rows["model"]["ratio"] == 1.0
    assert rows["best standing"]["ratio"] <= 1.0
    assert scores["unchanged"]["clean"] == {"cases": 1, "touched": 0.0, "mean_harm_db": 0.0, "largest_harm_db": 0.0}
    assert scores["unchanged"]["music"]["touched"] == 0.0
    task = {row["measure"]: row for row in scores["task"]["nonspeech"]}
    assert task["events_missed"]["after"] == 1.0
    assert "events_down_db, best standing" in task
    assert json.loads(json.dumps(scores)) == scores
    write_evaluation_page(tmp_path / "page.html", {"model": "never trained", **scores}, evaluation.examples)
    assert (tmp_path / "page.html").stat().st_size > 10_000
