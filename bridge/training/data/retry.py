"""Renders in which one bad setting does not take the others with it.

A host gives up a batch after three crashes or hangs. Here what it left untried is asked for again, as long as
anything comes out; a chain that only crashes ends soon all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import PluginCrashed, PluginError, PluginHung
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.types import Audio


@dataclass
class RenderFailures:
    """What plugins have cost so far: how many renders failed, and what the latest error said."""

    renders: int = 0
    latest: str = ""

    def add(self, count: int, latest: PluginError | None) -> None:
        self.renders += count
        self.latest = str(latest) if count else self.latest


def render_with_retry(host: PluginHost, chain: Chain, renders: Sequence[Render]) -> list[Audio | PluginError]:
    """The results in order, an error only in the place of what failed itself, or of a batch of which nothing came."""
    results: list[Audio | PluginError] = host.render(chain, renders, return_errors=True)
    waiting = was_not_tried(results)
    while waiting:
        again = host.render(chain, [renders[n] for n in waiting], return_errors=True)
        for n, result in zip(waiting, again, strict=True):
            results[n] = result
        if all(isinstance(result, PluginError) for result in again):
            break
        waiting = was_not_tried(results)
    return results


def was_not_tried(results: Sequence[Audio | PluginError]) -> list[int]:
    """The places of what the host gave up: they share the very error that ended the batch, with the one that did."""
    ends = [(n, id(one)) for n, one in enumerate(results) if isinstance(one, PluginCrashed | PluginHung)]
    counts = Counter(number for _, number in ends)
    return [n for n, number in ends if counts[number] > 1]
