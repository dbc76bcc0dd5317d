"""What items, takes and envelopes need of the track and the project that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.standin.fx.fx import StandInFx
from bridge.types import Audio


class OwningProject(Protocol):
    """The project tab at the top."""

    @property
    def is_alive(self) -> bool: ...

    @property
    def sample_rate_hz(self) -> int: ...

    def touch(self) -> None:
        """Something of the project has changed."""


class OwningTrack(Protocol):
    """The track between project and item or envelope. What it holds is alive as long as it is listed there."""

    @property
    def project(self) -> OwningProject: ...

    @property
    def is_alive(self) -> bool: ...

    @property
    def items(self) -> Sequence[object]: ...

    @property
    def fx(self) -> Sequence[StandInFx]: ...

    @property
    def envelopes(self) -> Sequence[object]: ...

    @property
    def automation_mode(self) -> int: ...

    @property
    def audio_version(self) -> int: ...

    def change_audio(self) -> None:
        """What an accessor reads has changed (an edit, a recording that goes on)."""

    def pre_fx(self, start_s: float, frames: int) -> Audio | None:
        """What enters the first FX: (2, frames) at the project's rate, or None where no item lies."""
