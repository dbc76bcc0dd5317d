"""What Bridge leaves as it is and why, as data: an FX, a slot or control of a model, a value on the track.

The daemon says so of what it cannot match or read, the scripts of what the user has touched. Each side makes English
of it in one module: `bridge/reaper/describe.py` and `reaper_scripts/lib/ui/describe.lua`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class LeftAloneKind(StrEnum):
    """Why something is left as it is. Behind each kind: the fields of `LeftAlone` that it sets beside `what`."""

    # an FX of the track; `what` is its name
    BYPASSED = "bypassed"
    OFFLINE = "offline"
    PARTLY_DRY = "partly_dry"  # wet: REAPER's own Wet knob mixes the untouched sound in
    DUPLICATE = "duplicate"  # another one of its kind comes first
    NOT_IN_MODEL = "not_in_model"  # model
    UNMET_REQUIREMENT = "unmet_requirement"  # requirement, parameter, text, at_most or at_least
    UNRENDERED_BAND = "unrendered_band"  # band_type: REAPER's, of a band that is on
    UNKNOWN_SETTING = "unknown_setting"  # parameter, text: Bridge does not know what it does, and it is in use
    MIXES_DRY = "mixes_dry"  # parameter, text: its own mix of the untouched sound
    UNSURE_READING = "unsure_reading"  # parameter: what it means is not certain
    OUT_OF_REACH = "out_of_reach"  # off_by_db: its controls cannot do what is wanted
    UNREADABLE_SLOT = "unreadable_slot"  # slot: it is audible in this FX, and cannot be read

    # an active FX of the track that Bridge cannot render; `what` is its name
    NOT_RENDERED = "not_rendered"  # of a kind that Bridge does not host
    NOT_INSTALLED = "not_installed"  # no VST3 plugin of this file lies where Bridge looks
    HOST_DIFFERS = "host_differs"  # parameter, text: hosted by Bridge, the plugin shows something else
    HOST_FAILED = "host_failed"  # error: hosted by Bridge, the plugin fails

    # a slot of the model; `what` is its name, or those of several slots
    NOT_ON_TRACK = "not_on_track"  # fx
    NO_BAND = "no_band"  # fx: all its bands of this type are taken
    UNSUPPORTED = "unsupported"  # plugin: no FX of REAPER's own does what it does

    # a slot or an FX of which a parameter cannot be read or set
    NO_PARAMETER = "no_parameter"  # fx, parameter
    NO_DISPLAY_LAW = "no_display_law"  # fx, parameter: what it displays is no rising or falling row of numbers
    UNCONFIRMED_DISPLAY = "unconfirmed_display"  # fx, parameter, text: its own grid says otherwise
    OTHER_UNIT = "other_unit"  # fx, parameter, unit, wanted_unit
    AUTOMATED = "automated"  # fx, parameter: an armed envelope would override the value
    MODULATED = "modulated"  # fx, parameter, modulation
    LINK_SOURCE = "link_source"  # fx, parameter: another parameter follows it

    # an FX in a container; `what` is its name
    CONTAINER_OFF = "container_off"  # fx: the container, which is bypassed or offline
    CONTAINER_CHANGES_IT = "container_changes_it"  # fx: the container, which is more than a chain of FX

    # a control of the model, or a value that Bridge has set
    IN_USE = "in_use"  # only a control at rest can be automated and come back
    TOUCHED = "touched"  # fx, parameter: changed since Bridge set it
    TRACK_FX_OFF = "track_fx_off"  # the FX button of the track is off
    TRACK_RECORDS = "track_records"  # text: the automation mode, in which REAPER records what is set
    FX_REMOVED = "fx_removed"  # fx
    FX_OFFLINE = "fx_offline"  # fx

    # the model itself; `what` is its name
    MODEL_DAMAGED = "model_damaged"  # error: it changed on disk, and is used as it was


class Requirement(StrEnum):
    """What of an FX must be neutral for it to act as what is rendered in its place (`stock_fx.toml`)."""

    DRY_SIGNAL = "dry_signal"
    AUTO_MAKEUP = "auto_makeup"
    AUTO_RELEASE = "auto_release"
    DETECTOR_HIGHPASS = "detector_highpass"
    DETECTOR_LOWPASS = "detector_lowpass"
    LOOKAHEAD = "lookahead"
    KNEE = "knee"
    RMS_WINDOW = "rms_window"
    DETECTOR_INPUT = "detector_input"
    FILTER_PREVIEW = "filter_preview"
    LEGACY_OPTIONS = "legacy_options"
    OUTPUT_LIMIT = "output_limit"
    MULTICHANNEL = "multichannel"

    # of any FX: how REAPER runs it (`FxMode`)
    DELTA_SOLO = "delta_solo"
    OVERSAMPLED = "oversampled"
    PARALLEL = "parallel"
    PINS = "pins"


class FxMode(StrEnum):
    """What makes REAPER run an FX otherwise than once, in its place, on the track's first two channels."""

    DELTA_SOLO = "delta_solo"  # only what it changes is heard
    OVERSAMPLED = "oversampled"
    PARALLEL = "parallel"  # beside the FX before it
    PINS = "pins"  # its inputs or outputs are on other channels


class ModulationKind(StrEnum):
    """What moves a parameter beside envelopes, which takes no value that is written to it."""

    LFO = "lfo"
    AUDIO = "audio"  # the audio control signal
    LINK = "link"  # another parameter
    MIDI = "midi"


class LeftAlone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One thing that is left as it is, and why. Which fields are set is said at each kind."""

    what: str
    kind: LeftAloneKind
    fx: str = ""
    slot: str = ""
    parameter: str = ""
    text: str = ""  # what the parameter displays
    unit: str = ""
    wanted_unit: str = ""
    plugin: str = ""
    model: str = ""
    error: str = ""
    wet: float | None = None
    band_type: int | None = None
    requirement: Requirement | None = None
    modulation: ModulationKind | None = None
    at_most: float | None = None  # a switch has neither bound: it is to be off
    at_least: float | None = None
    off_by_db: float | None = None
