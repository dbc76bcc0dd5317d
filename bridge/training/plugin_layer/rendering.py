"""Batches of perturbed renders through the plugin host: what can be rendered is, what cannot is marked.

Arrays in, arrays out; torch and gradients are not known here. Every render is whole, from reset state, at all
channels, so that neither the order of a batch nor what was rendered before can be heard in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.errors import PluginCrashed, PluginError, PluginHung
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.plugins.host.render_queue import CLOSED, RenderBatch
from bridge.training.data.retry import was_not_tried
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
        """The outputs, None where a plugin failed: an item whose plugin crashed loses its trials, the others none.

        Raises PluginError when nothing at all could be rendered five times in a row or the host is closed, and
        AudioError for trials that hold no audio: that is the caller's fault and not a plugin's.
        """
        return self.begin(trials).all()

    def begin(self, trials: Sequence[RenderTrial]) -> PendingRenders:
        """As `render`, without waiting for it."""
        return PendingRenders(self, trials, self.ask(trials))

    def ask(self, trials: Sequence[RenderTrial]) -> RenderBatch:
        settings = positions_to_normalized(self.chain, np.stack([trial.position for trial in trials]))
        renders = [
            Render(trial.audio, self.sample_rate_hz, row, self.block_frames)
            for trial, row in zip(trials, settings, strict=True)
        ]
        return self.host.begin(self.chain, renders)

    def count(self, results: Sequence[Float32 | PluginError]) -> None:
        errors = [result for result in results if isinstance(result, PluginError)]
        if self.statistics is not None:
            self.statistics.add(renders=len(results), failed_renders=len(errors))
        self.latest_error = errors[-1] if errors else self.latest_error
        self._failures_in_a_row = self._failures_in_a_row + 1 if results and len(errors) == len(results) else 0
        closed = [error for error in errors if str(error) == CLOSED]
        if closed or self._failures_in_a_row >= FAILURES_IN_A_ROW:
            raise (closed or errors)[-1]


class PendingRenders:
    """Renders on their way. The workers go on while the caller does something with the first."""

    def __init__(self, renderer: BatchRenderer, trials: Sequence[RenderTrial], batch: RenderBatch) -> None:
        self._renderer = renderer
        self._trials = trials
        self._batch = batch
        self._results: list[Float32 | PluginError] | None = None

    def output(self, index: int) -> Float32 | None:
        """That of one trial, waiting for it; None where it failed. A failure waits for all, to try again what the
        host has given up because of it."""
        result = self._batch.result(index) if self._results is None else self._results[index]
        if isinstance(result, PluginError):
            return self.all()[index]
        return result

    def outputs(self, indices: Sequence[int]) -> list[Float32 | None]:
        """Those of several trials. The last is waited for first: then most of the others are there, and this thread
        is not woken for each of them."""
        return [self.output(n) for n in reversed(indices)][::-1]

    def all(self) -> list[Float32 | None]:
        """All of them, when none is left to be tried. Raises as `BatchRenderer.render`."""
        if self._results is None:
            self._results = self._settled()
            self._renderer.count(self._results)
        return [None if isinstance(result, PluginError) else result for result in self._results]

    def _settled(self) -> list[Float32 | PluginError]:
        trials = self._trials
        results = [self._batch.result(n) for n in range(len(trials))]
        for _ in range(ROUNDS):
            blamed = _blamed(trials, results)
            waiting = [n for n in was_not_tried(results) if trials[n].item not in blamed]
            if not waiting:
                break
            again = self._renderer.ask([trials[n] for n in waiting])
            for place, n in enumerate(waiting):
                results[n] = again.result(place)
        return results


def _blamed(trials: Sequence[RenderTrial], results: Sequence[Float32 | PluginError]) -> set[int]:
    """The items whose own render crashed or hung."""
    skipped = set(was_not_tried(results))
    return {
        trial.item
        for n, (trial, result) in enumerate(zip(trials, results, strict=True))
        if isinstance(result, PluginCrashed | PluginHung) and n not in skipped
    }
