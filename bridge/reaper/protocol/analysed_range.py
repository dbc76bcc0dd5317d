"""Which stretch of a track a decision rests on, as data."""

from __future__ import annotations

from typing import Literal

import msgspec

RangeSource = Literal["time selection", "items", "project"]
"""Why a range was analysed."""


class AnalysedRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Which stretch of a track was analysed, and why.

    Attributes:
        analysed_s: how much of it; `heard_s` in messages, in excerpts where the range is long.
        channels: of the track.
        is_rendered: REAPER rendered it, with what stands before the first FX that may be set.
        side_receives: how many tracks send to channels beyond the first two, as to a detector.
    """

    start_s: float
    end_s: float
    source: RangeSource
    analysed_s: float = msgspec.field(name="heard_s")
    channels: int = 2
    side_receives: int = 0
    is_rendered: bool = False
