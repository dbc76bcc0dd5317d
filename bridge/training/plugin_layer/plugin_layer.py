"""Plugins as a layer of a network: audio and positions in, audio out, gradients to both.

The plugins are a black box in worker processes; gradients are estimated from renders at perturbed settings
(`perturbation`) and of perturbed audio (`audio_gradient`). Two ways back:

- `PluginLayer.forward` is a layer like any other: whatever follows it sends a gradient of the audio, and the
  differences of the perturbed outputs are weighed with it. Renders per example: 1, 2 for each pair of the estimator,
  and 2 for each probe if the audio wants a gradient.
- `PluginLayer.loss` is for a loss that follows at once: it is evaluated at each perturbed output and only its values
  are compared. Nothing is differentiated through audio, so any number may be the loss. Renders per example: 1, and 2
  for each pair.

All renders of a step go to the host as one batch, and the output is handed on as soon as it is there: the workers
render what has been perturbed while the caller computes a loss. Where the outputs would take more than
`step.KEPT_BYTES`, the perturbed ones follow in batches of that size, in the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bridge.errors import AudioError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.plugin_layer.audio_gradient import AudioEstimator, LocalTransfer
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.training.plugin_layer.perturbation import SPSA, Estimator
from bridge.training.plugin_layer.rendering import BatchRenderer
from bridge.training.plugin_layer.step import LayerInput, LayerStep
from bridge.types import Float32

Measure = Callable[[Tensor], Tensor]
"""A loss of rendered audio (batch, channels, samples): (batch,), or (batch, blocks) where settings move in time."""


class PluginLayer(nn.Module):
    """A chain of plugins, VST3 or built in, as a layer of a network. It has no weights; `positions` are its input.

    Args:
        host: renders; the layer neither closes it nor keeps plugins of its own.
        chain: what to render through.
        sample_rate_hz: of all audio that comes.
        estimator: how the gradient to the positions is found; None: `SPSA()`. `perturbation` has several.
        audio_estimator: how the gradient to the audio is found, where it requires one; None: `LocalTransfer()`.
        block_frames: samples that one row of settings holds, where they move in time.
        moves_choices: whether switches are perturbed as well; they get no gradient otherwise. Give the estimator
            steps that reach their next choice (`perturbation.step_sizes_over_choices`).
        seed: of the random directions; another one for each process that trains. The number of steps taken is part
            of `state_dict`, so that a training that is resumed draws what it would have drawn.
        statistics: collects what the gradients look like; None collects nothing.

    `rendered` (batch,) says of the latest call which examples came out. A plugin that fails at an example costs that
    example: its audio passes unchanged, with no gradient. Where only some of its perturbations fail, the others count.

    Source: M. A. Martínez Ramírez, O. Wang, P. Smaragdis, N. J. Bryan, "Differentiable Signal Processing with Black-Box
    Audio Effects" (DeepAFx, ICASSP 2021).
    """

    rendered: Tensor
    draws: Tensor

    def __init__(
        self,
        host: PluginHost,
        chain: Chain,
        sample_rate_hz: int,
        *,
        estimator: Estimator | None = None,
        audio_estimator: AudioEstimator | None = None,
        block_frames: int = 512,
        moves_choices: bool = False,
        seed: int = 0,
        statistics: GradientStatistics | None = None,
    ) -> None:
        super().__init__()
        self.renderer = BatchRenderer(host, chain, sample_rate_hz, block_frames, statistics)
        self.estimator = estimator or SPSA()
        self.audio_estimator = audio_estimator or LocalTransfer()
        self.free = np.array([moves_choices or not control.choices for control in chain.controls], dtype=np.bool_)
        self.seed = seed
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))
        self.register_buffer("rendered", torch.ones(0, dtype=torch.bool), persistent=False)

    def forward(self, audio: Tensor, positions: Tensor) -> Tensor:
        """Render audio through the chain.

        Args:
            audio: (batch, channels, samples), mono or stereo.
            positions: (batch, controls), or (batch, blocks, controls) where they move in time, each 0..1 over its
                control's range. Outside of that they count as the nearest bound, with the gradient there: they can
                come back.

        Returns:
            Audio of the same shape, with gradients to what requires them.

        Raises:
            AudioError: another shape, NaN, or more than two channels.
            PluginError: no plugin works any more.
        """
        self._check(audio, positions)
        has_gradient = torch.is_grad_enabled()
        wanted = has_gradient and audio.requires_grad, has_gradient and positions.requires_grad
        output: Tensor = _Through.apply(audio, positions, self, *wanted)  # type: ignore[no-untyped-call]
        return output

    def loss(self, audio: Tensor, positions: Tensor, measure: Measure) -> Tensor:
        """Render audio and measure it, with a gradient to `positions` alone.

        Args:
            audio, positions: as in `forward`.
            measure: the loss of rendered audio, called with a batch at a time and without gradients; no example's loss
                may depend on the others. Where settings move in time it may return (batch, blocks): the loss of a
                block is then taken to depend on that block's settings, which gives a sharper gradient.

        Returns:
            (batch,) losses, the mean over blocks. Examples that could not be rendered are measured unprocessed; see
            `rendered`.
        """
        self._check(audio, positions)
        step = self.begin(audio, positions, perturbs=torch.is_grad_enabled() and positions.requires_grad)
        with torch.no_grad():
            value, gradient = step.measure(lambda output: measure(_tensor(output, audio)).double().cpu().numpy())
        self._note(step)
        loss = _tensor(value, positions)
        if gradient is None:
            return loss
        still = (positions - positions.detach()) * _tensor(gradient, positions)  # zero, with the gradient as slope
        return loss + still.flatten(1).sum(1)

    def begin(self, audio: Tensor, positions: Tensor, *, perturbs: bool, probes: bool = False) -> LayerStep:
        """Return the renders of one step, not yet begun."""
        generator = np.random.default_rng([self.seed, int(self.draws)])
        self.draws += 1
        sound, centre = _array(audio), _array(positions)
        layer_input = LayerInput(
            audio=sound,
            positions=centre,
            perturbation=self.estimator.perturb(centre, self.free, generator) if perturbs else None,
            probe=self.audio_estimator.probe(sound, generator) if probes else None,
        )
        return LayerStep(layer_input, self.renderer, self.audio_estimator)

    def _note(self, step: LayerStep) -> None:
        self.rendered = torch.from_numpy(step.rendered).to(self.rendered.device)

    def _check(self, audio: Tensor, positions: Tensor) -> None:
        controls = len(self.free)
        if audio.ndim != 3 or len(audio) == 0:
            raise AudioError(f"The layer got audio of the shape {tuple(audio.shape)}; give (batch, channels, samples).")
        if positions.ndim not in (2, 3) or positions.shape[-1] != controls or len(positions) != len(audio):
            raise AudioError(
                f"The layer got positions of the shape {tuple(positions.shape)} for {len(audio)} examples; give "
                f"({len(audio)}, {controls}), or ({len(audio)}, blocks, {controls}) where they move."
            )

    def extra_repr(self) -> str:
        return f"{self.renderer.chain.name}, {self.renderer.sample_rate_hz} Hz, {self.estimator}"


class _Through(torch.autograd.Function):
    """The layer as autograd sees it."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, positions: Tensor, layer: PluginLayer, probes: bool, perturbs: bool) -> Tensor:
        ctx.step = layer.begin(audio, positions, perturbs=perturbs, probes=probes)
        ctx.like = audio.new_empty(0), positions.new_empty(0)
        output = _tensor(ctx.step.output(), audio)
        layer._note(ctx.step)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        to_audio, to_positions = ctx.step.pull_back(_array(upstream))
        audio, positions = ctx.like
        return (
            None if to_audio is None else _tensor(to_audio, audio),
            None if to_positions is None else _tensor(to_positions, positions),
            None,
            None,
            None,
        )


def _array(tensor: Tensor) -> Float32:
    """Float32, C-contiguous, on the CPU; not copied if it is so already."""
    array: Float32 = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return array


def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(array).to(device=like.device, dtype=like.dtype)
