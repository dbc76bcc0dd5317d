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
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost, Render
from bridge.training.layer.perturbation import Float32

ROUNDS = 4  # the host gives a batch up after three crashes; so often the others of that batch are tried again
FAILURES_IN_A_ROW = 5  # batches of which nothing was rendered: then it is no longer one example that is at fault


@dataclass(frozen=True, eq=False)
class Trial:
    """One render: `item` is the example of the batch that it belongs to, `position` (controls,) or (blocks,
    controls). Trials of one item that share an audio array send it to the workers once."""

    item: int
    audio: Float32
    position: Float32


class BatchRenderer:
    """Renders trials through `chain`. Counts what it did: `renders` and `failed_renders`, of the latest call."""

    def __init__(self, host: PluginHost, chain: Chain, sample_rate_hz: int, block_frames: int) -> None:
        self.host = host
        self.chain = chain
        self.sample_rate_hz = sample_rate_hz
        self.block_frames = block_frames
        self.latest_error: PluginError | None = None
        self.renders = self.failed_renders = 0
        self._failures_in_a_row = 0

    def render(self, trials: Sequence[Trial]) -> list[Float32 | None]:
        """The outputs, None where a plugin failed: an item whose plugin crashed loses its trials, the others none.

        Raises PluginError when nothing at all could be rendered five times in a row, and AudioError for trials that
        hold no audio: that is the caller's fault and not a plugin's.
        """
        results: list[Float32 | PluginError] = self._ask(trials)
        blamed = _blamed(trials, results)
        for _ in range(ROUNDS):
            waiting = [n for n in _not_tried(results) if trials[n].item not in blamed]
            if not waiting:
                break
            for n, result in zip(waiting, self._ask([trials[n] for n in waiting]), strict=True):
                results[n] = result
            blamed |= _blamed(trials, results)
        self._count(results)
        return [None if isinstance(result, PluginError) else result for result in results]

    def _ask(self, trials: Sequence[Trial]) -> list[Float32 | PluginError]:
        settings = positions_to_normalized(self.chain, np.stack([trial.position for trial in trials]))
        renders = [
            Render(trial.audio, self.sample_rate_hz, row, self.block_frames)
            for trial, row in zip(trials, settings, strict=True)
        ]
        return self.host.render(self.chain, renders, return_errors=True)

    def _count(self, results: Sequence[Float32 | PluginError]) -> None:
        errors = [result for result in results if isinstance(result, PluginError)]
        self.renders, self.failed_renders = len(results), len(errors)
        self.latest_error = errors[-1] if errors else self.latest_error
        self._failures_in_a_row = self._failures_in_a_row + 1 if results and len(errors) == len(results) else 0
        if self._failures_in_a_row >= FAILURES_IN_A_ROW:
            raise errors[-1]


def _not_tried(results: Sequence[Float32 | PluginError]) -> list[int]:
    """What the host gave up without trying holds the very error that ended the batch, many times over."""
    counts: dict[int, list[int]] = {}
    for n, result in enumerate(results):
        if isinstance(result, PluginCrashed | PluginHung):
            counts.setdefault(id(result), []).append(n)
    return [n for group in counts.values() if len(group) > 1 for n in group]


def _blamed(trials: Sequence[Trial], results: Sequence[Float32 | PluginError]) -> set[int]:
    """The items whose own render crashed or hung."""
    skipped = set(_not_tried(results))
    return {
        trial.item
        for n, (trial, result) in enumerate(zip(trials, results, strict=True))
        if isinstance(result, PluginCrashed | PluginHung) and n not in skipped
    }
