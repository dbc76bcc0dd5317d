"""Where cases come from: what judging needs of a task, without knowing any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.recordings import AudioFileEntry
from bridge.training.evaluation.cases import EvaluationCase
from bridge.types import Float32


class CaseSource(Protocol):
    """Draws the cases of a task, and measures what only that task asks."""

    def cases(
        self, chain: Chain, host: PluginHost, files: Sequence[AudioFileEntry], *, each: int, seed: int
    ) -> dict[str, list[EvaluationCase]]:
        """By the name of the use: what a model that heard none of `files` is judged by, `each` of every file."""
        ...

    def measures(self, case: EvaluationCase, made: Float32) -> dict[str, float]:
        """What only this task asks of a processed case, name (with unit) to value."""
        ...
