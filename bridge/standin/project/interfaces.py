"""What items, takes and envelopes need of the track and the project that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from bridge.standin.fx.fx import StandInFx
from bridge.types import Audio


class OwningProject(Protocol):
    """The project tab at the top."""

    @property
    def is_alive(self) -> bool: ...

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def tracks(self) -> Sequence[Any]: ...

    def every_track(self) -> list[Any]:
        """The master first."""

    def remove_track(self, track: Any) -> None: ...

    def create_fx(self, name: str, **options: Any) -> StandInFx | None:
        """An FX by the name that a user would give; None where it is unknown."""

    def own_fx(self, fx: StandInFx) -> StandInFx:
        """Have an FX record automation, and end with the project."""

    def touch(self) -> None:
        """Something of the project has changed."""

    def capture(self) -> dict[str, Any]:
        """The state by the parts that undo restores."""

    def restore(self, part: str, state: Any) -> None:
        """Put one part of a captured state back."""


class OwningTrack(Protocol):
    """The track between project and item or envelope. What it holds is alive as long as it is listed there."""

    @property
    def project(self) -> OwningProject: ...

    @property
    def is_alive(self) -> bool: ...

    @property
    def items(self) -> Sequence[object]: ...

    def every_fx(self) -> list[StandInFx]:
        """All FX in order; behind a container, what is in it."""

    @property
    def envelopes(self) -> Sequence[object]: ...

    @property
    def automation_mode(self) -> int: ...

    @property
    def audio_version(self) -> int: ...

    def change_audio(self) -> None:
        """What an accessor reads has changed (an edit, a recording that goes on)."""

    def pre_fx(self, start_s: float, frames: int) -> Audio | None:
        """What the items play: (channels, frames) at the project's rate, or None where no item lies."""


class RoutedTrack(Protocol):
    """The track that others send to, or that sends to others."""

    name: str
    is_muted: bool
    sends_to_parent: bool
    volume: float
    folder_depth: int

    @property
    def project(self) -> OwningProject: ...

    @property
    def receives(self) -> Sequence[Any]: ...

    def output(self, start_s: float, frames: int) -> Audio:
        """What leaves the FX chain: (channels, frames) at the project's rate."""
