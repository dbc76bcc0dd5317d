"""Settings of features: how sound becomes log-mel frames. A model states its own in its manifest."""

from __future__ import annotations

from typing import Annotated

import msgspec


class FeatureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How sound becomes log-mel frames. Times, not sample counts: the same at every sample rate.

    The bounds are such that at every rate that models work at, at least one band lies below half of it.
    """

    bands: Annotated[int, msgspec.Meta(ge=8, le=512)] = 64
    low_hz: Annotated[float, msgspec.Meta(ge=0, le=2000)] = 30.0
    high_hz: Annotated[float, msgspec.Meta(gt=0, le=96_000)] = 16000.0
    window_s: Annotated[float, msgspec.Meta(ge=0.002, le=1)] = 2048 / 44100
    hop_s: Annotated[float, msgspec.Meta(ge=0.001, le=1)] = 1024 / 44100
    floor_db: Annotated[float, msgspec.Meta(ge=-200, le=-20)] = -90.0

    def __post_init__(self) -> None:
        if self.high_hz - self.low_hz < 2 / self.window_s:  # a window tells apart what is 1 / window_s apart
            raise ValueError(
                f"high_hz is {self.high_hz:g}; with low_hz {self.low_hz:g} and window_s {self.window_s:g} "
                f"give at least {self.low_hz + 2 / self.window_s:.0f}"
            )
