"""Plugins that crash or return NaN at some settings, in real workers: one example is lost, the run goes on."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from bridge.errors import PluginCrashed, PluginError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.training.plugin_layer.perturbation import CentralDifferences
from bridge.training.plugin_layer.plugin_layer import PluginLayer
from bridge.training.plugin_layer.rendering import FAILURES_IN_A_ROW

RATE_HZ = 24_000
MakeChain = Callable[..., Chain]
MakeNoise = Callable[..., Tensor]


def pull(layer: PluginLayer, audio: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """The output and the gradient of its sum of squares to the positions."""
    positions = positions.clone().requires_grad_(True)
    output = layer(audio, positions)
    output.square().sum().backward()
    assert positions.grad is not None
    return output.detach(), positions.grad


@pytest.mark.parametrize("fault", ["Crash", "NaN"])
def test_one_example_is_lost_and_the_others_none(
    faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise, fault: str
) -> None:
    """All five renders of the third example fail, more crashes than a batch of the host survives."""
    statistics = GradientStatistics()
    layer = PluginLayer(faulty_host, faulty(fault), RATE_HZ, estimator=CentralDifferences(), statistics=statistics)
    audio = noise(4, 2)
    safe, positions = torch.full((4, 2), 0.3), torch.full((4, 2), 0.3)
    positions[2, 0] = 0.9
    expected_output, expected = pull(layer, audio, safe)
    statistics.clear()
    output, found = pull(layer, audio, positions)
    assert layer.rendered.tolist() == [True, True, False, True]
    others = [0, 1, 3]
    torch.testing.assert_close(output[others], expected_output[others], rtol=0, atol=0)
    torch.testing.assert_close(found[others], expected[others])
    torch.testing.assert_close(output[2], audio[2], rtol=0, atol=0)
    assert (found[2] == 0).all()
    assert statistics.summary()["failed_renders"] == 5
    assert isinstance(layer.renderer.latest_error, PluginError)
    assert layer(audio, safe) is not None and bool(layer.rendered.all())


@pytest.mark.parametrize("way", ["layer", "loss"])
def test_a_perturbation_that_fails_costs_that_pair_alone(
    faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise, way: str
) -> None:
    """At 0.48 the plugin works; 0.05 above it does not. The other control still gets its gradient."""
    layer = PluginLayer(faulty_host, faulty("NaN"), RATE_HZ, estimator=CentralDifferences())
    audio, positions = noise(2), torch.tensor([[0.48, 0.3], [0.3, 0.3]], requires_grad=True)

    def measure(output: Tensor) -> Tensor:
        return output.square().sum((1, 2))

    loss = measure(layer(audio, positions)) if way == "layer" else layer.loss(audio, positions, measure)
    loss.sum().backward()
    assert layer.rendered.tolist() == [True, True]
    assert positions.grad is not None
    assert positions.grad[0, 0] == 0
    assert positions.grad[:, 1].abs().min() > 1


def test_a_loss_skips_what_could_not_be_rendered(faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise) -> None:
    layer = PluginLayer(faulty_host, faulty("NaN"), RATE_HZ)
    audio, positions = noise(3), torch.tensor([[0.9, 0.3], [0.3, 0.3], [0.2, 0.4]], requires_grad=True)
    loss = layer.loss(audio, positions, lambda output: output.square().sum((1, 2)))
    loss.sum().backward()
    assert layer.rendered.tolist() == [False, True, True]
    assert positions.grad is not None
    assert (positions.grad[0] == 0).all() and (positions.grad[1:, 1] != 0).all()
    assert bool(torch.isfinite(loss).all())


def test_an_audio_gradient_of_a_lost_example_is_zero(
    faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise
) -> None:
    layer = PluginLayer(faulty_host, faulty("NaN"), RATE_HZ)
    audio = noise(2).requires_grad_(True)
    layer(audio, torch.tensor([[0.3, 0.5], [0.9, 0.5]])).sum().backward()
    assert audio.grad is not None
    torch.testing.assert_close(audio.grad[0], torch.ones_like(audio.grad[0]), rtol=0.05, atol=0.05)
    assert (audio.grad[1] == 0).all()


def test_plugins_that_never_work_end_the_run_with_their_error(
    faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise
) -> None:
    layer = PluginLayer(faulty_host, faulty("NaN"), RATE_HZ)
    audio, positions = noise(2), torch.full((2, 2), 0.9)
    for _ in range(FAILURES_IN_A_ROW - 1):
        layer(audio, positions)
        assert not bool(layer.rendered.any())
    with pytest.raises(PluginError, match="fault:NaN returned NaN"):
        layer(audio, positions)


def test_a_batch_that_only_crashes_ends(faulty_host: PluginHost, faulty: MakeChain, noise: MakeNoise) -> None:
    layer = PluginLayer(faulty_host, faulty("Crash"), RATE_HZ)
    audio = noise(3)
    output, found = pull(layer, audio, torch.full((3, 2), 0.9))
    assert not bool(layer.rendered.any())
    torch.testing.assert_close(output, audio, rtol=0, atol=0)
    assert (found == 0).all()
    assert isinstance(layer.renderer.latest_error, PluginCrashed)


def test_a_plugin_that_does_not_exist_ends_the_run(host: PluginHost, noise: MakeNoise, faulty: MakeChain) -> None:
    """A host whose workers do not know the scheme: nothing comes out, and the error says why."""
    layer = PluginLayer(host, faulty("None"), RATE_HZ)
    with pytest.raises(PluginError, match="no plugins of the kind 'fault'"):
        for _ in range(FAILURES_IN_A_ROW):
            layer(noise(1), torch.full((1, 2), 0.1))
