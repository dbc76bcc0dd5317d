"""The task `nonspeech`, with a voice where espeak-ng is installed: who is on which side, and that it can be learned."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from synthetic_speech import synthetic_speech

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, SettingsError
from bridge.model.bundle import AutomationModel
from bridge.model.manifest import EncoderSettings
from bridge.plugins.chain.chain_file import load_chain
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import Recording, find_files
from bridge.training.data.scenes import draw_scene
from bridge.training.data.voices import LANGUAGES, VARIANTS, synthesise_speech
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.model_method import ModelMethod
from bridge.training.evaluation.nonspeech_metrics import event_results, speech_changes_db
from bridge.training.prediction_modes import example_count
from bridge.training.recipe import load_recipe
from bridge.training.tasks.nonspeech import NonspeechTask, SpokenRecording, draw_example
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.frame_train_step import FrameTrainStep
from bridge.training.trainer.train_step import TrainStepSettings

RATE = 44100
CHAIN = load_chain(Path(__file__).parents[3] / "models" / "chains" / "nonspeech.toml")
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def write(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=RATE, channels=len(audio)) as file:
        file.write(audio)


@pytest.fixture
def folder(tmp_path):
    """Six clean recordings in a folder called Speech, three loops beside it."""
    for number in range(6):
        write(tmp_path / "Speech" / f"talk{number}.wav", synthetic_speech(number, count=3)[None])
    for number in range(3):
        write(
            tmp_path / "loops" / f"loop{number}.wav", synthesise("pad", duration_s=3, sample_rate_hz=RATE, seed=number)
        )
    return tmp_path


@pytest.fixture
def recipe():
    recipe = load_recipe("nonspeech")
    return msgspec.structs.replace(
        recipe,
        encoder=EncoderSettings(kind="frames", width=48, blocks=6),
        examples=msgspec.structs.replace(recipe.examples, shard_examples=12),
        learning=msgspec.structs.replace(recipe.learning, batch=8, rate=4e-3, average_decay=0.97),
    )


def test_no_language_and_no_variant_is_on_two_sides():
    for sides in (LANGUAGES, VARIANTS):
        names = [name for side in sides.values() for name in side]
        assert len(names) == len(set(names))


@needs_voice
def test_voices_speak_phrases_and_the_same_seed_says_the_same():
    first, again, other = (synthesise_speech("test", seed, takes=1, sample_rate_hz=RATE)[0] for seed in (1, 1, 2))
    assert np.array_equal(first.audio, again.audio) and not np.array_equal(first.audio, other.audio)
    assert 5 < first.audio.shape[1] / RATE < 40 and first.audio.shape[0] == 1
    assert first.name.split("-", 4)[-1].split("+")[-1] in VARIANTS["test"]


def test_only_the_folder_called_speech_is_spoken(folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    gathered = NonspeechTask().load_recordings([folder], seed=0, takes=1)
    for side in (gathered.train, gathered.validation):
        own = [one for one in side if not one.name.startswith("synthesised/")]
        assert all(isinstance(one, SpokenRecording) == one.name.startswith("Speech/") for one in own)
        assert any(isinstance(one, SpokenRecording) for one in own)
    assert not {one.name for one in gathered.train} & {one.name for one in gathered.validation}
    assert any(name.startswith("Speech/") for name in gathered.test)


def test_nobody_who_speaks_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    write(tmp_path / "loop.wav", synthesise("pad", duration_s=2, sample_rate_hz=RATE, seed=0))
    with pytest.raises(AudioError, match="espeak-ng"):
        NonspeechTask().load_recordings([tmp_path], seed=0, takes=1)


def test_examples_are_scenes_and_things_to_leave_alone(host):
    speaker = SpokenRecording("one", "one", synthetic_speech()[None], RATE)
    pad = Recording("pad", "pad", synthesise("pad", duration_s=5, sample_rate_hz=RATE, seed=0), RATE)
    renderer = ExampleRenderer(CHAIN, host, [speaker, pad], RATE, 4.0)
    generator = np.random.default_rng(0)
    scenes = [draw_example(renderer, generator) for _ in range(40)]
    alone = [scene for scene in scenes if not scene.speech]
    assert 1 <= len(alone) <= 15
    assert all(np.array_equal(scene.audio, scene.truth) for scene in alone)


@needs_voice
def test_cases_are_of_the_test_alone_and_ask_for_nothing_where_nothing_was_added(host, folder, monkeypatch):
    monkeypatch.setattr("bridge.training.tasks.nonspeech.TEST_VOICES", 2)
    monkeypatch.setattr("bridge.training.tasks.nonspeech.MUSIC_TAKES", 1)
    cases = NonspeechTask().cases(CHAIN, host, find_files([folder / "loops"]), each=1, seed=0)
    assert set(cases) == {"nonspeech", "clean", "music"}
    assert all(case.name.startswith("spoken/test") for case in cases["nonspeech"])
    assert all(not np.array_equal(case.given, case.truth) for case in cases["nonspeech"])
    assert all(np.array_equal(case.given, case.truth) for case in (*cases["clean"], *cases["music"]))
    assert any(case.name.startswith("loop") for case in cases["music"])
    measured = NonspeechTask().metrics(cases["nonspeech"][0], cases["nonspeech"][0].truth)
    assert measured["events_down_db"] > 15 and measured["speech_changed_most_db"] < 1e-6


def test_a_small_network_learns_in_seconds_to_take_breaths_down(host, manifest, recipe):
    speakers = [SpokenRecording(str(seed), str(seed), synthetic_speech(seed)[None], RATE) for seed in range(4)]
    renderer = ExampleRenderer(CHAIN, host, speakers, RATE, 5.0)
    task = NonspeechTask()
    manifest = msgspec.structs.replace(
        manifest, chain=CHAIN, features=recipe.features, encoder=recipe.encoder, use=task.use
    )
    shard = task.make_shard(renderer, np.random.default_rng(0), recipe)
    assert example_count(shard) == 12
    train_step = task.new_train_step(
        TrainStepSettings(manifest, recipe.learning, torch.device("cpu"), 0, ProcessGroup(), renderer, recipe.stages)
    )
    assert isinstance(train_step, FrameTrainStep)
    first = train_step.validate(shard)
    for step in range(90):
        train_step.update(shard, seed=0, step=step, rate=1.0, stage=recipe.stages[0])
    assert sum(train_step.validate(shard).values()) < 0.3 * sum(first.values())
    train_step.encoder.load_state_dict(train_step.average)
    model = AutomationModel(manifest, train_step.encoder.eval())
    generator = np.random.default_rng(9)
    down, changed = [], []
    for seed in (7, 8):
        scene = draw_scene(synthetic_speech(seed), RATE, generator, side="train", duration_s=6.0, eventless=0.0)
        case = EvaluationCase("scene", "nonspeech", RATE, scene.audio, scene.truth, None)
        made = ModelMethod(Automix(model, host)).run(case, 0).audio
        down += [one.down_db for one in event_results(scene, made) if one.kind in ("inhale", "exhale")]
        changed += list(speech_changes_db(scene, made))
    assert np.median(down) > 10
    assert np.median(changed) < 0.5


def test_the_rate_of_an_update_is_the_one_that_it_is_given(host, manifest, recipe):
    """The trainer has put the stage's own factor into it already."""
    renderer = ExampleRenderer(CHAIN, host, [SpokenRecording("one", "one", synthetic_speech()[None], RATE)], RATE, 4.0)
    examples = msgspec.structs.replace(recipe.examples, shard_examples=1)
    shard = NonspeechTask().make_shard(
        renderer, np.random.default_rng(0), msgspec.structs.replace(recipe, examples=examples)
    )
    small = EncoderSettings(kind="frames", width=8, blocks=2)
    manifest = msgspec.structs.replace(manifest, chain=CHAIN, features=recipe.features, encoder=small)
    setup = TrainStepSettings(
        manifest, recipe.learning, torch.device("cpu"), 0, ProcessGroup(), renderer, recipe.stages
    )
    train_step = FrameTrainStep(setup)
    slow = msgspec.structs.replace(recipe.stages[0], rate=0.1)
    train_step.update(shard, seed=0, step=0, rate=0.05, stage=slow)
    assert [group["lr"] for group in train_step.optimizer.param_groups] == [0.05 * recipe.learning.rate]


def test_a_resumed_learner_goes_on_as_if_it_had_never_stopped(host, manifest, recipe):
    renderer = ExampleRenderer(CHAIN, host, [SpokenRecording("one", "one", synthetic_speech()[None], RATE)], RATE, 4.0)
    recipe = msgspec.structs.replace(
        recipe,
        encoder=EncoderSettings(kind="frames", width=8, blocks=2),
        examples=msgspec.structs.replace(recipe.examples, shard_examples=4),
    )
    manifest = msgspec.structs.replace(manifest, chain=CHAIN, features=recipe.features, encoder=recipe.encoder)
    shard = NonspeechTask().make_shard(renderer, np.random.default_rng(0), recipe)
    setup = TrainStepSettings(
        manifest, recipe.learning, torch.device("cpu"), 0, ProcessGroup(), renderer, recipe.stages
    )

    def learn(train_step, steps):
        return [train_step.update(shard, seed=0, step=step, rate=1.0, stage=recipe.stages[0]) for step in steps]

    whole, stopped, resumed = (FrameTrainStep(setup) for _ in range(3))
    told = learn(whole, range(6))
    learn(stopped, range(3))
    resumed.load_state(stopped.state())
    assert learn(resumed, range(3, 6)) == told[3:]
    assert resumed.validate(shard) == whole.validate(shard)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("[encoder]\nkind = 'compact'", 'encoder "compact"'),
        ("[examples]\njacobian_share = 0.1", "jacobian_share"),
        ("[[stages]]\nname = 'x'\nshare = 1\nloss = { surrogate = 1, target = 1 }", "'x'.*surrogate, target"),
        ("[[stages]]\nname = 'x'\nshare = 1\nslots = 1\nloss = { position = 1 }", "'x'.*slots"),
    ],
)
def test_what_this_task_cannot_learn_by_is_refused(tmp_path: Path, told: str, named: str) -> None:
    """Weights that nothing reads would be believed to have been learned by."""
    (file := tmp_path / "mine.toml").write_text(told, encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"{named}.*[Ll]eave"):
        NonspeechTask().check(load_recipe("nonspeech", file), CHAIN)
    NonspeechTask().check(load_recipe("nonspeech"), CHAIN)
