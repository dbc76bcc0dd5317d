"""The task evenness: what it draws and measures, and a training of seconds through its plugins that evens out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.decibels import amplitude_to_db
from bridge.model.bundle import load_model, positions_to_normalized
from bridge.model.predict import Predictor
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import find_files, read_recordings
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.options import TrainOptions
from bridge.training.recipe import load_recipe
from bridge.training.tasks.evenness import EvennessTask
from bridge.training.tasks.registry import find_task
from bridge.training.train import train

ROOT = Path(__file__).parents[3]
RATE = 44100
SMALL = """
[examples]
clip_s = 4.0
shard_examples = 4
[examples.search]
generations = 6
passages = 3
passage_s = 6.0
[learning]
rate = 1e-2
validate_every = 8
"""


@pytest.fixture(scope="module")
def levelling() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "level.toml")


def test_the_neutral_chain_does_nothing(levelling: Chain, host: PluginHost) -> None:
    audio = np.random.default_rng(0).normal(0, 0.2, (1, RATE)).astype(np.float32)
    (made,) = host.render(levelling, [RenderInput(audio, RATE, levelling.neutral)])
    np.testing.assert_allclose(made, audio, atol=1e-6)


def test_examples_are_recordings_and_what_became_of_their_level(
    levelling: Chain, host: PluginHost, folder: Path
) -> None:
    renderer = ExampleRenderer(levelling, host, read_recordings(find_files([folder])), RATE, clip_s=2.0)
    drawn, again = (EvennessTask().draw(renderer, np.random.default_rng(3), 4) for _ in range(2))
    moved_db = []
    for one, other in zip(drawn, again, strict=True):
        example = one["level"]
        assert example.position is None and example.input.shape == example.truth.shape == (1, 2 * RATE)
        sounding = np.abs(example.truth) > 1e-3
        gain_db = amplitude_to_db(np.abs(example.input[sounding] / example.truth[sounding]))
        moved_db.append(np.ptp(gain_db))
        np.testing.assert_array_equal(example.input, other["level"].input)
    assert max(moved_db) > 3


def test_cases_are_measured_beside_their_truth(levelling: Chain, host: PluginHost, folder: Path) -> None:
    cases = EvennessTask().cases(levelling, host, find_files([folder / "song00"]), each=3, seed=0)["level"]
    assert {case.name for case in cases} == {"bass.wav", "drums.wav"}
    for case in cases:
        given, right = EvennessTask().metrics(case, case.given), EvennessTask().metrics(case, case.truth)
        assert right["level_error_db"] == 0 < given["level_error_db"]
        assert right["unevenness_db"] == right["unevenness_of_truth_db"] == given["unevenness_of_truth_db"]


def test_seconds_through_the_plugins_already_even_out(levelling: Chain, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    folder = tmp_path / "songs"
    for song in range(4):
        write(folder / f"{song}.wav", synthesise("pad", duration_s=16.0, sample_rate_hz=RATE, seed=song))
    recipe = tmp_path / "small.toml"
    recipe.write_text(SMALL, encoding="utf-8")
    told: list[str] = []
    options = TrainOptions(
        chain=levelling,
        data=(folder,),
        output=tmp_path / "level",
        task="evenness",
        recipe=load_recipe("evenness", recipe),
        steps=16,
        shards=1,
        evaluated_cases=0,
    )
    assert train(options, progress=lambda _, text: told.append(text)) is not None
    assert any("validation plugins" in text for text in told), "nobody knows the right settings: the plugins tell"
    bundle = load_model(options.output)
    assert bundle.reference_profiles is None
    with PluginHost(workers=2) as host:
        cases = EvennessTask().cases(levelling, host, find_files([folder]), each=1, seed=1)["level"]
        before, after = [], []
        for case in cases:
            predictor = Predictor(bundle)
            settings = predictor.predict(predictor.extract_features([case.given], RATE), None).normalized
            (made,) = host.render(levelling, [RenderInput(case.given, RATE, settings)])
            before.append(EvaluationMetrics(case).main_db(case.given))
            after.append(EvaluationMetrics(case).main_db(made))
    assert np.median(after) < 0.75 * np.median(before)
    assert not np.allclose(settings, positions_to_normalized(levelling, np.full(len(settings), 0.5)), atol=0.05)


def write(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=RATE, channels=audio.shape[0]) as file:
        file.write(audio)


def test_a_model_and_a_command_that_name_the_task_level_mean_this_one() -> None:
    assert isinstance(find_task("level"), EvennessTask)
    assert load_recipe("level") == load_recipe("evenness")
