"""A training of seconds, end to end: what comes out is a model; stopped and resumed, it is the same model."""

import functools
import itertools
import shutil
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small_training import RECIPE, THROUGH_PLUGINS, small_options

from bridge.audio.files import AudioWriter
from bridge.errors import ModelError, SettingsError
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost
from bridge.training.data.recordings import find_files, split_by_song
from bridge.training.options import TrainOptions
from bridge.training.tasks.registry import find_task
from bridge.training.time_budget import PREPARED
from bridge.training.train import HOST_LIMIT_S, load_recordings, train
from bridge.training.trainer.trainer import checkpoint_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def shared_host(host: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings here take turns with one host; `tests/cli/test_training.py` has those that start their own."""

    def take(**limits: float) -> nullcontext[PluginHost]:
        assert limits == {"workers": 2, "load_limit_s": HOST_LIMIT_S, "render_limit_s": HOST_LIMIT_S}
        return nullcontext(host)

    monkeypatch.setattr("bridge.training.train.PluginHost", take)


@pytest.fixture
def options(folder: Path, tmp_path: Path) -> TrainOptions:
    """Twelve updates, on one shard."""
    return replace(small_options(folder, tmp_path / "neues Modell"), steps=12, shards=1, tensorboard=None)


@pytest.fixture
def through_plugins(options: TrainOptions, folder: Path) -> TrainOptions:
    """Twelve updates, the last of them through the plugins. Of three shards: another choice of examples shows."""
    return replace(options, recipe=small_options(folder, options.output, RECIPE + THROUGH_PLUGINS).recipe, shards=3)


def test_a_training_writes_a_model_that_names_what_it_heard(options: TrainOptions) -> None:
    """Stopped while it is judged, the model is complete, and resuming judges it."""
    options = replace(options, evaluated_cases=1)
    told: list[tuple[float, str]] = []
    with pytest.raises(ModelError, match=r"Stopped while evaluating.*complete"):
        train(
            options,
            progress=lambda *one: told.append(one),
            is_cancelled=lambda: bool(told) and told[-1][1].startswith("evaluating"),
        )
    assert "test" not in load_model(options.output).manifest.scores
    told.clear()
    manifest = train(replace(options, resume=True), progress=lambda *one: told.append(one))
    assert manifest is not None
    bundle = load_model(options.output)
    assert bundle.manifest == manifest
    assert bundle.chain == options.chain
    training = manifest.training
    assert training.steps == 12
    assert set(training.training_files).isdisjoint(training.validation)
    assert any(name.startswith("song00") for name in training.training_files)
    assert not any(name.startswith("song03") for name in (*training.training_files, *training.validation))
    assert len(manifest.confidence.widening) == len(options.chain.controls)
    judged = manifest.scores["test"]["files"]
    assert {"song03/bass.wav", "song03/drums.wav"} <= set(judged)
    assert set(judged).isdisjoint({*training.training_files, *training.validation})
    card = (options.output / "README.md").read_text(encoding="utf-8")
    assert "reaper-bridge train" in card
    assert "match EQ" in card
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] <= 1.0
    assert sorted(path.name for path in options.output.iterdir()) == ["README.md", "model.json", "weights.safetensors"]


@pytest.mark.parametrize("stopped_after", [3, 11], ids=["before the first check", "between renders of the plugins"])
def test_stopped_and_resumed_it_becomes_the_same_model(
    through_plugins: TrainOptions, tmp_path: Path, stopped_after: int
) -> None:
    options, whole = through_plugins, replace(through_plugins, output=tmp_path / "whole")
    train(whole, progress=_quiet)
    _stop(options, stopped_after)
    assert not (options.output / "model.json").exists()
    told: list[str] = []
    manifest = train(replace(options, resume=True), progress=lambda _, text: told.append(text))
    assert manifest is not None and manifest.training.steps == 12
    assert any("step 10:" in text for text in told) == (stopped_after < 10)
    first, second = load_model(whole.output).encoder.state_dict(), load_model(options.output).encoder.state_dict()
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=0, atol=0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    through_plugins: TrainOptions, tmp_path: Path
) -> None:
    """Also where the plugins teach: what is drawn there depends on seed and update alone."""
    options = through_plugins
    stages = [stage for stage in options.recipe.stages if stage.loss.plugins]
    recipe = msgspec.structs.replace(options.recipe, stages=tuple(stages))
    weights = []
    for number, seed in enumerate((0, 0, 1)):
        train(replace(options, output=tmp_path / str(number), recipe=recipe, seed=seed, steps=3), progress=_quiet)
        weights.append(load_model(tmp_path / str(number)).encoder.state_dict()["join.0.weight"].numpy())
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])


def test_learning_lowers_the_loss(options: TrainOptions) -> None:
    told: list[str] = []
    train(replace(options, steps=50), progress=lambda _, text: told.append(text))
    checks = [text.partition("validation ")[2] for text in told if "validation" in text]
    scores = [sum(float(loss.rpartition(" ")[2]) for loss in check.split(", ")) for check in checks]
    assert min(scores) < scores[0]


def test_a_damaged_checkpoint_is_refused(options: TrainOptions) -> None:
    train(replace(options, keeps_work=True), progress=_quiet)
    file = next(options.work.glob("*/*/checkpoint.safetensors"))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(ModelError, match=r"checkpoint\.safetensors is damaged.*without --resume"):
        train(replace(options, resume=True), progress=_quiet)


@pytest.mark.parametrize("what", ["seed", "recipe"])
def test_another_trainings_checkpoint_is_refused(options: TrainOptions, what: str) -> None:
    _stop(options, 2)
    learning = msgspec.structs.replace(options.recipe.learning, rate=1e-5)
    others = {"seed": 9, "recipe": msgspec.structs.replace(options.recipe, learning=learning)}
    with pytest.raises(ModelError, match="another task, chain, recipe or seed"):
        train(replace(options, resume=True, **{what: others[what]}), progress=_quiet)


def test_a_copied_checkpoint_of_another_training_is_refused(options: TrainOptions) -> None:
    other = replace(options, seed=9)
    for one in (options, other):
        _stop(one, 2)
    shutil.copy(checkpoint_file(other.checkpoints), checkpoint_file(options.checkpoints))
    with pytest.raises(ModelError, match="other data, chain or options"):
        train(replace(options, resume=True), progress=_quiet)


def test_a_finished_model_is_not_trained_again_by_resuming(options: TrainOptions) -> None:
    train(replace(options, steps=2), progress=_quiet)
    before = (options.output / "weights.safetensors").read_bytes()
    with pytest.raises(ModelError, match="finished"):
        train(replace(options, steps=2, resume=True), progress=_quiet)
    assert (options.output / "weights.safetensors").read_bytes() == before


def test_a_new_training_leaves_no_old_checkpoint_behind(options: TrainOptions) -> None:
    _stop(options, 4)
    assert train(options, progress=_quiet, is_cancelled=lambda: True) is None  # stopped while examples are made
    assert not checkpoint_file(options.checkpoints).exists()


def test_a_resumed_training_learns_from_the_examples_that_it_had(options: TrainOptions) -> None:
    _stop(options, 4)
    manifest = train(replace(options, resume=True, shards=9), progress=_quiet)
    assert manifest is not None and manifest.training.examples <= 16


@pytest.mark.alone
def test_the_asked_minutes_hold_everything(options: TrainOptions) -> None:
    """A fifth of a minute: examples, learning and judging share it. What cannot be divided comes on top: reading,
    loading plugins, a shard, and a case of each use."""
    begin, learned = time.monotonic(), []
    manifest = train(
        replace(options, steps=None, shards=None, minutes=0.2, evaluated_cases=1),
        progress=lambda share, text: learned.append((share, time.monotonic())) if ", step " in text else None,
    )
    assert manifest is not None and "test" in manifest.scores
    assert learned[-1][1] - begin == pytest.approx(0.75 * 12, abs=3)
    assert manifest.training.minutes == pytest.approx(0.15, abs=0.06)
    assert [share for share, _ in learned] == sorted(share for share, _ in learned)


@pytest.mark.alone
def test_shards_that_take_long_keep_the_minutes_too(options: TrainOptions) -> None:
    """Whole shards of this recipe take half a minute each: of a fifth of a minute there are small ones in time."""
    examples = msgspec.structs.replace(options.recipe.examples, shard_examples=1024, clip_s=8.0)
    recipe = msgspec.structs.replace(options.recipe, examples=examples)
    begin = time.monotonic()
    manifest = train(
        replace(options, recipe=recipe, steps=None, shards=None, minutes=0.2, evaluated_cases=1), progress=_quiet
    )
    assert manifest is not None and manifest.training.steps >= 10
    assert time.monotonic() - begin < 20, "what cannot be divided comes on top: reading, an update, a case"


def test_a_training_that_learned_nothing_says_so_and_writes_no_model(options: TrainOptions) -> None:
    """At this rate weights do not move. The surrogate learns all the while, by which alone the loss falls."""
    learning = msgspec.structs.replace(options.recipe.learning, rate=1e-30, weight_decay=0.0)
    recipe = msgspec.structs.replace(options.recipe, learning=learning)
    options = replace(options, recipe=recipe, steps=None, minutes=0.05)
    with pytest.raises(ModelError, match=r"Nothing was learned: after \d+ updates? on \d+ examples.*--minutes"):
        train(options, progress=_quiet)
    assert not (options.output / "model.json").exists()
    assert checkpoint_file(options.checkpoints).is_file(), "to go on from"


def test_curves_are_written_for_tensorboard_and_go_on_after_a_resume(options: TrainOptions, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    options = replace(options, tensorboard=tmp_path / "curves", steps=40)
    _stop(options, 15)
    train(replace(options, resume=True), progress=_quiet)
    events = EventAccumulator(str(tmp_path / "curves")).Reload()
    curves = {tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert curves["learning/match.position"] == [10, 20, 30, 40]
    assert curves["validation/surrogate_db"] == [10, 20, 30, 40]


def test_a_plugin_that_crashes_costs_examples_and_not_the_run(
    through_plugins: TrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin kills its process in about a quarter of the drawn settings, in examples and in learning."""
    folder = ROOT / "tests" / "plugins"
    monkeypatch.syspath_prepend(str(folder))
    from faults import fault_chain

    patient = functools.partial(PluginHost, modules=["faults"], module_folders=[folder])
    monkeypatch.setattr("bridge.training.train.PluginHost", patient)
    manifest = train(replace(through_plugins, chain=fault_chain("Crash"), shards=1, steps=4), progress=_quiet)
    assert manifest is not None and manifest.training.steps == 4
    lost = 16 - manifest.training.examples
    assert lost > 3  # as many crashes as a host alone gives up a batch for
    assert manifest.training.examples >= 6
    assert manifest.training.failed_renders >= lost  # in those to validate by, and through the plugins, come more


@pytest.mark.parametrize("device", ["cuda", "mps", "tpu"])
def test_a_device_that_is_not_there_is_named_at_once(options: TrainOptions, device: str) -> None:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if there.get(device):
        pytest.skip(f"{device} is available here")
    with pytest.raises(SettingsError, match=f"{device}.*cpu"):
        train(replace(options, device=device), progress=_quiet)
    assert not list(options.work.glob("*"))


def test_an_unknown_task_names_those_there_are(options: TrainOptions) -> None:
    with pytest.raises(SettingsError, match="channel-strip"):
        train(replace(options, task="mastring"), progress=_quiet)


def _stop(options: TrainOptions, after: int) -> None:
    """Train, and cancel when `after` updates are done."""
    made: list[float] = []
    asked = itertools.count()  # once when the examples are made, then after each update
    cancelled = train(
        options,
        progress=lambda share, _: made.append(share) if share >= PREPARED else None,
        is_cancelled=lambda: bool(made) and next(asked) >= after,
    )
    assert cancelled is None
    assert checkpoint_file(options.checkpoints).is_file()


def _quiet(share: float, text: str) -> None:
    assert 0 <= share <= 1 and text


def test_a_folder_with_other_files_is_never_written_to(options: TrainOptions) -> None:
    """Its README.md would be replaced by the card."""
    options.output.mkdir()
    (mine := options.output / "README.md").write_text("mine")
    with pytest.raises(SettingsError, match=r"holds README\.md, and is no model's.*-o"):
        train(options, progress=lambda _share, _text: None)
    assert mine.read_text() == "mine" and [*options.output.iterdir()] == [mine]


def test_a_model_needs_a_name(options: TrainOptions) -> None:
    with pytest.raises(SettingsError, match=r"cannot be called.*-o"):
        train(replace(options, output=Path("/")), progress=lambda _share, _text: None)


def test_a_recipe_for_another_task_is_refused_at_once(options: TrainOptions) -> None:
    encoder = msgspec.structs.replace(options.recipe.encoder, kind="frames")
    with pytest.raises(SettingsError, match="frame by frame"):
        train(
            replace(options, recipe=msgspec.structs.replace(options.recipe, encoder=encoder)),
            progress=lambda _share, _text: None,
        )
    assert not options.output.exists()


def test_a_recording_to_judge_by_that_is_damaged_is_named_before_anything_is_made_and_left_out(
    options: TrainOptions, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be read at the very end only."""
    shutil.copytree(options.data[0], mine := tmp_path / "songs")
    options = replace(options, data=(mine,))
    test = split_by_song(find_files(options.data))["test"][0]
    test.path.write_bytes(test.path.read_bytes()[:1000])

    def notify(_share: float, text: str) -> None:
        assert text.startswith("reading") or f"Left out: {test.path}" in caplog.text

    assert train(options, progress=notify, is_cancelled=lambda: True) is None  # stopped while examples are made
    assert f"Left out: {test.path}" in caplog.text
    assert test.name not in load_recordings(find_task(options.task), options).test


def test_a_model_that_cannot_be_judged_is_said_to_be_complete(
    options: TrainOptions, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """NaN in a recording shows when it is read, which is after learning."""
    shutil.copytree(options.data[0], mine := tmp_path / "songs")
    options = replace(options, data=(mine,), evaluated_cases=1)
    for file in split_by_song(find_files(options.data))["test"]:
        with AudioWriter(file.path, sample_rate_hz=44100, channels=1) as written:
            written.write(np.full((1, 6 * 44100), np.nan, np.float32))
    with pytest.raises(ModelError, match=r"None of these.*complete, but has no scores.*evaluate"):
        train(options, progress=lambda _share, _text: None)
    assert "NaN" in caplog.text
    assert load_model(options.output).manifest.training.steps == 12
