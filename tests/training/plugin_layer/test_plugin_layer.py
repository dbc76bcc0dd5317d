"""The layer against gradients that are known, and what a gradient must not depend on."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.errors import AudioError
from bridge.model.bundle import categories_of
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.host.render_queue import RenderBatch
from bridge.training.plugin_layer import step as step_module
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.training.plugin_layer.perturbation import (
    SPSA,
    CentralDifferences,
    Estimator,
    GroupedDifferences,
    step_sizes_over_choices,
)
from bridge.training.plugin_layer.plugin_layer import PluginLayer

RATE_HZ = 24_000
PER_POSITION = 36 * math.log(10) / 20  # how the logarithm of a gain of -18..18 dB moves with its position
MakeChain = Callable[..., Chain]
MakeNoise = Callable[..., Tensor]

GAIN = ("Gain", "gain_db")
BAND = ("PeakFilter", "cutoff_frequency_hz", "gain_db", "q")
COMPRESSOR = ("Compressor", "threshold_db", "ratio", "attack_ms", "release_ms")
DELAY = ("Delay", "delay_seconds", "feedback", "mix")
REVERB = ("Reverb", "room_size", "wet_level")


class Spy:
    """The real host; remembers what was asked of it."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self.batches: list[Sequence[RenderInput]] = []

    def begin(self, chain: Chain, renders: Sequence[RenderInput]) -> RenderBatch:
        self.batches.append(renders)
        return self._host.begin(chain, renders)


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0))


def gradient(layer: PluginLayer, audio: Tensor, positions: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """The output, and the gradient to the positions."""
    positions = positions.clone().requires_grad_(True)
    output = layer(audio, positions)
    output.backward(upstream)
    assert positions.grad is not None
    return output.detach(), positions.grad


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("estimator", [CentralDifferences(0.01), SPSA(1, 0.01)], ids=["FD", "SPSA"])
def test_a_gain_has_the_gradient_that_is_known(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, rate_hz: int, channels: int, estimator: Estimator
) -> None:
    audio = noise(3, channels)
    upstream = noise(3, channels, seed=1)
    layer = PluginLayer(host, builtin(GAIN), rate_hz, estimator=estimator)
    positions = torch.tensor([[0.1], [0.5], [0.8]])
    output, found = gradient(layer, audio, positions, upstream)
    torch.testing.assert_close(output, audio * 10 ** ((positions * 36 - 18) / 20)[..., None], rtol=1e-4, atol=1e-6)
    expected = (PER_POSITION * output * upstream).sum((1, 2))
    torch.testing.assert_close(found[:, 0], expected, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("position", "tried"), [(0.0, 0.025), (1.0, 0.975), (0.99, 0.97), (1.7, 0.975), (-3.0, 0.025)])
def test_at_and_beyond_a_bound_the_gradient_is_that_of_what_was_tried(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, position: float, tried: float
) -> None:
    audio, upstream = noise(1), noise(1, seed=1)
    layer = PluginLayer(host, builtin(GAIN), RATE_HZ, estimator=CentralDifferences(0.05))
    output, found = gradient(layer, audio, torch.tensor([[position]]), upstream)
    bound = min(max(position, 0.0), 1.0)
    torch.testing.assert_close(output, audio * 10 ** ((bound * 36 - 18) / 20), rtol=1e-4, atol=1e-6)
    expected = PER_POSITION * (audio * 10 ** ((tried * 36 - 18) / 20) * upstream).sum()
    torch.testing.assert_close(found.sum(), expected, rtol=0.01, atol=1e-3)


def test_the_slope_of_a_chain_in_any_direction(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """As `gradcheck`, which needs double precision: plugins work in single, so that a difference over 1e-6 of the
    range would be rounding. Here it is taken over 2%, where the loss bends, and may be wrong by 3% for that."""
    chain = builtin(BAND, COMPRESSOR, GAIN)
    audio, truth = noise(4), noise(4, seed=1)
    positions = 0.3 + 0.4 * torch.rand(4, len(chain.controls), generator=torch.Generator().manual_seed(0))
    layer = PluginLayer(host, chain, RATE_HZ, estimator=CentralDifferences(0.01))

    def loss(at: Tensor) -> Tensor:
        return (layer(audio, at) - truth).square().sum((1, 2))

    at = positions.clone().requires_grad_(True)
    loss(at).sum().backward()
    assert at.grad is not None
    for seed in range(4):
        direction = torch.randn(positions.shape, generator=torch.Generator().manual_seed(seed))
        direction /= direction.norm(dim=1, keepdim=True)
        slope = (loss(positions + 0.01 * direction) - loss(positions - 0.01 * direction)) / 0.02
        expected, length = (at.grad * direction).sum(1), at.grad.norm(dim=1)
        assert ((slope - expected).abs() < 0.03 * length).all()


def test_both_ways_back_agree(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """For a loss that is a sum over samples they are the same differences, weighed before or after."""
    chain = builtin(BAND, GAIN)
    audio, truth = noise(3, 2), noise(3, 2, seed=1)
    positions = torch.full((3, 4), 0.4, requires_grad=True)

    def measure(output: Tensor) -> Tensor:
        return (output * truth).sum((1, 2))

    gradients, values = [], []
    for way in (lambda layer: measure(layer(audio, positions)), lambda layer: layer.loss(audio, positions, measure)):
        positions.grad = None
        values.append(way(PluginLayer(host, chain, RATE_HZ, estimator=SPSA(3))))
        values[-1].sum().backward()
        gradients.append(positions.grad)
    torch.testing.assert_close(values[0].detach(), values[1].detach())
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-2, atol=1e-2)


def test_nothing_is_left_over_between_renders(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """A compressor, a delay and a reverb, all with memory: each example comes out the same alone, first or last, and
    after a burst; so does its gradient."""
    chain = builtin(COMPRESSOR, DELAY, REVERB)
    audio, upstream = noise(3, 2), noise(3, 2, seed=1)
    audio[1] *= 8
    positions = torch.rand(3, len(chain.controls), generator=torch.Generator().manual_seed(0))
    layer = PluginLayer(host, chain, RATE_HZ, estimator=CentralDifferences())
    output, found = gradient(layer, audio, positions, upstream)
    for order in ([2, 1, 0], [1, 0, 2], [0], [2], [1, 1, 1, 0]):
        again, again_found = gradient(layer, audio[order], positions[order], upstream[order])
        torch.testing.assert_close(again, output[order], rtol=0, atol=0)
        torch.testing.assert_close(again_found, found[order], rtol=1e-6, atol=1e-6)


def test_more_samples_point_closer_to_the_gradient(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    chain = builtin(BAND, BAND, COMPRESSOR, GAIN)
    audio, truth = noise(8, samples=6_000), noise(8, samples=6_000, seed=1)
    positions = torch.rand(8, len(chain.controls), generator=torch.Generator().manual_seed(0))

    def of(estimator: Estimator) -> Tensor:
        layer = PluginLayer(host, chain, RATE_HZ, estimator=estimator)
        return gradient(layer, audio, positions, truth)[1]

    full = of(CentralDifferences())
    unit = full / full.norm(dim=1, keepdim=True)
    cosines = [float(((found := of(SPSA(k))) * unit).sum(1).div(found.norm(dim=1)).mean()) for k in (1, 4, 16, 64)]
    assert cosines == sorted(cosines)
    assert 0.05 < cosines[0] < 0.6 and cosines[-1] > 0.8
    grouped = of(GroupedDifferences(4, samples=4))
    assert float((grouped * unit).sum(1).div(grouped.norm(dim=1)).mean()) > cosines[1]


def test_all_renders_of_a_step_are_one_batch(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """And each example's audio is one array, which travels once."""
    spy = Spy(host)
    audio = noise(4)
    positions = torch.full((4, 1), 0.5, requires_grad=True)
    layer = PluginLayer(spy, builtin(GAIN), RATE_HZ, estimator=SPSA(2))  # type: ignore[arg-type]
    layer(audio, positions).sum().backward()
    layer.loss(audio, positions, lambda output: output.sum((1, 2))).sum().backward()
    assert [len(batch) for batch in spy.batches] == [4 * 5, 4 * 5]
    assert [len({id(render.audio) for render in batch}) for batch in spy.batches] == [4, 4]


def test_without_a_gradient_only_the_output_is_rendered(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    spy = Spy(host)
    positions = torch.full((4, 1), 0.5, requires_grad=True)
    layer = PluginLayer(spy, builtin(GAIN), RATE_HZ)  # type: ignore[arg-type]
    with torch.no_grad():
        layer(noise(4), positions)
        layer.loss(noise(4), positions, lambda output: output.sum((1, 2)))
    layer(noise(4), positions.detach())
    assert [len(batch) for batch in spy.batches] == [4, 4, 4]


def test_outputs_that_would_take_too_much_memory_follow_in_parts(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, audio, upstream = builtin(BAND, GAIN), noise(3), noise(3, seed=1)
    positions = torch.full((3, 4), 0.4)

    def both() -> tuple[Tensor, Tensor, Tensor, Spy]:
        spy = Spy(host)
        layer = PluginLayer(spy, chain, RATE_HZ, estimator=CentralDifferences())  # type: ignore[arg-type]
        output, found = gradient(layer, audio, positions, upstream)
        wanted = positions.clone().requires_grad_(True)
        layer.loss(audio, wanted, lambda output: (output * upstream).sum((1, 2))).sum().backward()
        assert wanted.grad is not None
        return output, found, wanted.grad, spy

    *at_once, spy = both()
    assert [len(batch) for batch in spy.batches] == [27, 27]
    monkeypatch.setattr(step_module, "KEPT_BYTES", 4 * audio.nbytes)
    *in_parts, spy = both()
    assert [len(batch) for batch in spy.batches] == [3, 12, 12, 3 + 12, 12]
    for a, b in zip(at_once, in_parts, strict=True):
        torch.testing.assert_close(a, b)


def test_audio_may_be_written_over_before_the_backward_pass(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for kept_bytes in (step_module.KEPT_BYTES, 1):
        monkeypatch.setattr(step_module, "KEPT_BYTES", kept_bytes)
        audio, positions = noise(2), torch.full((2, 1), 0.4, requires_grad=True)
        output = PluginLayer(host, builtin(GAIN), RATE_HZ)(audio, positions)
        audio.zero_()
        output.sum().backward()
        found.append(positions.grad)
    torch.testing.assert_close(found[0], found[1])


def test_the_same_seed_draws_the_same_directions_also_after_a_resume(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise
) -> None:
    chain, audio, upstream = builtin(BAND), noise(2), noise(2, seed=1)
    positions = torch.full((2, 3), 0.4)

    def drawn(layer: PluginLayer) -> Tensor:
        return gradient(layer, audio, positions, upstream)[1]

    first, second = PluginLayer(host, chain, RATE_HZ, seed=3), PluginLayer(host, chain, RATE_HZ, seed=3)
    begun = [drawn(first) for _ in range(8)]
    torch.testing.assert_close(drawn(second), begun[0])
    resumed = PluginLayer(host, chain, RATE_HZ, seed=3)
    resumed.load_state_dict(first.state_dict())
    torch.testing.assert_close(drawn(resumed), drawn(first))
    assert len({tuple(found.flatten().tolist()) for found in begun}) > 1


def test_switches_get_a_gradient_only_when_asked(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    chain = builtin(("LadderFilter", "mode", "cutoff_hz"))
    audio, upstream = noise(2), noise(2, seed=1)
    positions = torch.full((2, 2), 0.4)
    for estimator in (CentralDifferences(), SPSA(2)):
        found = gradient(PluginLayer(host, chain, RATE_HZ, estimator=estimator), audio, positions, upstream)[1]
        assert (found[:, 0] == 0).all() and (found[:, 1] != 0).all()
    steps = step_sizes_over_choices(categories_of(chain), len(chain.controls))
    asked = PluginLayer(host, chain, RATE_HZ, estimator=CentralDifferences(steps), moves_choices=True)
    assert (gradient(asked, audio, positions, upstream)[1] != 0).all()


def test_double_precision_around_the_layer(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    audio = noise(2).double().requires_grad_(True)
    positions = torch.full((2, 1), 0.5, dtype=torch.float64, requires_grad=True)
    output = PluginLayer(host, builtin(GAIN), RATE_HZ)(audio, positions)
    output.sum().backward()
    assert output.dtype == torch.float64
    assert audio.grad is not None and audio.grad.dtype == torch.float64
    assert positions.grad is not None and positions.grad.dtype == torch.float64


def test_a_second_backward_pass_finds_the_same(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    positions = torch.full((2, 1), 0.5, requires_grad=True)
    output = PluginLayer(host, builtin(GAIN), RATE_HZ)(noise(2), positions).sum()
    found = [torch.autograd.grad(output, positions, retain_graph=True)[0] for _ in range(2)]
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def test_what_does_not_fit_is_refused(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    layer = PluginLayer(host, builtin(GAIN), RATE_HZ)
    with pytest.raises(AudioError, match=r"give \(batch, channels, samples\)"):
        layer(noise(1)[0], torch.zeros(1, 1))
    with pytest.raises(AudioError, match=r"give \(2, 1\)"):
        layer(noise(2), torch.zeros(3, 1))
    with pytest.raises(AudioError, match="NaN"):
        layer(noise(2) * float("nan"), torch.zeros(2, 1))
    with pytest.raises(AudioError, match="3 channels"):
        layer(noise(2, 3), torch.zeros(2, 1))


def test_statistics_tell_of_norm_noise_and_clipping(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    statistics = GradientStatistics()
    layer = PluginLayer(host, builtin(BAND), RATE_HZ, estimator=SPSA(4), statistics=statistics)
    positions = torch.tensor([[0.0, 0.5, 0.5], [0.5, 0.5, 0.5]])
    _, found = gradient(layer, noise(2), positions, noise(2, seed=1))
    summary = statistics.summary()
    assert summary["norm"] == pytest.approx(float(found.norm(dim=1).mean()), rel=1e-5)
    assert summary["clipped_share"] == pytest.approx(1 / 6)
    assert -1 <= summary["cosine"] <= 1
    assert (summary["renders"], summary["failed_renders"]) == (2 * 9, 0)
    statistics.clear()
    assert statistics.summary() == {}


def test_moving_settings_get_a_gradient_for_each_block(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """A gain in eight blocks: the exact gradient is each block's own share."""
    block, blocks = 3_000, 8
    audio, upstream = noise(1, 2, block * blocks), noise(1, 2, block * blocks, seed=1)
    positions = torch.linspace(0.2, 0.8, blocks).reshape(1, blocks, 1)
    layer = PluginLayer(host, builtin(GAIN), RATE_HZ, estimator=SPSA(96), block_frames=block)
    output, found = gradient(layer, audio, positions, upstream)
    gains = 10 ** ((positions.repeat_interleave(block, 1)[..., 0] * 36 - 18) / 20)
    torch.testing.assert_close(output, audio * gains[:, None], rtol=1e-4, atol=1e-5)
    expected = (PER_POSITION * output * upstream).sum(1).reshape(1, blocks, block).sum(2)
    assert cosine(found[..., 0], expected) > 0.95

    def by_block(rendered: Tensor) -> Tensor:
        return (rendered * upstream).sum(1).reshape(1, blocks, block).sum(2)

    wanted = positions.clone().requires_grad_(True)
    layer.estimator = SPSA(1)
    layer.loss(audio, wanted, by_block).sum().backward()
    assert wanted.grad is not None
    torch.testing.assert_close(wanted.grad[..., 0] * blocks, expected, rtol=0.02, atol=0.05)


@pytest.mark.parametrize("way", ["layer", "loss"])
def test_descent_finds_hidden_settings(host: PluginHost, builtin: MakeChain, noise: MakeNoise, way: str) -> None:
    """A gain and a band that somebody has set, from what they made of noise."""
    chain = builtin(("PeakFilter", "cutoff_frequency_hz", "gain_db"), GAIN)
    audio = noise(1, samples=8_000)
    hidden = torch.tensor([[0.6, 0.85, 0.35]])
    layer = PluginLayer(host, chain, RATE_HZ, estimator=SPSA(4, 0.02) if way == "loss" else CentralDifferences(0.02))

    def spectrum(sound: Tensor) -> Tensor:
        return torch.log(torch.fft.rfft(sound.unfold(-1, 512, 256) * torch.hann_window(512)).abs().mean(2))

    with torch.no_grad():
        truth = spectrum(layer(audio, hidden))

    def measure(output: Tensor) -> Tensor:
        return (spectrum(output) - truth).square().mean((1, 2))

    positions = torch.tensor([[0.4, 0.6, 0.5]], requires_grad=True)
    optimizer = torch.optim.Adam([positions], lr=0.03)
    for step in range(150):
        optimizer.param_groups[0]["lr"] = 0.03 * 0.98**step
        optimizer.zero_grad()
        loss = measure(layer(audio, positions)) if way == "layer" else layer.loss(audio, positions, measure)
        loss.sum().backward()
        optimizer.step()
    torch.testing.assert_close(positions.detach(), hidden, rtol=0, atol=0.03)


def test_the_layer_shows_what_it_is(host: PluginHost, builtin: MakeChain) -> None:
    assert "24000 Hz, SPSA(samples=1, step=0.05)" in repr(PluginLayer(host, builtin(GAIN), RATE_HZ))


def test_positions_array_is_not_touched(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """Nothing is moved and put back: positions are as they were, to the bit, at the bounds as well."""
    positions = torch.tensor([[0.0, 1.0, 0.98], [0.5, 0.02, 1.3]])
    before = positions.numpy().copy()
    gradient(PluginLayer(host, builtin(BAND), RATE_HZ), noise(2), positions, noise(2, seed=1))
    np.testing.assert_array_equal(positions.numpy(), before)
