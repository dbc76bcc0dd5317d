"""One auto-mix job and its result, as plain data, the same for every kind of model. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from bridge.automix.facts import Decision, Explanation, Measurements
from bridge.features.profile import SoundFeatures
from bridge.plugins.chain.chain import Chain
from bridge.types import Audio, Float32, Float64, Mask, NormalizedArray

Progress = Callable[[float, str], None]
"""Called with the share that is done, 0..1, and the step that begins."""


def no_progress(share: float, step: str) -> None:
    """Report nothing."""


class ProxyChain(NamedTuple):
    """The model's chain as it is on a track: in that track's order, without slots that are not there, and with the
    plugins' other settings that have an effect. `convert` takes the model's (controls,) to those of `chain`."""

    chain: Chain
    convert: Callable[[NormalizedArray], NormalizedArray]


@dataclass(frozen=True)
class LoudnessTarget:
    """The integrated loudness that a sound is to have, and the true peak that nothing passes (ITU-R BS.1770)."""

    loudness_lufs: float
    ceiling_dbtp: float


@dataclass(frozen=True)
class AutomationCurve:
    """One control over time: straight lines between breakpoints, constant before the first and after the last.

    Attributes:
        times_s: (points,) rising, in seconds from the beginning of the sound.
        values: (points,) of the control; in an `AutomixResult`, normalized.
    """

    times_s: Float64
    values: Float64

    def at(self, times_s: Float64) -> Float64:
        """Return the values at any times."""
        return np.asarray(np.interp(times_s, self.times_s, self.values))


class SoundSource(Protocol):
    """All of a sound, for models whose settings move: read in blocks as often as needed, and rendered by rows."""

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def frames(self) -> int: ...

    def blocks(self) -> Iterable[Audio]:
        """The sound before its plugins, in blocks (channels, samples)."""
        ...

    def render(self, chain: Chain, rows: Float32, block_frames: int) -> None:
        """Render it with `rows` (blocks, controls), one for each `block_frames`. Raises PluginError."""
        ...

    def rendered(self) -> Iterable[Audio]:
        """What the last `render` made, in blocks."""
        ...


@dataclass(frozen=True)
class AutomixJob:
    """What a model is to do for one track.

    Attributes:
        excerpts: the track before its plugins, float32 (channels, samples) each; for a model whose settings move, one.
        sample_rate_hz: of the excerpts.
        current: (controls,) the host's normalized values that the user has now, in the order of the chain.
        is_dry: whether the sound is heard without the chain so far, as a file is: `current` is then only where the
            controls start, and new settings must be better than the untouched sound.
        free: (controls,) which controls may move; None for all. The others stay at `current`.
        reference: a sound to come close to (from `Automix.extract_features` or a style), or None.
        amount_percent: 0..100, how far to go from `current` to the prediction.
        refine_s: how long to search for better settings from the prediction, in seconds; 0 for not at all.
        headroom_db: how far below full scale the highest peak must stay.
        realizable: rounds settings (controls,) to what the track's own plugins can have; it leaves `current` as it
            is. None: every value can be had.
        proxy: what is rendered to measure settings by, where that is not the model's chain alone.
        target: the loudness and true peak to reach, for models that have such targets; None for the model's own.
        sound: all of the track in the place of `excerpts`, for models whose settings move and sounds that are not in
            memory.
        gain_slot: a slot of `proxy` that a gain moving in time stands for, of models whose settings move; '' for none.
        gain_floor_db: as far as that gain may fall.
        is_part: whether `excerpts` are cut out of a longer sound, as by a time selection. All of a short sound says
            more than as little of a long one.
        role: of the track in the mix, where that is known (`bridge.mix_balance.role_by_name`).
    """

    excerpts: Sequence[Audio]
    sample_rate_hz: int
    current: NormalizedArray
    is_dry: bool = False
    free: Mask | None = None
    reference: SoundFeatures | None = None
    amount_percent: float = 100.0
    refine_s: float = 0.0
    headroom_db: float = 0.0
    realizable: Callable[[NormalizedArray], NormalizedArray] | None = None
    proxy: ProxyChain | None = None
    target: LoudnessTarget | None = None
    sound: SoundSource | None = None
    gain_slot: str = ""
    gain_floor_db: float = -60.0
    is_part: bool = False
    role: str | None = None

    @property
    def free_mask(self) -> Mask:
        """(controls,) which controls may move, as a new array."""
        return np.ones(len(self.current), dtype=bool) if self.free is None else self.free.copy()


@dataclass(frozen=True)
class AutomixResult:
    """The result of a job. Where `decision` is a refusal, `normalized` equals `before_normalized`.

    Attributes:
        normalized, before_normalized: (controls,) the host's normalized values. Of a control that moves, the value of
            its curve that lies farthest from where it was.
        confidence: (controls,) 0..1, see `manifest.ConfidenceCalibration`; of a control that moves, how sure the model
            is of its regions, in the mean.
        amount: share of the way from `before_normalized` to the prediction that was taken, 0..1.
        explanations: (controls,) why each control was changed; None for those that stay. Empty: none was.
        curves: by the place of the control in the chain, for controls that move in time.
        gain: what stands for the job's `gain_slot`: a factor over time; None where nothing does.
    """

    decision: Decision
    normalized: NormalizedArray
    before_normalized: NormalizedArray
    confidence: Float32
    amount: float
    measures_before: Measurements
    measures_after: Measurements
    explanations: tuple[Explanation | None, ...] = ()
    curves: Mapping[int, AutomationCurve] = field(default_factory=dict)
    gain: AutomationCurve | None = None

    @property
    def applied(self) -> bool:
        """Whether new settings take effect."""
        return self.decision.is_applied


def unjudged(job: AutomixJob, decision: Decision) -> AutomixResult:
    """Return the result of a job of which nothing was measured: the user's own settings."""
    current, nothing = np.asarray(job.current, dtype=np.float32), Measurements(None, None, None)
    unsure = np.zeros(len(current), dtype=np.float32)
    return AutomixResult(decision, current, current, unsure, 0.0, nothing, nothing)
