"""Batches of perturbed renders through the plugin host: what can be rendered is, what cannot is marked.

Arrays in, arrays out; torch and gradients are not known here. Every render is whole, from reset state, at all
channels, so that a result depends neither on the order of a batch nor on what was rendered before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.errors import HostClosed, PluginCrashed, PluginError, PluginHung, RenderNotTried
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.host.render_queue import RenderBatch
from bridge.training.plugin_layer.gradient_statistics import GradientStatistics
from bridge.types import Float32

ROUNDS = 4  # the host gives a batch up after three crashes; so often the others of that batch are tried again
FAILURES_IN_A_ROW = 5  # batches of which nothing was rendered: then it is no longer one example that is at fault


@dataclass(frozen=True, eq=False)
class RenderTrial:
    """One render: `item` is the example of the batch that it belongs to, `position` (controls,) or (blocks,
    controls). Trials of one item that share an audio array send it to the workers once."""

    item: int
    audio: Float32
    position: Float32


class BatchRenderer:
    """Renders trials through `chain`. `statistics`, where given, counts `renders` and `failed_renders`."""

    def __init__(
        self,
        host: PluginHost,
        chain: Chain,
        sample_rate_hz: int,
        block_frames: int,
        statistics: GradientStatistics | None = None,
    ) -> None:
        self.host = host
        self.chain = chain
        self.sample_rate_hz = sample_rate_hz
        self.block_frames = block_frames
        self.statistics = statistics
        self.latest_error: PluginError | None = None
        self._failures_in_a_row = 0

    def render(self, trials: Sequence[RenderTrial]) -> list[Float32 | None]:
        """Return the outputs, None where a plugin failed: an item whose plugin crashed loses its trials, no other does.

        Raises:
            PluginError: nothing at all could be rendered five times in a row, or the host is closed.
            AudioError: trials hold no audio; that is the caller's fault and not a plugin's.
        """
        return PendingRenders(self, trials).all()

    def begin(self, trials: Sequence[RenderTrial]) -> RenderBatch:
        """Send the trials to the host, without waiting for any."""
        normalized = positions_to_normalized(self.chain, np.stack([trial.position for trial in trials]))
        renders = [
            RenderInput(trial.audio, self.sample_rate_hz, row, self.block_frames)
            for trial, row in zip(trials, normalized, strict=True)
        ]
        return self.host.begin(self.chain, renders)

    def count(self, results: Sequence[Float32 | PluginError]) -> None:
        """Count failures. Raises the latest when the host is closed or nothing was rendered five times in a row."""
        errors = [result for result in results if isinstance(result, PluginError)]
        if self.statistics is not None:
            self.statistics.add(renders=len(results), failed_renders=len(errors))
        own = [error for error in errors if not isinstance(error, RenderNotTried)]
        self.latest_error = own[-1] if own else self.latest_error
        self._failures_in_a_row = self._failures_in_a_row + 1 if results and len(errors) == len(results) else 0
        closed = [error for error in errors if isinstance(error, HostClosed)]
        if closed or self._failures_in_a_row >= FAILURES_IN_A_ROW:
            raise (closed or own or errors)[-1]


class PendingRenders:
    """Trials that were sent to the workers, which go on while the caller does something with the first results."""

    def __init__(self, renderer: BatchRenderer, trials: Sequence[RenderTrial]) -> None:
        self._renderer = renderer
        self._trials = trials
        self._batch = renderer.begin(trials)
        self._results: list[Float32 | PluginError] | None = None

    def output(self, index: int) -> Float32 | None:
        """Wait for one trial and return its output; None where it failed.

        A failure waits for all, so that those that the host gave up because of it are tried again.
        """
        result = self._batch.result(index) if self._results is None else self._results[index]
        return self.all()[index] if isinstance(result, PluginError) else result

    def outputs(self, indices: Sequence[int]) -> list[Float32 | None]:
        """Wait for several trials. The last is waited for first: then most of the others are there, and this thread
        is not woken for each of them."""
        return [self.output(n) for n in reversed(indices)][::-1]

    def all(self) -> list[Float32 | None]:
        """Return every output, when none is left to be tried. Raises as `BatchRenderer.render`."""
        if self._results is None:
            self._results = self._retried([self._batch.result(n) for n in range(len(self._trials))])
            self._renderer.count(self._results)
        return [None if isinstance(result, PluginError) else result for result in self._results]

    def _retried(self, results: list[Float32 | PluginError]) -> list[Float32 | PluginError]:
        """Try again what was not tried, but for the items whose own render crashed or hung."""
        trials = self._trials
        for _ in range(ROUNDS):
            ended = (n for n, result in enumerate(results) if isinstance(result, PluginCrashed | PluginHung))
            faulty = {trials[n].item for n in ended}
            waiting = [
                n for n, one in enumerate(results) if isinstance(one, RenderNotTried) and trials[n].item not in faulty
            ]
            if not waiting:
                break
            again = self._renderer.begin([trials[n] for n in waiting])
            for place, n in enumerate(waiting):
                results[n] = again.result(place)
        return results
