"""Facts on an auto-mix: what was measured and decided, and why controls were changed. `describe` makes English of it.

The structs travel from the guard through the messages to the scripts of REAPER: each side puts them into words in one
module. Where a struct has a kind, it is said there which numbers the kind carries. Nothing here loads torch.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class DecisionKind(StrEnum):
    """What was decided for a track or file. Numbers of `Decision` in brackets."""

    IMPROVED = "improved"  # accepted (before_db, needed_db, after_db, loudness_change_lu; loudness with a target)
    LOUDNESS_ONLY = "loudness_only"  # the tone stays, loudness and true peak are set (before_db, after_db, loudness)
    ATTENUATED = "attenuated"  # automation is accepted (regions, reverted_regions, attenuation_db)
    NOT_CLOSER = "not_closer"  # no candidate comes clearly closer to the target (before_db, needed_db, after_db)
    UNLIKE_RECORDINGS = "unlike_recordings"  # closer to the target and farther from good recordings (as above)
    UNFAMILIAR = "unfamiliar"  # the encoder knows no such sounds, and there is no reference (as above)
    WITHIN_RANGE = "within_range"  # its tone lies where good recordings of its role lie (role)
    WOULD_CLIP = "would_clip"  # (true_peak_dbtp, ceiling_dbtp)
    WOULD_SILENCE = "would_silence"
    LOUDNESS_WOULD_SHIFT = "loudness_would_shift"  # (loudness_change_lu)
    NOISE_WOULD_RISE = "noise_would_rise"  # in the pauses (lift_db)
    RUMBLE_WOULD_RISE = "rumble_would_rise"  # below the lowest band that sounds (lift_db)
    RENDER_FAILED = "render_failed"  # the plugins returned nothing usable with the new settings
    SILENT = "silent"  # the track is silent here
    TOO_SHORT = "too_short"  # too little sound to judge by (sound_s, needed_sound_s, is_part)
    NO_SPEECH = "no_speech"  # automation: nobody speaks
    UNFAMILIAR_VOICE = "unfamiliar_voice"  # automation: the rhythm of speech, but no voice as in the training
    NOTHING_TO_DO = "nothing_to_do"  # automation: no region is to be attenuated
    WOULD_HARM_SPEECH = "would_harm_speech"  # automation: every region was reverted (reverted_regions)
    NOT_DISPLAYED = "not_displayed"  # accepted, and no FX of the track would display a difference

    @property
    def is_applied(self) -> bool:
        """Whether new settings take effect."""
        return self in (DecisionKind.IMPROVED, DecisionKind.LOUDNESS_ONLY, DecisionKind.ATTENUATED)


class SearchOutcome(StrEnum):
    """What a search for better settings (`refine_s`) brought."""

    NOT_REQUESTED = "not_requested"
    NEEDS_REFERENCE = "needs_reference"  # this model is searched for only beside a reference or style
    ADOPTED = "adopted"  # its settings were accepted in the place of the encoder's
    FITTED_ALREADY = (
        "fitted_already"  # what was tried is the best fit to the reference's tone: nothing is left to search for
    )
    NO_GAIN = "no_gain"  # the encoder's settings stand


class ProposalOrigin(StrEnum):
    """Whose settings were tried."""

    ENCODER = "encoder"
    TONE_MATCH = "tone_match"  # fitted to the reference's tone: the encoder was not trained with such sounds
    TONE_RANGE = "tone_range"  # to the nearest edge of where good recordings lie: no reference, nothing else to go by
    CHAIN_SEARCH = "chain_search"  # searched for through the plugins: no model knows the chain


class LoudnessKind(StrEnum):
    """How a loudness target was met."""

    REACHED = "reached"  # within 1 LU
    LIMITED = "limited"  # the ceiling and the most limiting that is allowed did not let it
    UNMEASURABLE = "unmeasurable"  # silent or too short to have a loudness: only the ceiling was held


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Base of all facts: a number that its kind does not carry has its default, and is left out of messages."""


class Measurements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured of a sound: integrated loudness, true peak, distance to the objective. None where nothing can
    be measured, as in silence."""

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    distance_db: float | None

    def at_distance(self, distance_db: float | None) -> Measurements:
        """Return these measurements with a distance, which is measured apart."""
        return msgspec.structs.replace(self, distance_db=distance_db)

    def after_gain(self, gain_db: float) -> Measurements:
        """Return what these measurements are once the sound is so much louder; the distance is left as it is."""
        loudness, peak = self.loudness_lufs, self.true_peak_dbtp
        return msgspec.structs.replace(
            self,
            loudness_lufs=None if loudness is None else loudness + gain_db,
            true_peak_dbtp=None if peak is None else peak + gain_db,
        )


class MeasurementsPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same measurements of two states of one track."""

    before: Measurements
    after: Measurements


class LoudnessOutcome(_Fact, frozen=True):
    """A loudness target and what came out.

    Attributes:
        target_lufs, ceiling_dbtp: integrated loudness and true peak that were wanted (ITU-R BS.1770).
        loudness_lufs, true_peak_dbtp: what was measured; None where nothing can be.
        most_limiting_db: the most gain reduction that the chain allows.
    """

    kind: LoudnessKind
    target_lufs: float
    ceiling_dbtp: float
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    most_limiting_db: float = 0.0


class Decision(_Fact, frozen=True):
    """What was decided for a track or file, with what it rests on.

    Attributes:
        before_db, after_db: distance to the target before, and after (of a refusal: what the settings would lead to).
        needed_db: the distance that an improvement had to fall to.
        true_peak_dbtp, ceiling_dbtp: the highest peak that the new settings would have, and the most allowed.
        loudness_change_lu: by how much they would change the loudness; None where one of the two has none. Of what is
            accepted: by how much they do, where the loudness was to stay and that would be noticed.
        lift_db: by how much more than the sound what lies behind it would become louder.
        loudness: for models with a loudness target.
        search: what a search for better settings brought.
        origin: whose settings they are.
        nearest_db, familiar_db: how far the sound lies from the nearest ones of the encoder's training, and how far
            those may lie that it knows; None where that is not measured.
        role: of the track, where its range of tone was gone by; "" for none that is known.
        regions, reverted_regions: stretches of automation that were accepted, and that the guard took back.
        attenuation_db: median over `regions`.
        sound_s, needed_sound_s: for how long it sounds, and for how long it would have to.
        is_part: whether it was cut out of a longer sound, so that there is more to listen to.
    """

    kind: DecisionKind
    before_db: float = 0.0
    needed_db: float = 0.0
    after_db: float = 0.0
    true_peak_dbtp: float = 0.0
    ceiling_dbtp: float = 0.0
    loudness_change_lu: float | None = None
    lift_db: float = 0.0
    loudness: LoudnessOutcome | None = None
    search: SearchOutcome = SearchOutcome.NOT_REQUESTED
    origin: ProposalOrigin = ProposalOrigin.ENCODER
    nearest_db: float | None = None
    familiar_db: float | None = None
    role: str = ""
    regions: int = 0
    reverted_regions: int = 0
    attenuation_db: float = 0.0
    sound_s: float = 0.0
    needed_sound_s: float = 0.0
    is_part: bool = False

    @property
    def is_applied(self) -> bool:
        """Whether new settings take effect."""
        return self.kind.is_applied


class ExplanationKind(StrEnum):
    """Why a control was changed. Numbers of `Explanation` in brackets."""

    TONE = "tone"  # where in the spectrum it acts (low_hz, high_hz, before_db, after_db, effect_db, has_reference)
    DYNAMICS = "dynamics"  # spread of the bands over time (before_db, target_db, after_db, has_reference)
    EVENNESS = "evenness"  # how much the loudness goes up and down over time (before_db, after_db)
    GAIN = "gain"  # all bands alike (effect_db)
    LOUDNESS = "loudness"  # an output gain, limiter or ceiling (effect_db, in LU)
    MAKEUP = "makeup"  # an output gain that restores the loudness that there was
    PEAKS = "peaks"  # an output gain that keeps peaks below full scale, where there is no loudness to measure
    INAUDIBLE = "inaudible"  # by itself it changes less than 0.5 dB
    AUTOMATION = "automation"  # it moves in time (regions)
    MIX_BALANCE = "mix_balance"  # the loudness beside other tracks (role, before_db, after_db, in LU)


class Explanation(_Fact, frozen=True):
    """Why one control was changed, as it was measured.

    Attributes:
        low_hz, high_hz: the band in which the control acts, as nominal third-octave frequencies; None: open end.
        before_db, after_db: `tone`: how far the sound lies above (positive) or below its target there; `dynamics`,
            `evenness`: the spread; `mix_balance`: how much too loud the track is, in LU.
        target_db: the spread of the target.
        effect_db: what the slot does by itself; of `tone` only where the sound lies farther off than before.
        has_reference: whether the target is a reference (or a style), and not what the model predicts.
        regions: number of stretches in which it moves.
        role: of the track in the mix.
    """

    kind: ExplanationKind
    low_hz: float | None = None
    high_hz: float | None = None
    before_db: float = 0.0
    after_db: float = 0.0
    target_db: float = 0.0
    effect_db: float | None = None
    has_reference: bool = False
    regions: int = 0
    role: str = ""
