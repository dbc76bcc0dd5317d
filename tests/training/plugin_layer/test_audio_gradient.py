"""Gradients to the audio against transposed plugins: exact ones by rendering backwards, or impulse by impulse."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.plugin_layer.audio_gradient import AudioEstimator, LocalTransfer, SimultaneousSignal
from bridge.training.plugin_layer.plugin_layer import PluginLayer

RATE_HZ = 24_000
MakeChain = Callable[..., Chain]
MakeNoise = Callable[..., Tensor]

EQUALISER = (
    ("HighpassFilter", "cutoff_frequency_hz"),
    ("PeakFilter", "cutoff_frequency_hz", "gain_db", "q"),
    ("HighShelfFilter", "gain_db"),
    ("Gain", "gain_db"),
)
COMPRESSOR = ("Compressor", "threshold_db", "ratio", "attack_ms", "release_ms")


def found(
    host: PluginHost,
    chain: Chain,
    audio: Tensor,
    positions: Tensor,
    upstream: Tensor,
    *,
    by: AudioEstimator | None = None,
    rate_hz: int = RATE_HZ,
    seed: int = 0,
) -> Tensor:
    sound = audio.clone().requires_grad_(True)
    PluginLayer(host, chain, rate_hz, audio_estimator=by, seed=seed)(sound, positions).backward(upstream)
    assert sound.grad is not None
    return sound.grad


def backwards(host: PluginHost, chain: Chain, positions: Tensor, upstream: Tensor, rate_hz: int = RATE_HZ) -> Tensor:
    """Exact for linear plugins that do not change in time: what they do to the reversed gradient, reversed."""
    with torch.no_grad():
        return PluginLayer(host, chain, rate_hz)(upstream.flip(-1), positions).flip(-1)


def impulse_by_impulse(host: PluginHost, chain: Chain, audio: Tensor, positions: Tensor, upstream: Tensor) -> Tensor:
    """Exact for any plugin: every sample of one example moved by itself."""
    channels, samples = audio.shape[1:]
    low, high = chain.bounds
    settings = low + positions[0].numpy() * (high - low)
    size = 1e-3
    renders = []
    for index in range(channels * samples):
        for side in (size, -size):
            moved = audio[0].numpy().copy()
            moved.reshape(-1)[index] += side
            renders.append(RenderInput(moved, RATE_HZ, settings))
    outputs = np.stack(host.render(chain, renders)).astype(np.float64)
    slopes = (outputs[::2] - outputs[1::2]) / (2 * size)
    return torch.from_numpy((slopes * upstream[0].numpy()).sum((1, 2)).reshape(1, channels, samples)).float()


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0))


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_equalisers_have_the_exact_gradient(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, rate_hz: int, channels: int
) -> None:
    chain = builtin(*EQUALISER)
    audio, upstream = noise(2, channels, 30_000), noise(2, channels, 30_000, seed=1)
    positions = torch.tensor([[0.6, 0.5, 0.8, 0.6, 0.7, 0.4], [0.2, 0.7, 0.2, 0.4, 0.3, 0.6]])
    exact = backwards(host, chain, positions, upstream, rate_hz)
    estimated = found(host, chain, audio, positions, upstream, rate_hz=rate_hz)
    for example in range(2):
        assert cosine(estimated[example], exact[example]) > 0.995
        assert float(estimated[example].norm() / exact[example].norm()) == pytest.approx(1, abs=0.02)


def test_what_is_pulled_back_is_the_transpose(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """<J'g, v> = <g, Jv> for any v: the gradient check of a linear plugin, where every step is as good as none."""
    chain = builtin(*EQUALISER)
    audio, upstream = noise(1, 1, 30_000), noise(1, 1, 30_000, seed=1)
    positions = torch.full((1, 6), 0.6)
    pulled = found(host, chain, audio, positions, upstream)
    for seed in range(3):
        direction = backwards(host, chain, positions, upstream).sign() * noise(1, 1, 30_000, seed=9 + seed).abs()
        with torch.no_grad():
            forward = PluginLayer(host, chain, RATE_HZ)(direction, positions)
        assert float((pulled * direction).sum()) == pytest.approx(float((upstream * forward).sum()), rel=0.01)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_compressor_is_nearly_a_slow_gain(
    host: PluginHost, builtin: MakeChain, noise: MakeNoise, channels: int
) -> None:
    """What a sample does through the detector is missing: the direction is right within 35 degrees."""
    chain = builtin(COMPRESSOR)
    audio, upstream = 4 * noise(1, channels, 900), noise(1, channels, 900, seed=1)
    positions = torch.tensor([[0.4, 0.6, 0.5, 0.5]])
    exact = impulse_by_impulse(host, chain, audio, positions, upstream)
    assert cosine(found(host, chain, audio, positions, upstream), exact) > 0.82


def test_distortion_is_exact_sample_by_sample(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    chain = builtin(("Distortion", "drive_db"))
    audio, upstream = noise(1, 2, 600), noise(1, 2, 600, seed=1)
    positions = torch.tensor([[0.5]])
    exact = impulse_by_impulse(host, chain, audio, positions, upstream)
    assert cosine(found(host, chain, audio, positions, upstream, by=SimultaneousSignal(reach_s=0)), exact) > 0.999
    assert cosine(found(host, chain, audio, positions, upstream), exact) < 0.9


def test_sample_by_sample_is_wrong_for_what_remembers(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """The original's estimator on a low-pass: more probes do not help, as it is bias."""
    chain = builtin(("LowpassFilter", "cutoff_frequency_hz"))
    audio, upstream = noise(1, 1, 4_000), noise(1, 1, 4_000, seed=1)
    positions = torch.tensor([[0.1]])
    exact = backwards(host, chain, positions, upstream)
    by_sample = found(host, chain, audio, positions, upstream, by=SimultaneousSignal(32, reach_s=0))
    assert cosine(by_sample, exact) < 0.7
    assert cosine(found(host, chain, audio, positions, upstream), exact) > 0.995


def test_random_signs_are_unbiased_within_their_reach(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    """A short response, 0.2 ms: with more probes the direction gets better, as far as noise allows."""
    chain = builtin(("LowpassFilter", "cutoff_frequency_hz"))
    audio, upstream = noise(1, 1, 2_000), noise(1, 1, 2_000, seed=1)
    positions = torch.tensor([[0.6]])
    exact = backwards(host, chain, positions, upstream)
    within, whole = (
        [
            cosine(found(host, chain, audio, positions, upstream, by=SimultaneousSignal(probes, reach_s)), exact)
            for probes in (1, 16, 128)
        ]
        for reach_s in (0.001, None)
    )
    assert within == sorted(within) and within[-1] > 0.9
    assert whole[0] < 0.2 < within[0], "over the whole clip, one probe says next to nothing"


def test_several_estimators_on_silence_and_short_clips(host: PluginHost, builtin: MakeChain, noise: MakeNoise) -> None:
    chain = builtin(("Gain", "gain_db"))
    for samples in (4, 50, 1_000):
        for audio in (torch.zeros(1, 2, samples), noise(1, 2, samples)):
            upstream = noise(1, 2, samples, seed=1)
            for by in (LocalTransfer(), SimultaneousSignal(), SimultaneousSignal(reach_s=0)):
                pulled = found(host, chain, audio, torch.tensor([[0.5]]), upstream, by=by)
                assert bool(torch.isfinite(pulled).all())
                if isinstance(by, LocalTransfer) and samples == 1_000:
                    assert cosine(pulled, upstream) > 0.999
