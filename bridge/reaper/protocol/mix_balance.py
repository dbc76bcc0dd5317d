"""Levels between tracks, as the scripts and the daemon say it: which answered tracks, and what each gets.

Each track is asked for by itself first, with `levels` among its options: the daemon then keeps what it heard and
answered (`Member`), until the scripts ask for all of them together.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.reaper.protocol.messages import Identifier, Message, Reply, Request, Write

MAX_TRACKS = 200


class BalancedTrack(Message, frozen=True):
    """`id`: of the request that the track was answered by. `volume_db`: its fader, which the mix is heard through."""

    id: Identifier
    name: str
    volume_db: Annotated[float, msgspec.Meta(ge=-150.0, le=40.0)]


class MixBalanceRequest(Message, frozen=True):
    schema: int
    script_version: str
    id: Identifier
    action: Literal["levels"]
    tracks: Annotated[tuple[BalancedTrack, ...], msgspec.Meta(min_length=1, max_length=MAX_TRACKS)]


class MixBalanceReply(Message, frozen=True):
    """`tracks` holds a reply for each track that gets another level, in the place of the one that it had; with none,
    `message` says why."""

    schema: int
    id: Identifier
    status: Literal["apply", "unchanged", "error"]
    message: str
    tracks: tuple[Reply, ...] = ()

    @property
    def writes(self) -> tuple[Write, ...]:
        """Of all tracks."""
        return tuple(write for reply in self.tracks for write in reply.writes)


class AnsweredTrack(Message, frozen=True):
    """A track that was answered, as the daemon keeps it: `settings`, `confidence` and `reasons` are (controls,) of the
    model's chain."""

    schema: int
    id: Identifier
    request: Request
    reply: Reply
    settings: tuple[float, ...]
    confidence: tuple[float, ...]
    reasons: tuple[str, ...]
