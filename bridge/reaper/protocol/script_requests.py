"""What the daemon asks of REAPER for a control surface, and what the scripts answer.

The daemon can start a script over OSC, but give it nothing and hear nothing from it: both go through the spool, one
file for each ask and each answer. This module only states the messages; `messages` checks and decodes them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.reaper.protocol.messages import Identifier, Message, Normalized

Kind = Literal["begin", "settle", "compare", "undo", "automix"]

LIVE_SCRIPT = "bridge_surface_live.lua"
AUTOMIX_SCRIPT = "bridge_surface_automix.lua"


CommandId = Annotated[str, msgspec.Meta(pattern=r"^_RS[0-9A-Za-z_]{1,80}\Z")]


class ScriptCommands(Message, frozen=True):
    """By which named ids REAPER knows the scripts that the daemon starts, as those found out that run in REAPER."""

    schema: int
    commands: Annotated[dict[str, CommandId], msgspec.Meta(max_length=64)]


class ScriptRequest(Message, frozen=True):
    """`begin` and `settle` stand around the values that the daemon streams; the scripts do the others alone."""

    schema: int
    id: Identifier
    number: int  # asks are done in rising order
    time_s: float  # seconds since 1970, UTC; what has waited for minutes is dropped
    kind: Kind
    amount: Normalized | None = None  # begin: the first value; settle: the last one
    gesture: Identifier | None = None  # settle: the id of its `begin`
    is_on: bool = False  # compare: hear the track as it was
    track: int | None = None  # automix: counted from 1; None: the selected tracks
    is_again: bool = False  # automix: the tracks of the last action, where there is one
    style: str | None = None  # automix: its name, '' for none; None: as chosen in REAPER


class AmountMove(Message, frozen=True):
    """One value that an amount moves: from `start` to `after`, and `zero` at 0. Indices are 0-based."""

    fx: Annotated[int, msgspec.Meta(ge=0)]
    parameter: Annotated[int, msgspec.Meta(ge=0)]
    zero: float
    start: float
    after: float
    is_switch: bool

    def value(self, amount: float) -> float:
        """The normalized value at an amount, 0..1. As `reaper_scripts/lib/live/interpolation.lua` computes it.

        >>> AmountMove(fx=0, parameter=3, zero=0.2, start=0.2, after=0.6, is_switch=False).value(0.5)
        0.4
        """
        if amount <= 0.0:
            return self.zero
        if amount >= 1.0 or self.is_switch:
            return self.after
        return self.start + (self.after - self.start) * amount


class MovingTrackState(Message, frozen=True):
    """What of one track moves. `index` is 0-based, -1 for the master."""

    index: Annotated[int, msgspec.Meta(ge=-1)]
    name: str
    moves: tuple[AmountMove, ...]


class ScriptAnswer(Message, frozen=True):
    """`moving`: values may be streamed. `done`. `refused`: `message` says why. `nothing`: Bridge has set nothing there.
    `ended`: the scripts have ended `gesture` by themselves."""

    schema: int
    id: Identifier
    status: Literal["moving", "done", "refused", "nothing", "ended"]
    message: str
    amount: Normalized | None = None
    is_compared: bool = False
    gesture: Identifier | None = None
    tracks: Annotated[tuple[MovingTrackState, ...], msgspec.Meta(max_length=1024)] = ()
    left_alone: tuple[LeftAlone, ...] = ()
