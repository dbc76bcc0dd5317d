"""What was tried of a limiter in REAPER's own render: it goes to the scripts with a reply, and comes back with the next
request."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bridge.reaper.protocol.message import Message


class TriedLevels(Message, frozen=True):
    """A limiter's levels, and what REAPER's render with them measures, once that is known."""

    threshold_db: float
    ceiling_db: float
    loudness_lufs: float = 0.0
    true_peak_dbtp: float = 0.0

    @property
    def drive_db(self) -> float:
        """How far the threshold lies below the ceiling."""
        return self.ceiling_db - self.threshold_db


class MasteringTrial(Message, frozen=True):
    """What the mix measures before its FX, and the levels that were tried, the newest last."""

    loudness_lufs: float
    true_peak_dbtp: float
    tried: Annotated[tuple[TriedLevels, ...], msgspec.Meta(max_length=16)] = ()
