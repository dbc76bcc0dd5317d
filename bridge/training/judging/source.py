"""Where cases come from: what judging needs of a task, without knowing any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.judging.cases import Case
from bridge.training.sources.files import FoundFile


class CaseSource(Protocol):
    """Draws the cases of a task, and measures what only that task asks."""

    def cases(
        self, chain: Chain, host: PluginHost, files: Sequence[FoundFile], *, each: int, seed: int
    ) -> dict[str, list[Case]]:
        """By the name of the use: what a model that heard none of `files` is judged by, `each` of every file."""
        ...

    def measures(self, case: Case, made: NDArray[np.float32]) -> dict[str, float]:
        """What only this task asks of a processed case, name (with unit) to value."""
        ...
