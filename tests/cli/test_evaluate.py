"""`evaluate` from the command line: table, JSON and page of one run; bad options are refused."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from pedalboard.io import AudioFile

from bridge.audio.synthesis import synthesise
from bridge.cli import main
from bridge.model.manifest import read_manifest
from bridge.settings import shipped_folder

RATE_HZ = 44_100


@pytest.fixture
def folder(tmp_path: Path, bridge_home: Path) -> Path:
    """Two short recordings that no model heard, in a folder with an umlaut."""
    folder = tmp_path / "Neue Stücke"
    folder.mkdir()
    for kind in ("strings", "drums"):
        audio = 0.3 * synthesise(kind, duration_s=2.0, sample_rate_hz=RATE_HZ, seed=9)
        with AudioFile(str(folder / f"{kind}.wav"), "w", samplerate=RATE_HZ, num_channels=1, bit_depth=32) as file:
            file.write(np.asarray(audio, np.float32))
    return folder


def test_one_run_gives_table_json_and_page(folder: Path, tmp_path: Path) -> None:
    scores_file, page = tmp_path / "scores.json", tmp_path / "report.html"
    told = ["--json", scores_file, "--report", page, "--each", 1, "--seed", 3, "--budget", 8, "--refine", 0.01]
    result = CliRunner().invoke(main, ["evaluate", "channel-strip", str(folder), *map(str, told)])
    assert result.exit_code == 0, result.output
    for word in ("match", "automix", "foreign", "CMA-ES", "gain + limiter", "model"):
        assert word in result.output
    scores = msgspec.json.decode(scores_file.read_bytes())
    assert (scores["files"], scores["cases_per_file"], scores["seed"]) == (["drums.wav", "strings.wav"], 1, 3)
    assert (scores["budget"], scores["refine_s"]) == (8, 0.01)
    searched = [row for rows in scores["uses"].values() for row in rows if row["method"] in ("random search", "CMA-ES")]
    assert searched and all(row["renders"] <= 8 for row in searched)
    text = page.read_text("utf-8")
    assert text.count("<audio") >= 6 and "data:audio/flac;base64," in text


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--each", "0"),
        ("--each", "1000000000"),
        ("--budget", "0"),
        ("--budget", "1000000000000"),
        ("--refine", "-1"),
        ("--refine", "nan"),
        ("--seed", "-1"),
        ("--seed", "4294967296"),
    ],
)
def test_options_out_of_range_are_refused(folder: Path, option: str, value: str) -> None:
    result = CliRunner().invoke(main, ["evaluate", "channel-strip", str(folder), option, value])
    assert result.exit_code == 2
    assert option in result.stderr


def test_scores_are_recorded_in_manifest_and_card(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "my strip"
    shutil.copytree(shipped_folder("models") / "channel-strip", model)
    result = CliRunner().invoke(main, ["evaluate", str(model), str(folder), "--record", "--each", "1", "--budget", "4"])
    assert result.exit_code == 0, result.output
    assert read_manifest(model).scores["test"]["files"] == ["drums.wav", "strings.wav"]
    assert "2 recordings, 1 cases of each" in (model / "README.md").read_text("utf-8")


def test_a_search_is_not_recorded_as_the_models_own(folder: Path) -> None:
    result = CliRunner().invoke(main, ["evaluate", "channel-strip", str(folder), "--record", "--refine", "1"])
    assert result.exit_code == 2
    assert "without --refine" in result.stderr


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_what_must_not_be_written_over_is_told_before_any_work(folder: Path, tmp_path: Path, option: str) -> None:
    """The model's own files, recordings, and what lies below a file."""
    model = tmp_path / "my strip"
    shutil.copytree(shipped_folder("models") / "channel-strip", model)
    before = {file: file.read_bytes() for place in (model, folder) for file in place.iterdir()}
    for victim in (model / "model.json", folder / "strings.wav", folder / "new.wav", folder / "drums.wav" / "x.json"):
        result = CliRunner().invoke(main, ["evaluate", str(model), str(folder), option, str(victim)])
        assert result.exit_code in (1, 2) and result.stdout == "", result.output
        assert victim.name in result.stderr.strip().splitlines()[-1]
    assert {file: file.read_bytes() for place in (model, folder) for file in place.iterdir()} == before


def test_recordings_by_which_nothing_can_be_measured_are_no_scores(tmp_path: Path, folder: Path) -> None:
    """Silent ones, and some of one sample: an empty table would read as a result."""
    for name, audio in (("still", np.zeros((1, RATE_HZ))), ("click", np.full((1, 1), 0.5))):
        with AudioFile(str(tmp_path / f"{name}.wav"), "w", samplerate=RATE_HZ, num_channels=1, bit_depth=32) as file:
            file.write(audio.astype(np.float32))
    shutil.rmtree(folder)
    model = tmp_path / "my strip"
    shutil.copytree(shipped_folder("models") / "channel-strip", model)
    before = (model / "model.json").read_bytes()
    for name in ("channel-strip", "mastering", "level", str(model)):
        told = ["evaluate", name, str(tmp_path), *(["--record"] if name == str(model) else [])]
        result = CliRunner().invoke(main, told)
        assert result.exit_code == 1 and result.stdout == "", result.output
        assert "None of these recordings can be used for an evaluation" in result.stderr
    assert (model / "model.json").read_bytes() == before
