"""A recipe says how gradients through the plugins are found, down to the step of each control."""

import msgspec
import numpy as np
import pytest
from torch import no_grad, ones

from bridge.errors import SettingsError
from bridge.model.bundle import build_encoder
from bridge.model.manifest import EncoderSettings, Manifest
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.plugin_layer.perturbation import SPSA, CentralDifferences, GroupedDifferences
from bridge.training.prediction_modes import ModeExample, PredictionMode
from bridge.training.recipe import load_recipe
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.estimators import build_estimator, build_step_sizes
from bridge.training.trainer.plugin_loss import PluginLoss
from bridge.training.trainer.settings import LossWeights, PluginLossSettings, TrainingStage

RATE = 44100
CHAIN = """
[[slot]]
name = "ladder"
plugin = "builtin:LadderFilter"
[slot.control.cutoff_hz]
[slot.control.drive]
[slot.control.mode]
[[slot]]
name = "idle"
plugin = "builtin:PeakFilter"
[slot.fixed]
gain_db = 0.0
[slot.control.q]
"""


@pytest.fixture(scope="module")
def ladder() -> Chain:
    """A gain that is heard, a mode that is a choice, and a width of nothing."""
    return parse_chain(CHAIN, source="test")


@pytest.fixture
def filtering(ladder: Chain, host: PluginHost) -> ExampleRenderer:
    return ExampleRenderer(ladder, host, [], RATE, clip_s=0.3)


def sounds() -> list[np.ndarray]:
    return list(np.random.default_rng(0).normal(0, 0.1, (2, 1, RATE // 3)).astype(np.float32))


def told(**settings: object) -> PluginLossSettings:
    return msgspec.convert({"examples": 2, "clip_s": 0.3} | settings, PluginLossSettings)


def test_the_same_step_for_all_needs_no_render(filtering: ExampleRenderer) -> None:
    before = filtering.host.render_count
    for name, kind in (("spsa", SPSA), ("grouped", GroupedDifferences), ("central", CentralDifferences)):
        made = build_estimator(told(estimator=name, step=0.1), filtering, sounds)
        assert isinstance(made, kind) and made.step == 0.1
    assert filtering.host.render_count == before


def test_what_is_hardly_heard_moves_farther(filtering: ExampleRenderer, ladder: Chain) -> None:
    steps = build_step_sizes(told(steps="heard", step=0.05), filtering, sounds)
    cutoff, idle = (ladder.index(f"{slot}.{name}") for slot, name in (("ladder", "cutoff_hz"), ("idle", "q")))
    assert isinstance(steps, np.ndarray) and steps.shape == (len(ladder.controls),)
    assert 0.02 < steps[cutoff] < 0.08 < steps[idle] <= 0.1


def test_a_choice_moves_to_its_neighbour(filtering: ExampleRenderer, ladder: Chain) -> None:
    mode = ladder.index("ladder.mode")
    for steps in ("same", "heard"):
        found = build_step_sizes(told(steps=steps, moves_choices=True), filtering, sounds)
        assert isinstance(found, np.ndarray)
        assert 0 < found[mode] - 1 / len(ladder.controls[mode].choices) < 0.01, "just over the edge"


def test_a_recipe_reaches_them(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    text = '[[stages]]\nname = "a"\nshare = 1.0\nloss = {{ plugins = 1.0 }}\nplugins = {{ steps = "{}" }}\n'
    file.write_text(text.format("heard"), encoding="utf-8")
    assert load_recipe("channel-strip", file).stages[0].plugins.steps == "heard"
    file.write_text(text.format("loud"), encoding="utf-8")
    with pytest.raises(SettingsError, match="loud"):
        load_recipe("channel-strip", file)


def test_controls_are_heard_once_and_choices_learn_through_the_plugins(
    filtering: ExampleRenderer, ladder: Chain, manifest: Manifest
) -> None:
    """No further renders for it in the second update, nor where nothing is learned."""
    mode = PredictionMode("alone", has_reference=False, loudness_counts=True)
    example = {"alone": ModeExample(sounds()[0], sounds()[1], None)}
    loss = PluginLoss([mode], lambda *_: [example], filtering, manifest.features, ProcessGroup())
    small = EncoderSettings(width=16, blocks=1, embedding=8, hidden=16)
    encoder = build_encoder(msgspec.structs.replace(manifest, chain=ladder, encoder=small))
    counts = []
    for is_learning in (False, True, True):
        before = filtering.host.render_count
        plugins = told(steps="heard", moves_choices=is_learning, directions=2)
        stage = TrainingStage(name="one", share=1.0, loss=LossWeights(plugins=1.0), plugins=plugins)
        if is_learning:
            loss(encoder, ones(len(ladder.controls)), stage, 0, 0).backward()
        else:
            with no_grad():
                loss(encoder, ones(len(ladder.controls)), stage, 0, 0)
        counts.append(filtering.host.render_count - before)
    assert counts == [1, 2 * len(ladder.controls) + 5, 5]
    assert encoder.choose[0].bias.grad is not None and encoder.choose[0].bias.grad.abs().max() > 0
