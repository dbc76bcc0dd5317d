"""An evaluation from end to end, on few cases: complete, repeatable, honest about what the model heard, stoppable."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, ModelError
from bridge.training.data.recordings import find_files
from bridge.training.evaluation.card import write_card
from bridge.training.evaluation.evaluate import (
    Evaluation,
    EvaluationOptions,
    evaluate_model,
    evaluate_on,
    is_training_file,
)
from bridge.training.evaluation.in_chain_cases import AT_ONCE
from bridge.training.evaluation.tables import score_tables
from bridge.training.tasks.registry import find_task

MODEL = Path(__file__).parents[3] / "models" / "channel-strip"
TASK = find_task("channel-strip")


@pytest.fixture(scope="module")
def told() -> list[float]:
    return []


@pytest.fixture(scope="module")
def evaluation(automix: Automix, folder: Path, told: list[float]) -> Evaluation:
    files = [
        file
        for file in find_files([folder])
        if file.name in ("song00/bass.wav", "song01/drums.wav", "loops/loop1.flac")
    ]
    return evaluate_on(
        automix,
        files,
        TASK,
        EvaluationOptions(each=1),
        progress=lambda share, _: told.append(share),
    )


def test_scores_hold_all_methods_and_can_be_written_as_json(evaluation: Evaluation) -> None:
    uses = evaluation.scores["uses"]
    assert set(uses) == {"match", "automix", "foreign"}
    simple = ["nothing", "gain match", "match EQ", "shrunk match EQ", "four bands", "gain + limiter"]
    baselines = [*simple, "random search", "CMA-ES"]
    assert [row["method"] for row in uses["match"]] == [*baselines, "model"]
    for rows in uses.values():
        assert rows[0]["ratio"] == 1.0 and rows[0]["worse"] == 0.0
        assert all(row["ratio_low"] <= row["ratio"] <= row["ratio_high"] for row in rows)
        spent = {row["method"]: row["renders"] for row in rows}
        assert spent["random search"] == spent["CMA-ES"] <= spent["model"], "an equal budget"
    json.dumps(evaluation.scores, allow_nan=False)
    tables = score_tables(evaluation.scores)
    assert {"match", "automix", "foreign"} <= {title for title, _, _ in tables}
    assert all(len(row) == len(columns) for _, columns, rows in tables for row in rows)


def test_foreign_settings_are_not_compared_with_any(evaluation: Evaluation) -> None:
    assert evaluation.scores["controls"]["foreign"] == []
    assert evaluation.scores["confidence"]["foreign"] == []
    assert evaluation.scores["controls"]["match"]


def test_the_model_works_at_rates_it_never_saw(evaluation: Evaluation) -> None:
    for rows in evaluation.scores["rates"].values():
        assert [row["sample_rate_hz"] for row in rows] in ([], [32_000, 96_000])
    (low, high) = evaluation.scores["rates"]["foreign"]
    assert low["cases"] == high["cases"] > 0


def test_examples_have_sound_before_and_after(evaluation: Evaluation) -> None:
    assert {example.use for example in evaluation.examples} == {"match", "automix", "foreign"}
    for example in evaluation.examples:
        names = [name for name, _ in example.sounds]
        assert {"before", "model", "truth"} <= set(names)
        assert all(audio.ndim == 2 and audio.size for _, audio in example.sounds)


def test_progress_only_goes_on_and_ends_at_one(evaluation: Evaluation, told: list[float]) -> None:
    assert told == sorted(told) and told[-1] == 1.0


def test_the_card_has_a_table_for_every_use(evaluation: Evaluation, automix: Automix) -> None:
    card = write_card(msgspec.structs.replace(automix.model.manifest, scores={"test": evaluation.scores}))
    for use in evaluation.scores["uses"]:
        assert f"### {use}\n" in card
    assert "| gain + limiter |" in card and "At sample rates it never saw" in card


def test_an_evaluation_can_be_stopped(automix: Automix, folder: Path) -> None:
    with pytest.raises(ModelError, match="Stopped"):
        evaluate_on(
            automix,
            find_files([folder])[:1],
            TASK,
            EvaluationOptions(each=1),
            is_cancelled=lambda: True,
        )


def test_without_time_few_cases_are_drawn_and_one_is_judged(automix: Automix, folder: Path) -> None:
    """Of eleven recordings fifty cases each would take a minute to draw alone."""
    told: list[str] = []
    evaluation = evaluate_on(
        automix,
        find_files([folder]),
        TASK,
        EvaluationOptions(each=50, budget=1, limit_s=0.0),
        progress=lambda _, text: told.append(text),
    )
    assert told[1].startswith("match: 1 of ") and int(told[1].rpartition(" ")[2]) <= AT_ONCE
    assert {use: len(cases) for use, cases in evaluation.scores["cases"].items()} == {
        "match": 1,
        "automix": 0,
        "foreign": 0,
    }
    json.dumps(evaluation.scores, allow_nan=False)
    write_card(msgspec.structs.replace(automix.model.manifest, scores={"test": evaluation.scores}))


@pytest.mark.slow
def test_files_heard_in_training_are_not_used(tmp_path: Path, folder: Path) -> None:
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
        evaluate_model(model, [folder], TASK, workers=1)
    manifest["training"]["heard"] = [name for name in names if name != "loops/loop1.flac"]
    (model / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    evaluation = evaluate_model(
        model, [folder], TASK, workers=1, options=EvaluationOptions(each=1, rates_hz=(), budget=4)
    )
    assert evaluation.scores["files"] == ["loops/loop1.flac"]


def test_a_file_is_known_from_whatever_folder_it_is_given(folder: Path, tmp_path: Path) -> None:
    """Heard as song00/bass.wav, it is the same file below song00, and below what the folder lies in."""
    heard = {"song00/bass.wav", "synthesised/speech-0"}
    outer = tmp_path / "all recordings"
    inner = outer / folder.name
    shutil.copytree(folder / "song00", inner / "song00")
    for given in (inner, inner / "song00", outer):
        left = {file.path for file in find_files([given]) if not is_training_file(file, heard)}
        assert inner / "song00" / "bass.wav" not in left
        assert inner / "song00" / "drums.wav" in left
