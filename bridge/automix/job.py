"""One job for a model and its outcome, as plain data. Nothing here computes, and nothing loads torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bridge.features.profile import SoundFeatures
from bridge.plugins.chain.chain import Chain
from bridge.types import Float32, Mask

UNHEARD = "Not heard: it changes less than 0.5 dB by itself."
"""The reason of a setting that moved for nothing. Lists leave such settings out and count them; the panel knows the
sentence too."""


class ProxyChain(NamedTuple):
    """The model's chain as it stands on a track: in that track's order, without slots that are not there, and with
    what else is heard of the plugins. `settings` takes the model's (controls,) to those of `chain`."""

    chain: Chain
    settings: Callable[[Float32], Float32]


@dataclass(frozen=True)
class LoudnessTarget:
    """How loud a sound is to come out (integrated), and the true peak that nothing passes."""

    loudness_lufs: float
    ceiling_dbtp: float


@dataclass(frozen=True)
class AutomixJob:
    """What a model is asked to do for one track.

    Attributes:
        excerpts: the track before its plugins, float32 (channels, samples) each.
        sample_rate_hz: of the excerpts.
        current: (controls,) the host's normalized values that the user has now, in the order of the chain.
        free: (controls,) which controls may move; None for all. The others stay at `current`.
        reference: a sound to come close to (from `Automix.hear` or a style), or None.
        amount_percent: 0..100, how far to go from `current` to the prediction.
        refine_s: how long to search for better settings from the prediction, in seconds; 0 for not at all.
        headroom_db: how far below full scale the highest peak must stay.
        realizable: rounds settings (controls,) to what the track's own plugins can have; it leaves `current` as it
            is. None: every value can be had.
        judged: what is rendered to judge settings by, where that is not the model's chain alone.
        target: the loudness and true peak to reach, for models that have such targets; None for the model's own.
    """

    excerpts: Sequence[Float32]
    sample_rate_hz: int
    current: Float32
    free: Mask | None = None
    reference: SoundFeatures | None = None
    amount_percent: float = 100.0
    refine_s: float = 0.0
    headroom_db: float = 0.0
    realizable: Callable[[Float32], Float32] | None = None
    judged: ProxyChain | None = None
    target: LoudnessTarget | None = None


@dataclass(frozen=True)
class Measurements:
    """What was measured of the judged excerpts. None where nothing can be measured, as in silence."""

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    distance_db: float | None


@dataclass(frozen=True)
class MeasurementsPair:
    """The same measures of two states of one track."""

    before: Measurements
    after: Measurements


@dataclass(frozen=True)
class AutomixResult:
    """The answer to a task. With `applied` off, `settings` equals `before_settings` and `reason` says why.

    Attributes:
        settings, before_settings: (controls,) the host's normalized values.
        confidence: (controls,) 0..1, see `manifest.ConfidenceLaw`.
        amount: share of the way from `before_settings` to the prediction that was taken, 0..1.
        reasons: (controls,) why each control was moved, as a sentence; '' for those that stay. Empty: none was.
    """

    applied: bool
    reason: str
    settings: Float32
    before_settings: Float32
    confidence: Float32
    amount: float
    measures_before: Measurements
    measures_after: Measurements
    reasons: tuple[str, ...] = ()
