"""What a stage asks for is what is learned: each loss alone lowers what it measures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from bridge.errors import PluginError, SettingsError
from bridge.model.bundle import neutral_positions
from bridge.model.manifest import EncoderSettings, Manifest
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.prediction_modes import ModeExample, Shard, pack_examples
from bridge.training.recipe import load_recipe
from bridge.training.tasks.channel_strip import ChannelStripTask
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.encoder_train_step import EncoderTrainStep
from bridge.training.trainer.jacobian import profile_jacobian
from bridge.training.trainer.settings import LossWeights, PluginLossSettings, TrainingStage
from bridge.training.trainer.train_step import TrainStepSettings

TASK = ChannelStripTask()
RECIPE = load_recipe("channel-strip")


@pytest.fixture
def train_step(manifest: Manifest, renderer: ExampleRenderer) -> EncoderTrainStep:
    torch.set_num_threads(1)
    small = msgspec.structs.replace(manifest, encoder=EncoderSettings(width=16, blocks=1, embedding=8, hidden=32))
    settings = msgspec.structs.replace(RECIPE.learning, batch=8)
    setup = TrainStepSettings(small, settings, torch.device("cpu"), 0, ProcessGroup(), renderer, RECIPE.stages)
    return EncoderTrainStep(TASK.modes, setup, TASK.draw)


@pytest.fixture(scope="module")
def drawn_examples(renderer: ExampleRenderer) -> Shard:
    drawn = TASK.draw(renderer, np.random.default_rng(0), 8)
    features = RECIPE.features
    return pack_examples(
        TASK.modes,
        drawn,
        renderer.sample_rate_hz,
        features,
        jacobian=lambda example: profile_jacobian(example, renderer, features),
        jacobian_share=0.5,
    )


@pytest.fixture
def examples(drawn_examples: Shard) -> Shard:
    """A copy for each test."""
    return {name: array.copy() for name, array in drawn_examples.items()}


def learn(
    train_step: EncoderTrainStep, examples: Shard, loss: LossWeights, updates: int = 40, **stage: int
) -> list[dict[str, float]]:
    told = TrainingStage(name="one", share=1.0, loss=loss, **stage)
    return [train_step.update(examples, seed=0, step=step, rate=1.0, stage=told) for step in range(updates)]


@pytest.mark.parametrize("kind", ["position", "surrogate", "jacobian", "spread", "target"])
def test_each_loss_alone_is_learned(train_step: EncoderTrainStep, examples: Shard, kind: str) -> None:
    reports = learn(train_step, examples, LossWeights(**{kind: 1.0}))
    names = [name for name in reports[0] if name.endswith(f".{kind}")]
    assert names
    assert sum(reports[-1][name] for name in names) < sum(reports[0][name] for name in names)


@pytest.mark.parametrize("kind", ["surrogate", "jacobian"])
def test_answers_beyond_a_bound_are_brought_back_by_the_sound_alone(
    train_step: EncoderTrainStep, examples: Shard, kind: str
) -> None:
    """Where all controls answer 1.03, the sound is wrong; no label tells."""
    learn(train_step, examples, LossWeights(target=1.0), updates=40)  # so that the surrogate knows something
    with torch.no_grad():
        train_step.encoder.position.weight.zero_()
        train_step.encoder.position.bias.fill_(4.0)
    learn(train_step, examples, LossWeights(**{kind: 1.0}), updates=10)
    assert (train_step.encoder.position.bias < 4.0 - 5 * train_step.settings.learning.rate).any()


def test_pretraining_to_defaults_answers_neutral(train_step: EncoderTrainStep, examples: Shard) -> None:
    with torch.no_grad():
        train_step.encoder.position.bias.add_(1.0)
    learn(train_step, examples, LossWeights(defaults=1.0), updates=80)
    neutral = neutral_positions(train_step.settings.manifest.chain)
    batch = {name: torch.from_numpy(array.astype(np.float32)) for name, array in examples.items()}
    with torch.no_grad():
        answer = train_step.predict(batch)["match"].position.clamp(0, 1).numpy()
    assert np.abs(answer - neutral).mean() < 0.05


def test_greedy_training_moves_the_first_slots_alone(train_step: EncoderTrainStep, examples: Shard) -> None:
    """The head's rows of later slots stay as they were; weight decay is the only thing that touches them."""
    slots = [slot.name for slot in train_step.settings.manifest.chain.slots]
    first = [
        i for i, control in enumerate(train_step.settings.manifest.chain.controls) if slots.index(control.slot) < 2
    ]
    later = [i for i in range(len(train_step.settings.manifest.chain.controls)) if i not in first]
    before = train_step.encoder.position.bias.detach().clone()
    learn(train_step, examples, LossWeights(position=1.0, surrogate=1.0), updates=10, slots=2)
    moved = (train_step.encoder.position.bias.detach() - before).abs()
    assert moved[first].min() > 1e-4
    decay = train_step.settings.learning.weight_decay * train_step.settings.learning.rate * 10
    assert torch.all(moved[later] <= before[later].abs() * decay * 1.01 + 1e-7)


def test_the_plugins_themselves_teach_the_encoder(train_step: EncoderTrainStep, examples: Shard) -> None:
    """With nothing but renders and no label, a fixed set of examples comes closer."""
    drawn = TASK.draw(train_step.settings.renderer, np.random.default_rng(5), 6)
    train_step._plugin_loss.draw = lambda *_: drawn
    plugins = PluginLossSettings(examples=6, clip_s=1.5, directions=4)
    told = TrainingStage(name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=plugins)
    losses = [train_step.update(examples, seed=0, step=step, rate=1.0, stage=told)["plugins"] for step in range(25)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.parametrize(("estimator", "pairs"), [("spsa", 2), ("grouped", 2 * 16), ("central", 16)])
def test_a_recipe_says_how_the_gradient_is_found(train_step: EncoderTrainStep, estimator: str, pairs: int) -> None:
    """Known by what it renders: besides the drawing of examples one render of each, and two for each pair."""
    plugins = msgspec.convert(
        {"examples": 1, "clip_s": 1.5, "directions": 2, "estimator": estimator}, PluginLossSettings
    )
    stage = TrainingStage(name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=plugins)
    host, moving = train_step.settings.renderer.host, torch.ones(16)
    drawn: list[int] = []

    def draw(*asked: Any) -> list[Mapping[str, ModeExample]]:
        before = host.render_count
        examples = TASK.draw(*asked)
        drawn.append(host.render_count - before)
        return examples

    train_step._plugin_loss.draw = draw
    before = host.render_count
    train_step._plugin_loss(train_step.encoder, moving, stage, 0, 0).backward()
    assert host.render_count - before - drawn[0] == len(TASK.modes) * (1 + 2 * pairs)


def test_an_update_depends_on_seed_and_step_alone(
    train_step: EncoderTrainStep, examples: Shard, manifest: Manifest, renderer: ExampleRenderer
) -> None:
    plugins = PluginLossSettings(examples=2, clip_s=1.5, directions=1)
    told = TrainingStage(name="both", share=1.0, loss=LossWeights(position=1.0, plugins=0.5), plugins=plugins)
    other = EncoderTrainStep(TASK.modes, train_step.settings, TASK.draw)
    update: Callable[[EncoderTrainStep], dict[str, float]] = lambda one: one.update(  # noqa: E731
        examples, seed=3, step=7, rate=1.0, stage=told
    )
    assert update(train_step) == update(other)


@pytest.mark.parametrize(("loss", "needed"), [("surrogate", "rendered"), ("jacobian", "jacobian")])
def test_a_stage_that_weighs_what_was_not_rendered_is_refused(
    train_step: EncoderTrainStep, examples: Shard, loss: str, needed: str
) -> None:
    without = {name: array for name, array in examples.items() if not name.endswith(f".{needed}")}
    with pytest.raises(SettingsError, match=f"'one' weighs {loss}"):
        learn(train_step, without, LossWeights(**{loss: 1.0}), updates=1)


def test_where_nothing_renders_nothing_is_learned_and_soon_said(train_step: EncoderTrainStep, examples: Shard) -> None:
    whole = TASK.draw(train_step.settings.renderer, np.random.default_rng(5), 1)
    failed = replace(whole[0]["match"], truth=np.zeros((1, 0), np.float32))
    train_step._plugin_loss.draw = lambda *_: [whole[0] | {"match": failed}]
    before = {name: tensor.clone() for name, tensor in train_step.encoder.state_dict().items()}
    learn(train_step, examples, LossWeights(plugins=1.0), updates=4)
    for name, tensor in train_step.encoder.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)
    with pytest.raises(PluginError, match="5 updates in a row"):
        learn(train_step, examples, LossWeights(plugins=1.0), updates=1)


def test_a_gradient_that_is_not_finite_moves_nothing(train_step: EncoderTrainStep, examples: Shard) -> None:
    broken = examples | {"match.target": np.full_like(examples["match.target"], np.nan)}
    learn(train_step, broken, LossWeights(target=1.0), updates=2)
    assert all(bool(tensor.isfinite().all()) for tensor in train_step.encoder.state_dict().values())


def test_a_young_average_forgets_its_start(train_step: EncoderTrainStep, examples: Shard) -> None:
    """After forty updates the average is of the later ones, though its usual reach is five hundred."""
    start = {name: tensor.clone() for name, tensor in train_step.average.items()}
    learn(train_step, examples, LossWeights(position=1.0), updates=40)
    end, name = train_step.encoder.state_dict(), "join.0.weight"
    assert (train_step.average[name] - end[name]).norm() < 0.5 * (train_step.average[name] - start[name]).norm()


def test_what_is_learned_through_the_plugins_is_validated_through_them(
    train_step: EncoderTrainStep, examples: Shard, renderer: ExampleRenderer
) -> None:
    """Where no setting is known, too: the best weights are not those that happened to be checked first."""
    unknown = {name: array for name, array in examples.items() if not name.endswith((".rendered", ".jacobian"))}
    unknown |= {f"{mode.name}.position": np.zeros((8, 0), np.float32) for mode in TASK.modes}
    assert train_step.validate(unknown).keys() == {"match.target", "automix.target"}
    through = TrainingStage(
        name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=PluginLossSettings(clip_s=1.5)
    )
    setup = replace(train_step.settings, stages=[through], validation_renderer=replace(renderer, augment=False))
    other = EncoderTrainStep(TASK.modes, setup, TASK.draw)
    first, again = other.validate(unknown), other.validate(unknown)
    assert first == again and first.keys() == {"plugins"} and first["plugins"] > 0
    other.average["position.bias"] += 2.0
    assert other.validate(unknown)["plugins"] > first["plugins"]
