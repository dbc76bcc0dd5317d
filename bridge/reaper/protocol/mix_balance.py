"""A mix balance between tracks as messages: which tracks were answered, and the replies with their gains.

Each track is requested by itself first, with `levels` among its options: the daemon then keeps the audio and
what it replied (`AnsweredTrack`), until the scripts request the balance of all of them together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from bridge.automix.facts import Explanation
from bridge.reaper.protocol.message import Message
from bridge.reaper.protocol.messages import Identifier, Reply, Request, Write

MAX_TRACKS = 200


class TrackToBalance(Message, frozen=True):
    """`id`: of the request that the track was answered by. `volume_db`: of its fader, which stands in the mix."""

    id: Identifier
    name: str
    volume_db: Annotated[float, msgspec.Meta(ge=-150.0, le=40.0)]


class MixBalanceRequest(Message, frozen=True):
    """Tracks that were answered, whose gains are to fit each other."""

    schema: int
    script_version: str
    id: Identifier
    action: Literal["levels"]
    tracks: Annotated[tuple[TrackToBalance, ...], msgspec.Meta(min_length=1, max_length=MAX_TRACKS)]


class BalanceKind(StrEnum):
    """What was decided of a mix balance. Fields of `BalanceDecision` in brackets."""

    IMPROVED = "improved"  # (tracks, before_lu, after_lu, true_peak_dbtp)
    NOT_CLOSER = "not_closer"  # (before_lu)
    NO_FX = "no_fx"  # no FX of a track may be set (names)
    NO_OUTPUT_GAIN = "no_output_gain"  # no FX with an output gain (names)
    UNKNOWN_ROLES = "unknown_roles"  # what these tracks play is not clear (names)
    ONE_ROLE = "one_role"  # all tracks have the same
    OTHER_RANGES = "other_ranges"  # the tracks were gathered over different stretches of time
    OUT_OF_REACH = "out_of_reach"  # an output gain does not reach what is needed (names, needed_db)
    WOULD_CLIP = "would_clip"  # their sum

    @property
    def is_refusal(self) -> bool:
        """Whether the user has to change something first."""
        return self not in (BalanceKind.IMPROVED, BalanceKind.NOT_CLOSER)


class BalanceDecision(Message, frozen=True, omit_defaults=True):
    """What was decided, with what it rests on.

    Attributes:
        names: of the tracks that stand in the way.
        before_lu, after_lu: how far the tracks lie from the balance of real mixes.
        true_peak_dbtp: of the sum.
        needed_db: the gain that a track would need.
    """

    kind: BalanceKind
    names: tuple[str, ...] = ()
    tracks: int = 0
    before_lu: float = 0.0
    after_lu: float = 0.0
    true_peak_dbtp: float = 0.0
    needed_db: float = 0.0


class MixBalanceReply(Message, frozen=True):
    """`tracks` holds a reply for each track that gets another gain, in the place of the one that it had.

    `error` is one line, where the status is `error` and there is no decision.
    """

    schema: int
    id: Identifier
    status: Literal["apply", "unchanged", "error"]
    decision: BalanceDecision | None = None
    error: str = ""
    tracks: tuple[Reply, ...] = ()

    @property
    def writes(self) -> tuple[Write, ...]:
        """Of all tracks."""
        return tuple(write for reply in self.tracks for write in reply.writes)


class AnsweredTrack(Message, frozen=True):
    """A track that was answered, as the daemon keeps it. Values are (controls,) of the model's chain."""

    schema: int
    id: Identifier
    request: Request
    reply: Reply
    normalized: tuple[float, ...]
    confidence: tuple[float, ...]
    explanations: tuple[Explanation | None, ...]
