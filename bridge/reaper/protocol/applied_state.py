"""What was applied to a track: the record that the panel shows and the amount moves by.

The scripts write it when a job is done (`reaper_scripts/lib/applied.lua`), and again whenever an amount comes to rest.
"""

from __future__ import annotations

from bridge.automix.facts import Decision, MeasurementsPair
from bridge.reaper.protocol.fx_snapshot import EqBandRole
from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.reaper.protocol.message import Message
from bridge.reaper.protocol.messages import Change, Identifier, Normalized


class AppliedWrite(Message, frozen=True):
    """One parameter that Bridge set. The amount moves it from `start` to `after`; at 0 it gets `before` back, and
    `band` is switched off again. It counts as touched once it is not what the last of the `states` holds."""

    fx_guid: str
    fx_index: int  # 0-based, where the FX stood then; the GUID decides
    fx_name: str
    ident: str
    index: int
    name: str
    control: str
    unit: str
    before: float
    start: float
    after: float
    before_text: str
    after_text: str
    step: float  # of the parameter, in normalized units; 0 where it has none
    confidence: float
    is_switch: bool = False  # takes `before` at 0 and `after` at any other amount
    band: EqBandRole | None = None  # a ReaEQ band that was off


class AppliedReading(Message, frozen=True):
    """What REAPER read of each write when Bridge had set this amount."""

    amount: Normalized
    values: tuple[float, ...]


class AppliedTrack(Message, frozen=True):
    """The track that a record is about."""

    guid: str
    index: int
    name: str


class AppliedJob(Message, frozen=True):
    """The newest job of a track as it stands: `spool/applied/<track GUID without braces>.json`."""

    schema: int
    id: Identifier  # of the job
    run: Identifier  # of the first job of the same action: its tracks move together
    time_s: float  # seconds since 1970, UTC, of the last change of this record
    project: str  # path
    track: AppliedTrack
    amount: Normalized
    writes: tuple[AppliedWrite, ...]
    states: tuple[AppliedReading, ...]  # the newest last; undo may lead back to any of them
    is_compared: bool = False  # the track is heard as it was; `amount` is what it goes back to
    gesture: Identifier | None = None  # moving now: the values may stand at any amount
    model: str | None = None
    decision: Decision | None = None
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    measures: MeasurementsPair | None = None
    verified: MeasurementsPair | None = None  # of what is heard, as REAPER rendered it
