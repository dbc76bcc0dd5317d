"""Scores: cases are what they claim, the measure is one, and a model is never judged by what it heard."""

import json
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError
from bridge.model.automix import Automix
from bridge.model.bundle import load_bundle
from bridge.model.features import hear
from bridge.model.manifest import FeatureSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost, Render
from bridge.training.judging.cases import draw_cases
from bridge.training.judging.evaluate import evaluate_model, evaluate_on, frame_distance_db, score_rows
from bridge.training.sources.files import find_files, read

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models" / "channel-strip"


def test_hidden_settings_lead_from_what_is_given_to_the_truth(chain: Chain, host: PluginHost, folder: Path) -> None:
    recordings = read(find_files([folder]))[:4]
    for use in ("match", "automix"):
        for case in draw_cases(chain, host, recordings, use, each=2, seed=1):
            right = host.render(chain, [Render(case.given, case.sample_rate_hz, case.hidden)])[0]
            before = frame_distance_db(case.given, case.truth, case.sample_rate_hz)
            after = frame_distance_db(right, case.truth, case.sample_rate_hz)
            assert after < max(0.3, 0.25 * before), "the low cut at its lowest leaves a trace"
            assert (case.reference is None) == (use == "automix")


def test_the_measure_counts_decibels_of_sounding_frames() -> None:
    audio = synthesise("pad", duration_s=2.0, sample_rate_hz=44100, seed=0)
    assert frame_distance_db(audio, audio, 44100) == 0
    louder = frame_distance_db(audio * np.float32(10 ** (6 / 20)), audio, 44100)
    above_floor = hear([audio], 44100, FeatureSettings()).log_mel > FeatureSettings().floor_db + 6
    assert louder == pytest.approx(6.0 * float(above_floor.mean()), abs=0.5)


def test_scores_hold_all_methods_and_can_be_written_as_json(host: PluginHost, folder: Path) -> None:
    automix = Automix(load_bundle(MODEL), host)
    told: list[float] = []
    scores = evaluate_on(
        automix, read(find_files([folder]))[:3], each=2, seed=0, progress=lambda share, _: told.append(share)
    )
    assert [row["method"] for row in scores["uses"]["match"]] == ["nothing", "gain match", "match EQ", "model"]
    assert [row["method"] for row in scores["uses"]["automix"]] == ["nothing", "match EQ", "model"]
    for rows in scores["uses"].values():
        assert rows[0]["ratio"] == 1.0 and rows[0]["worse"] == 0.0
        assert all(row["ratio_low"] <= row["ratio"] <= row["ratio_high"] for row in rows)
    json.dumps(scores, allow_nan=False)
    columns, rows = score_rows(scores)
    assert all(len(row) == len(columns) for row in rows)
    assert told == sorted(told) and told[-1] == 1.0


def test_files_heard_in_training_are_not_judged(tmp_path: Path, folder: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for file in MODEL.iterdir():
        if file.is_file():
            (model / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((model / "model.json").read_text(encoding="utf-8"))
    names = [file.name for file in find_files([folder])]
    manifest["training"]["heard"] = names
    (model / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(AudioError, match="heard all of these files"):
        evaluate_model(model, [folder], workers=1)
    manifest["training"]["heard"] = [name for name in names if name != "loops/loop1.flac"]
    (model / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert evaluate_model(model, [folder], workers=1, each=1)["files"] == ["loops/loop1.flac"]
