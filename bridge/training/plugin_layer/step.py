"""One step of the layer: its renders, in as few batches as memory allows, and the gradients read from them.

Arrays only; `plugin_layer` makes them tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bridge.training.plugin_layer.audio_gradient import AudioEstimator
from bridge.training.plugin_layer.perturbation import Perturbation
from bridge.training.plugin_layer.rendering import BatchRenderer, PendingRenders, RenderTrial
from bridge.types import Float32, Float64, Mask

KEPT_BYTES = 256 * 1024 * 1024  # of perturbed outputs at a time
REACH_S = 0.5  # how long a block's setting is taken to act on the output, where settings move

Outputs = list[Float32 | None]  # one for each example of the batch; None where the plugin failed
Measure = Callable[[Float32], Float64]


@dataclass(frozen=True, eq=False)
class LayerInput:
    """What one step is given: the gradient is taken at `positions` for `audio` (batch, channels, samples).

    `perturbation` are the settings to try, `probe` (probes, batch, channels, samples) what to add to the audio; None
    where that gradient is not wanted.
    """

    audio: Float32
    positions: Float32
    perturbation: Perturbation | None
    probe: Float32 | None


class LayerStep:
    """The renders of one batch. Call `output` and then, once or more, `pull_back`; or `measure` alone.

    `rendered` (batch,) holds afterwards which examples came out.
    """

    def __init__(
        self,
        layer_input: LayerInput,
        renderer: BatchRenderer,
        audio_estimator: AudioEstimator,
    ) -> None:
        self.rendered: Mask = np.ones(len(layer_input.audio), np.bool_)
        self._input = layer_input
        self._renderer = renderer
        self._audio_estimator = audio_estimator
        self._sounds = list(layer_input.audio)  # one array object per example: the workers get it once
        self._pairs_count = 0 if layer_input.perturbation is None else layer_input.perturbation.pairs
        self._probes = 0 if layer_input.probe is None else len(layer_input.probe)
        self._pending: PendingRenders | None = (
            None  # all renders, or as many as memory allows, the base before the pairs
        )

    def output(self) -> Float32:
        """Return (batch, channels, samples); an example's own audio where nothing came out.

        Returns when these are there: the workers go on with what has been perturbed, until `pull_back` asks for it. A
        step with an audio loss behind the layer takes 0.80 to 0.96 of its time by that, on 2 cores; one without takes
        the same (0.97 to 1.05).
        """
        groups = self._groups()
        is_at_once = len(groups) <= 1
        pairs = groups[0] if groups and is_at_once else range(0)
        begun = self._begin(pairs, with_base=True)
        output = self._taken(begun.outputs(self._items))
        if is_at_once:
            self._pending = begun if pairs else None
        else:  # what is rendered in the backward pass must not depend on what becomes of the caller's array
            self._input = replace(self._input, audio=self._input.audio.copy())
            self._sounds = list(self._input.audio)
        if not pairs:
            begun.all()
        return output

    def pull_back(self, upstream: Float32) -> tuple[Float64 | None, Float64 | None]:
        """Return the gradients to audio and positions, from the gradient of the output; None where not wanted."""
        along: list[list[Float64 | None]] = []
        pulled: list[list[Float64 | None]] = []
        for number, differences in enumerate(self._differences()):
            if number < self._pairs_count:
                along.append([self._along(*both) for both in zip(differences, upstream, strict=True)])
            else:
                pulled.append(self._pulled(number - self._pairs_count, differences, upstream))
        to_audio = None if self._input.probe is None else self._mean_of(pulled)
        return to_audio, None if self._input.perturbation is None else self._gradient(along)

    def measure(self, loss_of: Measure) -> tuple[Float64, Float64 | None]:
        """Return the loss of each example (batch,), and its gradient to the positions; None where not wanted.

        `loss_of` turns outputs (batch, channels, samples) into losses, (batch,) or (batch, blocks).
        """
        groups = self._groups()
        first = groups[0] if groups else range(0)
        begun = self._begin(first, with_base=True)
        value = loss_of(self._taken(begun.outputs(self._items)))
        self._pending = begun
        numbers = [self._compared(pair, loss_of) for pair in self._pairs()]
        begun.all()
        mean: Float64 = value if value.ndim == 1 else value.mean(1)
        if self._input.perturbation is None:
            return mean, None
        return mean, self._gradient(numbers) / (1 if value.ndim == 1 else value.shape[1])

    # ------------------------------------------------------------ rendering

    def _groups(self) -> list[range]:
        """The numbers of the pairs, in groups whose outputs fit into `KEPT_BYTES`."""
        count = self._pairs_count + self._probes
        size = max(1, KEPT_BYTES // (2 * self._input.audio.nbytes))
        return [range(start, min(start + size, count)) for start in range(0, count, size)]

    def _begin(self, pairs: range, *, with_base: bool = False) -> PendingRenders:
        """All at once: the outputs at the positions themselves, and those of the pairs, plus before minus."""
        trials = self._trials(self._sounds, self._input.positions) if with_base else []
        for pair in pairs:
            for side in (1, -1):
                trials += self._side(pair, side)
        return PendingRenders(self._renderer, trials)

    def _trials(self, sounds: Sequence[Float32], positions: Float32) -> list[RenderTrial]:
        return [RenderTrial(*each) for each in zip(self._items, sounds, positions, strict=True)]

    def _pairs(self) -> Iterator[tuple[Iterable[Float32 | None], Iterable[Float32 | None]]]:
        """The two sides of each pair, example by example as they come. What was begun with the base comes first."""
        batch, groups, begun, start = len(self._sounds), self._groups(), self._pending, len(self._sounds)
        for number, group in enumerate(groups):
            if number > 0 or begun is None:
                begun, start = self._begin(group), 0
            for at in range(start, start + 2 * batch * len(group), 2 * batch):
                yield begun.outputs(range(at, at + batch)), map(begun.output, range(at + batch, at + 2 * batch))
            begun.all()

    def _side(self, pair: int, side: int) -> list[RenderTrial]:
        given = self._input
        if given.perturbation is not None and pair < self._pairs_count:
            positions = given.perturbation.plus[pair] if side > 0 else given.perturbation.minus[pair]
            return self._trials(self._sounds, positions)
        assert given.probe is not None
        probe = given.probe[pair - self._pairs_count]
        return self._trials(list(given.audio + side * probe), given.positions)

    def _differences(self) -> Iterator[Iterator[Float32 | None]]:
        """Plus less minus of each pair, example by example."""
        for plus, minus in self._pairs():
            yield (None if p is None or m is None else p - m for p, m in zip(plus, minus, strict=True))

    def _taken(self, base: Outputs) -> Float32:
        self.rendered = np.array([output is not None for output in base])
        return self._filled(base)

    def _filled(self, outputs: Outputs) -> Float32:
        return np.stack([s if output is None else output for output, s in zip(outputs, self._sounds, strict=True)])

    @property
    def _items(self) -> range:
        return range(len(self._sounds))

    # ------------------------------------------------------------ gradients

    def _along(self, difference: Float32 | None, upstream: Float32) -> Float64 | None:
        """How far the output moved along the upstream gradient: a number, or one for each block of moving settings,
        counted from where the block begins until its setting no longer acts."""
        if difference is None:
            return None
        positions = self._input.positions
        if positions.ndim == 2:
            return np.asarray(np.vdot(difference, upstream), np.float64)
        product = np.einsum("cs,cs->s", difference, upstream, dtype=np.float64)
        total = np.concatenate([[0.0], np.cumsum(product)])
        start = np.arange(positions.shape[1]) * self._renderer.block_frames
        reach = self._renderer.block_frames + round(REACH_S * self._renderer.sample_rate_hz)
        last = len(product)
        return np.asarray(total[np.minimum(start + reach, last)] - total[np.minimum(start, last)])

    def _compared(self, sides: Iterable[Iterable[Float32 | None]], loss_of: Measure) -> list[Float64 | None]:
        plus, minus = map(list, sides)
        difference = loss_of(self._filled(plus)) - loss_of(self._filled(minus))
        return [None if p is None or m is None else d for p, m, d in zip(plus, minus, difference, strict=True)]

    def _gradient(self, numbers: Sequence[Sequence[Float64 | None]]) -> Float64:
        """`numbers` [pair][example]; an example that was not rendered itself gets no gradient."""
        perturbation, positions = self._input.perturbation, self._input.positions
        assert perturbation is not None
        if not numbers:  # nothing may be moved
            return np.zeros(positions.shape, np.float64)
        valid = np.array([[number is not None for number in pair] for pair in numbers]) & self.rendered
        known = next((n for pair in numbers for n in pair if n is not None), np.zeros(()))
        differences = np.array([[np.zeros_like(known) if n is None else n for n in pair] for pair in numbers])
        gradient = perturbation.gradient(differences, valid)
        if self._renderer.statistics is not None:
            self._renderer.statistics.add_gradient(perturbation, differences, valid, gradient)
        return gradient

    def _pulled(self, probe: int, differences: Iterable[Float32 | None], upstream: Float32) -> list[Float64 | None]:
        assert self._input.probe is not None
        rate = self._renderer.sample_rate_hz
        return [
            None
            if difference is None
            else self._audio_estimator.pull_back(added, difference / np.float32(2), wanted, rate)
            for added, difference, wanted in zip(self._input.probe[probe], differences, upstream, strict=True)
        ]

    def _mean_of(self, pulled: Sequence[Sequence[Float64 | None]]) -> Float64:
        mean = np.zeros(self._input.audio.shape, np.float64)
        for item in np.flatnonzero(self.rendered).tolist():
            found = [gradient for pair in pulled if (gradient := pair[item]) is not None]
            if found:
                mean[item] = np.mean(found, axis=0)
        return mean
