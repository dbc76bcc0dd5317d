"""The messages between REAPER's scripts and the daemon: the files in the spool, as one table of types.

The scripts write a `Request` and a `Receipt`, the daemon a `Reply`, a `Progress` and a `Heartbeat`; what live control
needs is in `applied_state` and `script_calls`. All are JSON with a schema version; unknown keys, unknown versions
and oversized files are errors on both sides. Messages carry facts: English is made of them in `bridge.reaper.describe`
and in `reaper_scripts/lib`. This module only checks, encodes and decodes: it opens no file and no socket.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeVar

import msgspec

from bridge.automix.facts import Decision, Explanation, MeasurementsPair
from bridge.errors import LinkError
from bridge.reaper.protocol.analysed_range import AnalysedRange, RangeSource
from bridge.reaper.protocol.fx_snapshot import EqBandRole, FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.reaper.protocol.mastering_trial import MasteringTrial
from bridge.reaper.protocol.message import Message

SCHEMA = 2
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

Normalized = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]


# ---------------------------------------------------------------- request: what the track is beside its FX


class TrackSnapshot(Message, frozen=True):
    """What a request says of the track beside its FX."""

    guid: str
    index: int  # 0-based; -1 is the master track
    name: str
    muted: bool
    is_folder: bool
    automation_mode: int
    channels: int = 2  # of the track; the first two were listened to
    side_receives: int = 0  # tracks that send to channels beyond these, as to a detector


class ProjectSnapshot(Message, frozen=True):
    """The project that the track is in, and how often it had been changed."""

    path: str
    change_count: int


class TimeRange(Message, frozen=True):
    """The stretch of project time that excerpts are taken from."""

    start_s: float
    end_s: float
    source: RangeSource  # why this range
    cuts_items: bool = (
        False  # an item that sounds reaches out of what was listened to: that is a part of a longer sound
    )


class Excerpt(Message, frozen=True):
    """A stretch of the track in the audio file: the file holds the excerpts end to end."""

    start_s: float
    frames: Annotated[int, msgspec.Meta(ge=0, le=1 << 32)]


class RequestAudio(Message, frozen=True):
    """The track's audio before its FX, or before one of them: a float32 WAV in `spool/audio`."""

    file: str  # a bare file name: '<id>.wav'
    sample_rate_hz: int
    channels: int
    excerpts: Annotated[tuple[Excerpt, ...], msgspec.Meta(max_length=20_000)]
    tap: str = ""  # GUID of the FX before which REAPER has rendered it; '': an accessor has read it, before all FX


class RequestOptions(Message, frozen=True):
    """What the user wants of a job."""

    model: str | None = None
    style: str | None = None
    reference: RequestAudio | None = None
    amount_percent: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 100.0
    add_missing_fx: bool = False
    only_missing: bool = False  # the reply names the FX to add and sets nothing: no audio is needed
    automation: bool = False  # the reply may hold automation, over the request's range
    levels: bool = False  # a mix balance with other tracks will be requested: the audio is kept for it
    may_render: bool = False  # REAPER may be asked to render the track's sound
    asks_for_tap: bool = False  # the items alone are not its sound, and no audio comes: before which FX to render it?
    verify: Literal["off", "needed", "always"] = "off"  # when the scripts have REAPER render before and after
    trial: MasteringTrial | None = None  # the audio left the FX while they had these levels, see `Reply.trial`
    ignore_unrendered: bool = False  # judge although FX are active that Bridge cannot render: the user wants it so


class Request(Message, frozen=True):
    """One track to be auto-mixed: its FX as they stand, and where its sound lies."""

    schema: int
    script_version: str
    id: Identifier
    action: Literal["automix"]
    project: ProjectSnapshot
    track: TrackSnapshot
    range: TimeRange
    audio: RequestAudio
    fx: tuple[FxSnapshot, ...]
    options: RequestOptions = RequestOptions()


# ---------------------------------------------------------------- reply: what to do


class Write(Message, frozen=True):
    """One parameter to set. REAPER must still read `before`, or the user has touched it since."""

    fx_guid: str
    ident: str
    index: int
    before: float
    normalized: Normalized
    expected_text: str  # what the FX must then display; '' where that is not known
    tolerance: float  # in normalized units: how far the read-back may lie from `normalized`
    is_switch: bool = False  # enabling switches are written first
    eq_band: EqBandRole | None = None  # a ReaEQ band that must be enabled before the value is written
    start: Normalized | None = None  # where the amount begins; None: at `before`, which a band that was off has not
    control: str = ""  # which control of the model's chain this sets
    unit: str = ""
    confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0


class AutomationWrite(Message, frozen=True):
    """One parameter that moves over the request's range: straight lines between points."""

    fx_guid: str
    ident: str
    index: int
    points: Annotated[
        tuple[tuple[float, Normalized], ...], msgspec.Meta(min_length=1, max_length=20_000)
    ]  # (project time in seconds, normalized), in rising order
    control: str = ""
    unit: str = ""


class Change(Message, frozen=True):
    """One changed control in the model's terms."""

    slot: str
    plugin: str
    control: str
    unit: str
    before: float | None
    after: float
    text: str
    confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    explanation: Explanation | None = None


class SkipReason(StrEnum):
    """Why a model did nothing with a request."""

    NOTHING_MISSING = "nothing_missing"  # only missing FX were to be added, and there are none
    NOTHING_TO_SET = "nothing_to_set"  # no FX of the track can be set: see `Reply.add_fx` and `Reply.left_alone`
    NEEDS_AUTOMATION = "needs_automation"  # the model's settings move, and the request is not for automation
    NOT_RENDERED = "not_rendered"  # what is heard cannot be rendered: see `Reply.unrendered` and `Reply.left_alone`


class TrackBalance(Message, frozen=True):
    """What a mix balance has added to a track's reply."""

    role: str
    gain_db: float


class Reply(Message, frozen=True):
    """The reply to a request.

    Attributes:
        status: `apply` carries writes or curves; `unchanged` has none; `add_fx` names the FX to add before the request
            is sent again, `render` the one before which REAPER is to render the sound for that, `try` the writes that
            REAPER is to render with and put back; `error` carries one line for the user.
        error: that line.
        decision: what was decided of the track's sound; None where the model did nothing with it.
        skipped: why not, unless the status says it.
        verify: the settings may stay only where what is really heard improved: see `verification`.
        add_fx: FX that the model could set and the track lacks.
        add_instead: for each of them REAPER's own FX to add where it is not installed, '' for none; empty: for none.
        add_before: the GUID of the FX before which they belong, a limiter or meter; '' for the end.
        tap: the GUID of the FX before which to render.
        trial: goes back with the request that brings the render.
        unrendered: active FX of the track that Bridge cannot render; `left_alone` says why.
        computed: FX of any maker whose effect is computed from what they display, and neither rendered nor heard.
        unsupported: slots of the model that no FX of REAPER's can stand for.
        balance: in the replies of a mix balance.
        analysed: what the decision rests on, `heard` in messages; None where no sound was analysed.
    """

    schema: int
    id: Identifier
    status: Literal["apply", "unchanged", "add_fx", "render", "try", "error"]
    error: str = ""
    decision: Decision | None = None
    skipped: SkipReason | None = None
    balance: TrackBalance | None = None
    analysed: AnalysedRange | None = msgspec.field(default=None, name="heard")
    model: str | None = None
    verify: bool = False
    undo_text: str = "Bridge: Auto-mix track"
    project_change_count: int = 0
    writes: tuple[Write, ...] = ()
    curves: tuple[AutomationWrite, ...] = ()  # only where the request asked for automation
    add_fx: tuple[str, ...] = ()
    add_instead: tuple[str, ...] = ()
    add_before: str = ""
    tap: str = ""
    trial: MasteringTrial | None = None
    unrendered: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    unsupported: tuple[str, ...] = ()
    measures: MeasurementsPair | None = None


# ---------------------------------------------------------------- receipt: what REAPER read back


class ReadBack(Message, frozen=True):
    """What REAPER read of one write, and whether it is what was wanted."""

    fx_guid: str
    ident: str
    index: int
    wanted: float
    read: float
    text: str
    status: Literal["ok", "differs", "refused", "touched", "gone"]


class Receipt(Message, frozen=True):
    """`applied`: all written. `restored`: something failed and the snapshot was put back. `dropped`: nothing was
    written, because the track, an FX or the project went away or changed, or the user stopped waiting. `error` is one
    line on why, made by the scripts; '' where all was written, and where it was put back since what is heard did not
    improve. `verified`: what is heard before and after, as REAPER rendered it."""

    schema: int
    id: Identifier
    status: Literal["applied", "restored", "dropped"]
    error: str = ""
    results: tuple[ReadBack, ...] = ()
    verified: MeasurementsPair | None = None


# ---------------------------------------------------------------- progress and heartbeat


class Progress(Message, frozen=True):
    """How far a job is, and at which step."""

    schema: int
    id: Identifier
    fraction: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    step: str


class Heartbeat(Message, frozen=True):
    """Written every second; older than five seconds means that no daemon serves this spool."""

    schema: int
    version: str
    pid: int
    time_s: float  # seconds since 1970, UTC
    osc_port: int  # 0: the daemon hears no OSC, for another program has the port


class AvailableModel(Message, frozen=True):
    """A model that requests may name."""

    name: str


class AvailableModels(Message, frozen=True):
    """Which models there are, for menus in REAPER. Styles are files that the scripts see themselves."""

    schema: int
    models: tuple[AvailableModel, ...]


M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """Return a message as JSON."""
    return msgspec.json.encode(message)


def decode(data: bytes, kind: type[M], *, source: str, oldest: int = SCHEMA) -> M:
    """Decode and check one message. `source` names it in errors: LinkError for anything that does not fit.

    `oldest`: the first schema version that the kind has been the same since, for files that outlive an installation.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise LinkError(
            f"{source} holds {len(data):,} bytes; a message holds at most {MAX_MESSAGE_BYTES:,}. It was ignored."
        )
    try:
        version = msgspec.json.decode(data, type=_WithSchema).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LinkError(f"{source} is not a message of Bridge: {error}.") from error
    if not oldest <= version <= SCHEMA:
        raise LinkError(
            f"{source} has schema version {version}; this Bridge speaks version {SCHEMA}. "
            "Install scripts and daemon of the same release (`reaper-bridge install`)."
        )
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LinkError(f"{source} does not fit the message format: {error}.") from error


def action_of(data: bytes) -> str:
    """The action of a request; '' where it is none."""
    try:
        return msgspec.json.decode(data, type=_WithAction).action
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


class _WithSchema(msgspec.Struct, frozen=True):
    schema: int


class _WithAction(msgspec.Struct, frozen=True):
    action: str = ""
