"""Requests of the daemon to REAPER's scripts, for a control surface, and the scripts' answers.

The daemon can start a script over OSC, but give it nothing and learn nothing from it: both go through the spool, one
file for each request and each answer. This module only states the messages; `messages` checks and decodes them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.reaper.protocol.message import Message
from bridge.reaper.protocol.messages import Identifier, Normalized

Kind = Literal["begin", "settle", "compare", "undo", "automix"]

LIVE_SCRIPT = "bridge_surface_live.lua"
AUTOMIX_SCRIPT = "bridge_surface_automix.lua"


CommandId = Annotated[str, msgspec.Meta(pattern=r"^_RS[0-9A-Za-z_]{1,80}\Z")]


class ScriptCommands(Message, frozen=True):
    """By which named ids REAPER knows the scripts that the daemon starts, as those found out that run in REAPER."""

    schema: int
    commands: Annotated[dict[str, CommandId], msgspec.Meta(max_length=64)]


class ScriptCall(Message, frozen=True):
    """`begin` and `settle` stand around the values that the daemon streams; the scripts do the others alone.

    Attributes:
        number: requests are done in rising order.
        time_s: seconds since 1970, UTC; what has waited for minutes is dropped.
        amount: of `begin` the first value, of `settle` the last one.
        gesture: of `settle`, the id of its `begin`.
        is_on: of `compare`: hear the track as it was.
        track: of `automix`, counted from 1; None: the selected tracks.
        is_again: of `automix`: the tracks of the last action, where there is one.
        style: of `automix`: its name, '' for none; None: as chosen in REAPER.
    """

    schema: int
    id: Identifier
    number: int
    time_s: float
    kind: Kind
    amount: Normalized | None = None
    gesture: Identifier | None = None
    is_on: bool = False
    track: int | None = None
    is_again: bool = False
    style: str | None = None


class AmountValue(Message, frozen=True):
    """One value that an amount moves: from `start` to `after`, and `zero` at 0. Indices are 0-based."""

    fx: Annotated[int, msgspec.Meta(ge=0)]
    parameter: Annotated[int, msgspec.Meta(ge=0)]
    zero: float
    start: float
    after: float
    is_switch: bool

    def value(self, amount: float) -> float:
        """The normalized value at an amount, 0..1. As `reaper_scripts/lib/live/interpolation.lua` computes it.

        >>> AmountValue(fx=0, parameter=3, zero=0.2, start=0.2, after=0.6, is_switch=False).value(0.5)
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
    moves: tuple[AmountValue, ...]


class ScriptCallAnswer(Message, frozen=True):
    """The answer to a request, or the news that the scripts have ended a gesture by themselves.

    Attributes:
        status: `moving`: values may be streamed. `nothing`: Bridge has set nothing there. `ended`: the
            scripts have ended `gesture` by themselves.
        error: of `refused`, `nothing` and `ended`: one line on why, made by the scripts.
        amount, is_compared: where the tracks stand now.
        left_alone: values that were not moved.
        refused: names of values that REAPER shows otherwise than they were set.
        undone: the text of the undo step that was taken back.
        is_overtaken: of `ended`: another script's turn has come.
    """

    schema: int
    id: Identifier
    status: Literal["moving", "done", "refused", "nothing", "ended"]
    error: str = ""
    amount: Normalized | None = None
    is_compared: bool = False
    gesture: Identifier | None = None
    tracks: Annotated[tuple[MovingTrackState, ...], msgspec.Meta(max_length=1024)] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    refused: tuple[str, ...] = ()
    undone: str = ""
    is_overtaken: bool = False
