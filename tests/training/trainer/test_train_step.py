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
from bridge.training.objectives import ObjectiveExample, Shard, pack_examples
from bridge.training.recipe import load_recipe
from bridge.training.tasks.channel_strip import ChannelStripTask
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.jacobian import profile_jacobian
from bridge.training.trainer.settings import LossWeights, PluginLossSettings, TrainingStage
from bridge.training.trainer.train_step import EncoderTrainStep, TrainStepSettings

TASK = ChannelStripTask()
RECIPE = load_recipe("channel-strip")


@pytest.fixture
def learner(manifest: Manifest, studio: ExampleRenderer) -> EncoderTrainStep:
    torch.set_num_threads(1)
    small = msgspec.structs.replace(manifest, encoder=EncoderSettings(width=16, blocks=1, embedding=8, hidden=32))
    settings = msgspec.structs.replace(RECIPE.learning, batch=8)
    setup = TrainStepSettings(small, settings, torch.device("cpu"), 0, ProcessGroup(), studio, RECIPE.stages)
    return EncoderTrainStep(TASK.lessons, setup, TASK.draw)


@pytest.fixture
def examples(studio: ExampleRenderer) -> Shard:
    drawn = TASK.draw(studio, np.random.default_rng(0), 8)
    features = RECIPE.features
    return pack_examples(
        TASK.lessons,
        drawn,
        studio.sample_rate_hz,
        features,
        jacobian=lambda sounded: profile_jacobian(sounded, studio, features),
        jacobian_share=0.5,
    )


def learn(
    learner: EncoderTrainStep, examples: Shard, loss: LossWeights, updates: int = 40, **stage: int
) -> list[dict[str, float]]:
    told = TrainingStage(name="one", share=1.0, loss=loss, **stage)
    return [learner.update(examples, seed=0, step=step, rate=1.0, stage=told) for step in range(updates)]


@pytest.mark.parametrize("kind", ["position", "surrogate", "jacobian", "spread", "target"])
def test_each_loss_alone_is_learned(learner: EncoderTrainStep, examples: Shard, kind: str) -> None:
    reports = learn(learner, examples, LossWeights(**{kind: 1.0}))
    names = [name for name in reports[0] if name.endswith(f".{kind}")]
    assert names
    assert sum(reports[-1][name] for name in names) < sum(reports[0][name] for name in names)


@pytest.mark.parametrize("kind", ["surrogate", "jacobian"])
def test_answers_beyond_a_bound_are_brought_back_by_the_sound_alone(
    learner: EncoderTrainStep, examples: Shard, kind: str
) -> None:
    """Where all controls answer 1.03, the sound is wrong; no label tells."""
    learn(learner, examples, LossWeights(target=1.0), updates=40)  # so that the surrogate knows something
    with torch.no_grad():
        learner.encoder.position.weight.zero_()
        learner.encoder.position.bias.fill_(4.0)
    learn(learner, examples, LossWeights(**{kind: 1.0}), updates=10)
    assert (learner.encoder.position.bias < 4.0 - 5 * learner.setup.settings.rate).any()


def test_pretraining_to_defaults_answers_neutral(learner: EncoderTrainStep, examples: Shard) -> None:
    with torch.no_grad():
        learner.encoder.position.bias.add_(1.0)
    learn(learner, examples, LossWeights(defaults=1.0), updates=80)
    neutral = neutral_positions(learner.setup.manifest.chain)
    batch = {name: torch.from_numpy(array.astype(np.float32)) for name, array in examples.items()}
    with torch.no_grad():
        answer = learner.answers(batch)["match"].position.clamp(0, 1).numpy()
    assert np.abs(answer - neutral).mean() < 0.05


def test_greedy_training_moves_the_first_slots_alone(learner: EncoderTrainStep, examples: Shard) -> None:
    """The head's rows of later slots stay as they were; weight decay is the only thing that touches them."""
    slots = [slot.name for slot in learner.setup.manifest.chain.slots]
    first = [i for i, control in enumerate(learner.setup.manifest.chain.controls) if slots.index(control.slot) < 2]
    later = [i for i in range(len(learner.setup.manifest.chain.controls)) if i not in first]
    before = learner.encoder.position.bias.detach().clone()
    learn(learner, examples, LossWeights(position=1.0, surrogate=1.0), updates=10, slots=2)
    moved = (learner.encoder.position.bias.detach() - before).abs()
    assert moved[first].min() > 1e-4
    decay = learner.setup.settings.weight_decay * learner.setup.settings.rate * 10
    assert torch.all(moved[later] <= before[later].abs() * decay * 1.01 + 1e-7)


def test_the_plugins_themselves_teach_the_encoder(learner: EncoderTrainStep, examples: Shard) -> None:
    """With nothing but renders and no label, a fixed set of examples comes closer."""
    drawn = TASK.draw(learner.setup.studio, np.random.default_rng(5), 6)
    learner._plugin_loss.draw = lambda *_: drawn
    plugins = PluginLossSettings(examples=6, clip_s=1.5, directions=4)
    told = TrainingStage(name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=plugins)
    losses = [learner.update(examples, seed=0, step=step, rate=1.0, stage=told)["plugins"] for step in range(25)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.parametrize(("estimator", "pairs"), [("spsa", 2), ("grouped", 2 * 16), ("central", 16)])
def test_a_recipe_says_how_the_gradient_is_found(learner: EncoderTrainStep, estimator: str, pairs: int) -> None:
    """Known by what it renders: besides the drawing of examples one render of each, and two for each pair."""
    plugins = msgspec.convert(
        {"examples": 1, "clip_s": 1.5, "directions": 2, "estimator": estimator}, PluginLossSettings
    )
    stage = TrainingStage(name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=plugins)
    host, moving = learner.setup.studio.host, torch.ones(16)
    drawn: list[int] = []

    def draw(*asked: Any) -> list[Mapping[str, ObjectiveExample]]:
        before = host.render_count
        examples = TASK.draw(*asked)
        drawn.append(host.render_count - before)
        return examples

    learner._plugin_loss.draw = draw
    before = host.render_count
    learner._plugin_loss(learner.encoder, moving, stage, 0, 0).backward()
    assert host.render_count - before - drawn[0] == len(TASK.lessons) * (1 + 2 * pairs)


def test_an_update_depends_on_seed_and_step_alone(
    learner: EncoderTrainStep, examples: Shard, manifest: Manifest, studio: ExampleRenderer
) -> None:
    plugins = PluginLossSettings(examples=2, clip_s=1.5, directions=1)
    told = TrainingStage(name="both", share=1.0, loss=LossWeights(position=1.0, plugins=0.5), plugins=plugins)
    other = EncoderTrainStep(TASK.lessons, learner.setup, TASK.draw)
    update: Callable[[EncoderTrainStep], dict[str, float]] = lambda one: one.update(  # noqa: E731
        examples, seed=3, step=7, rate=1.0, stage=told
    )
    assert update(learner) == update(other)


@pytest.mark.parametrize(("loss", "needed"), [("surrogate", "rendered"), ("jacobian", "jacobian")])
def test_a_stage_that_weighs_what_was_not_rendered_is_refused(
    learner: EncoderTrainStep, examples: Shard, loss: str, needed: str
) -> None:
    without = {name: array for name, array in examples.items() if not name.endswith(f".{needed}")}
    with pytest.raises(SettingsError, match=f"'one' weighs {loss}"):
        learn(learner, without, LossWeights(**{loss: 1.0}), updates=1)


def test_where_nothing_renders_nothing_is_learned_and_soon_said(learner: EncoderTrainStep, examples: Shard) -> None:
    whole = TASK.draw(learner.setup.studio, np.random.default_rng(5), 1)
    failed = replace(whole[0]["match"], truth=np.zeros((1, 0), np.float32))
    learner._plugin_loss.draw = lambda *_: [whole[0] | {"match": failed}]
    before = {name: tensor.clone() for name, tensor in learner.encoder.state_dict().items()}
    learn(learner, examples, LossWeights(plugins=1.0), updates=4)
    for name, tensor in learner.encoder.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)
    with pytest.raises(PluginError, match="5 updates in a row"):
        learn(learner, examples, LossWeights(plugins=1.0), updates=1)


def test_a_gradient_that_is_not_finite_moves_nothing(learner: EncoderTrainStep, examples: Shard) -> None:
    broken = examples | {"match.target": np.full_like(examples["match.target"], np.nan)}
    learn(learner, broken, LossWeights(target=1.0), updates=2)
    assert all(bool(tensor.isfinite().all()) for tensor in learner.encoder.state_dict().values())


def test_a_young_average_forgets_its_start(learner: EncoderTrainStep, examples: Shard) -> None:
    """After forty updates the average is of the later ones, though its usual reach is five hundred."""
    start = {name: tensor.clone() for name, tensor in learner.average.items()}
    learn(learner, examples, LossWeights(position=1.0), updates=40)
    end, name = learner.encoder.state_dict(), "join.0.weight"
    assert (learner.average[name] - end[name]).norm() < 0.5 * (learner.average[name] - start[name]).norm()


def test_what_is_learned_through_the_plugins_is_validated_through_them(
    learner: EncoderTrainStep, examples: Shard, studio: ExampleRenderer
) -> None:
    """Where no setting is known, too: the best weights are not those that happened to be checked first."""
    unknown = {name: array for name, array in examples.items() if not name.endswith((".rendered", ".jacobian"))}
    unknown |= {f"{lesson.name}.position": np.zeros((8, 0), np.float32) for lesson in TASK.lessons}
    assert learner.validate(unknown).keys() == {"match.target", "automix.target"}
    through = TrainingStage(
        name="through", share=1.0, loss=LossWeights(plugins=1.0), plugins=PluginLossSettings(clip_s=1.5)
    )
    setup = replace(learner.setup, stages=[through], checking=replace(studio, augment=False))
    other = EncoderTrainStep(TASK.lessons, setup, TASK.draw)
    first, again = other.validate(unknown), other.validate(unknown)
    assert first == again and first.keys() == {"plugins"} and first["plugins"] > 0
    other.average["position.bias"] += 2.0
    assert other.validate(unknown)["plugins"] > first["plugins"]
