"""A training of seconds, end to end: what comes out is a model; stopped and resumed, it is the same model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bridge.errors import ModelError, SettingsError
from bridge.model.bundle import load_bundle
from bridge.plugins.chain import Chain
from bridge.training.loop import TrainOptions, train
from bridge.training.recipe import load_recipe

SMALL = """
[examples]
clip_s = 1.5
shard_examples = 16
synthesised_takes = 0
[learning]
validate_every = 5
"""


@pytest.fixture
def options(chain: Chain, folder: Path, tmp_path: Path) -> TrainOptions:
    torch.set_num_threads(1)
    small = tmp_path / "small.toml"
    small.write_text(SMALL, encoding="utf-8")
    return TrainOptions(
        recipe=load_recipe("channel-strip", small),
        chain=chain,
        data=(folder,),
        output=tmp_path / "neues Modell",
        steps=12,
        shards=3,
        judged_cases=0,
        command="reaper-bridge train ...",
    )


def test_a_training_writes_a_model_that_names_what_it_heard(options: TrainOptions) -> None:
    told: list[tuple[float, str]] = []
    manifest = train(replace(options, judged_cases=1), progress=lambda share, text: told.append((share, text)))
    assert manifest is not None
    bundle = load_bundle(options.output)
    assert bundle.manifest == manifest
    assert bundle.chain == options.chain
    training = manifest.training
    assert training.steps == 12
    assert set(training.heard).isdisjoint(training.validation)
    assert any(name.startswith("song00") for name in training.heard)
    assert not any(name.startswith("song03") for name in (*training.heard, *training.validation))
    assert len(manifest.confidence.widening) == len(options.chain.controls)
    judged = manifest.scores["test"]["files"]
    assert {"song03/bass.wav", "song03/drums.wav"} <= set(judged)
    assert set(judged).isdisjoint({*training.heard, *training.validation})
    card = (options.output / "README.md").read_text(encoding="utf-8")
    assert "reaper-bridge train" in card
    assert "match EQ" in card
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] <= 1.0
    assert sorted(path.name for path in options.output.iterdir()) == ["README.md", "model.json", "weights.safetensors"]


def test_stopped_and_resumed_it_becomes_the_same_model(options: TrainOptions, tmp_path: Path) -> None:
    whole = replace(options, output=tmp_path / "whole")
    train(whole, progress=_quiet)
    cancelled = train(options, progress=_quiet, is_cancelled=lambda: _has_checked(options))
    assert cancelled is None
    assert not (options.output / "model.json").exists()
    assert train(replace(options, resume=True), progress=_quiet) is not None
    first, second = load_bundle(whole.output).encoder.state_dict(), load_bundle(options.output).encoder.state_dict()
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(options: TrainOptions, tmp_path: Path) -> None:
    weights = []
    for number, seed in enumerate((0, 0, 1)):
        train(replace(options, output=tmp_path / str(number), seed=seed, steps=3), progress=_quiet)
        weights.append(load_bundle(tmp_path / str(number)).encoder.state_dict()["join.0.weight"].numpy())
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])


def test_learning_lowers_the_loss(options: TrainOptions) -> None:
    told: list[str] = []
    train(replace(options, steps=60), progress=lambda _, text: told.append(text))
    checks = [text.partition("validation ")[2] for text in told if "validation" in text]
    scores = [sum(float(loss.rpartition(" ")[2]) for loss in check.split(", ")) for check in checks]
    assert min(scores) < scores[0]


def test_a_foreign_checkpoint_is_refused(options: TrainOptions) -> None:
    train(replace(options, keeps_work=True), progress=_quiet)
    other = next(options.work.glob("*/*/best.safetensors"))
    other.with_name("checkpoint.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match="without --resume"):
        train(replace(options, resume=True), progress=_quiet)


def test_an_unknown_task_names_those_there_are(options: TrainOptions) -> None:
    with pytest.raises(SettingsError, match="channel-strip"):
        train(replace(options, task="mastring"), progress=_quiet)


def _has_checked(options: TrainOptions) -> bool:
    """Whether the first check by validation songs is over: in the middle of the course."""
    return any(options.work.glob("*/*/best.safetensors"))


def _quiet(share: float, text: str) -> None:
    assert 0 <= share <= 1 and text
