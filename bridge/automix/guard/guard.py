"""Do no harm: settings are accepted only when the real plugins show that they improve the stated measure.

The guard renders a few windows of the track with the user's settings and with the prediction at several amounts,
and measures how far each lies from the target profile. It never lets through a louder peak than full scale (or
than was there before), silence, a broken output, or an improvement too small to be told from chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bridge.audio.loudness import true_peak_dbtp
from bridge.audio.silence import SILENCED_RMS
from bridge.automix.candidate import Candidate, CandidateMetrics
from bridge.automix.job import Measurements, ProxyChain
from bridge.automix.objective import Objective
from bridge.errors import PluginError
from bridge.features.mel import extract_features
from bridge.features.profile import SoundFeatures, SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Audio, Mask, NormalizedArray

AMOUNTS = (1.0, 0.7, 0.4)
CEILING_DBTP = 0.0
HEADROOM_DB = 0.1  # taken off beyond the ceiling, because other parts of the track may peak higher
LOUDNESS_DRIFT_LU = 3.0  # without reference, and without an output gain to make up
NEAR_PEAK = 0.8  # pieces whose sample peak is within 2 dB of the highest may hold the highest true peak
_PASSED = PluginError("Another gain was chosen before this one was heard.")


@dataclass(frozen=True)
class GuardDecision:
    """`accepted` is None where the user's own settings stand; `reason` says why in one sentence. `before_profile`: what
    an accepted take was compared with."""

    before: Measurements
    accepted: Candidate | None
    after: Measurements
    reason: str
    before_profile: SpectralProfile | None = None


@dataclass(frozen=True)
class Guard:
    """Judges settings for one track against one target.

    Attributes:
        windows: stretches of the track before its plugins, (channels, samples) each.
        everything: all that is known of the track, in pieces; searched for peaks before settings are accepted.
        aim: where the sound should be. Where level does not count, as without a reference, loudness stays what it
            was.
        free: (controls,) which controls may move.
        headroom_db: how far below the ceiling the highest peak must stay.
        realizable, judged: see `AutomixJob`.
        begun: `windows` with the user's settings, where those renders were begun before there was an aim.
    """

    host: PluginHost
    chain: Chain
    features: FeatureSettings
    windows: Sequence[Audio]
    sample_rate_hz: int
    aim: Objective
    free: Mask
    everything: Sequence[Audio] = ()
    headroom_db: float = 0.0
    realizable: Callable[[NormalizedArray], NormalizedArray] | None = None
    judged: ProxyChain | None = None
    begun: RenderBatch | None = None

    def judge(self, current: NormalizedArray, predicted: NormalizedArray, amount: float) -> GuardDecision:
        """Whether `predicted` (controls,), taken at `amount` 0..1 or less, is better than `current`.

        The largest amount that passes is taken, not the one that seems closest: distances of unaligned sounds are
        too coarse to choose between two improvements.
        Raises PluginError when even the user's own settings cannot be rendered.
        """
        begun = self.begun or self.begin([current], self.windows)
        settings = self._between(current, predicted, amount * AMOUNTS[0])
        full = self.begin([settings], self.windows)
        before = self._take(0.0, current, begun)
        if before is None:
            raise self._failure(current)
        before_measured = replace(before.measured, distance_db=before.distance_db)
        share = amount * float(np.mean(self.free))  # the less may move, the less can be asked for
        rendered: list[Candidate] = []
        needed = self.aim.needed_db(before.distance_db, share)
        for take in self._takes(current, predicted, amount, (settings, full)):
            rendered.append(take)
            rival = before if self.aim.level_counts else before.as_loud_as(take)
            needed = self.aim.needed_db(rival.distance_db, share)
            if take.distance_db > needed or not self.aim.permits(rival.profile, take.profile):
                continue
            levelled, measured = self._level(take, before_measured)
            overshoot_db = self._overshoot_db(levelled, before_measured)
            if overshoot_db > 0:
                levelled = self._with_gain(levelled, -overshoot_db - HEADROOM_DB)
                measured = levelled.measured
            if overshoot_db > 0 and self._overshoot_db(levelled, before_measured) > 0:
                continue
            distance = levelled.distance_db if self.aim.level_counts else take.distance_db
            if distance <= needed and self._is_fit(levelled, measured, before_measured):
                measures = (
                    replace(before_measured, distance_db=rival.distance_db),
                    replace(measured, distance_db=distance),
                )
                reason = "Closer to the target, and nothing clips."
                return GuardDecision(measures[0], levelled, measures[1], reason, rival.profile)
        return GuardDecision(before_measured, None, before_measured, _refusal(before, rendered, needed))

    def hear(self, settings: Sequence[NormalizedArray]) -> list[SoundFeatures | None]:
        """What the windows sound like through each of `settings` (candidates, controls), for a search; None where a
        plugin failed."""
        return self._sounds(self.begin(self._all_possible(settings), self.windows), len(settings))

    def _sounds(self, batch: RenderBatch, candidates: int) -> list[SoundFeatures | None]:
        """One sound for the windows of each candidate; the plugins work on the next ones meanwhile."""
        sounds: list[SoundFeatures | None] = []
        for candidate in range(candidates):
            answers = [batch.result(candidate * len(self.windows) + place) for place in range(len(self.windows))]
            windows = [answer for answer in answers if not isinstance(answer, PluginError)]
            is_whole = len(windows) == len(answers)
            sounds.append(extract_features(windows, self.sample_rate_hz, self.features) if is_whole else None)
        return sounds

    def _all_possible(self, settings: Sequence[NormalizedArray]) -> Sequence[NormalizedArray]:
        return settings if self.realizable is None else [self.realizable(row) for row in settings]

    def _between(self, current: NormalizedArray, predicted: NormalizedArray, amount: float) -> NormalizedArray:
        moved = current + np.float32(amount) * (predicted - current)
        settings = np.where(self.free, moved, current).astype(np.float32)
        return settings if self.realizable is None or amount == 0.0 else self.realizable(settings)

    def _takes(
        self,
        current: NormalizedArray,
        predicted: NormalizedArray,
        amount: float,
        full: tuple[NormalizedArray, RenderBatch],
    ) -> Iterator[Candidate]:
        """The takes at falling amounts, without those that a plugin failed on. The smaller amounts are rendered only
        where the `full` one was not taken."""
        if (take := self._take(amount * AMOUNTS[0], *full)) is not None:
            yield take
        amounts = [amount * part for part in AMOUNTS[1:]]
        settings = [self._between(current, predicted, part) for part in amounts]
        batches = [self.begin([row], self.windows) for row in settings]
        for part, row, batch in zip(amounts, settings, batches, strict=True):
            if (take := self._take(part, row, batch)) is not None:
                yield take

    def begin(self, settings: Sequence[NormalizedArray], parts: Sequence[Audio]) -> RenderBatch:
        """Begin to render `parts` of the track through each of `settings`."""
        return self.host.begin(*self._heard(settings, parts))

    def _render(self, amount: float, settings: NormalizedArray) -> Candidate | None:
        """The take of `settings`; None where a plugin failed."""
        return self._take(amount, settings, self.begin([settings], self.windows))

    def _heard(self, settings: Sequence[NormalizedArray], parts: Sequence[Audio]) -> tuple[Chain, list[Render]]:
        """What to render to hear all `parts` of the track through each of `settings`."""
        judged = self.judged or ProxyChain(self.chain, lambda own: own)
        rows = [judged.settings(row) for row in settings]
        return judged.chain, [Render(part, self.sample_rate_hz, row) for row in rows for part in parts]

    def _take(
        self, amount: float, settings: NormalizedArray, batch: RenderBatch, *, is_whole: bool = False
    ) -> Candidate | None:
        """The take of `settings` whose windows `batch` begins with; None where a plugin failed."""
        answers = [batch.result(index) for index in range(len(self.windows))]
        windows = [answer for answer in answers if not isinstance(answer, PluginError)]
        if len(windows) < len(answers):
            return None
        return Candidate(amount, settings, tuple(windows), self._ears, batch if is_whole else None)

    @cached_property
    def _ears(self) -> CandidateMetrics:
        return CandidateMetrics(self.features, self.sample_rate_hz, self.aim)

    def _level(self, take: Candidate, before: Measurements) -> tuple[Candidate, Measurements]:
        """`take` with its output gain set: without reference to the loudness there was; below the ceiling."""
        best = take
        if not self.aim.level_counts and take.loudness_lufs is not None and before.loudness_lufs is not None:
            best = self._with_gain(take, before.loudness_lufs - take.loudness_lufs)
        peak = best.measured.true_peak_dbtp
        excess_db = -np.inf if peak is None else peak - self._ceiling(before)
        if excess_db > 0:
            best = self._with_gain(best, -excess_db - HEADROOM_DB)
        return best, best.measured

    def _with_gain(self, take: Candidate, gain_db: float) -> Candidate:
        """`take` with its output gain moved by `gain_db` and rendered again; as it is where no output gain is free."""
        for index, control in enumerate(self.chain.controls):
            if control.role == "output_gain" and self.free[index]:
                wanted = control.normalized(control.real_value(float(take.settings[index])) + gain_db)
                settings = take.settings.copy()
                settings[index] = np.clip(wanted, control.low, control.high)
                settings = settings if self.realizable is None else self.realizable(settings)
                # With all the rest behind the windows: the workers are at it while these are measured.
                batch = self.begin([settings], [*self.windows, *self.everything])
                if take.whole is not None:
                    take.whole.stop(_PASSED)
                return self._take(take.amount, settings, batch, is_whole=True) or take
        return take

    def _is_fit(self, take: Candidate, after: Measurements, before: Measurements) -> bool:
        """Whether a take may replace what was there: no silence, no clipping, and without reference as loud."""
        if after.true_peak_dbtp is None or take.rms < SILENCED_RMS:
            return False
        if after.loudness_lufs is None or before.loudness_lufs is None:
            is_as_loud = after.loudness_lufs is None and before.loudness_lufs is None
        else:
            is_as_loud = self.aim.level_counts or abs(after.loudness_lufs - before.loudness_lufs) <= LOUDNESS_DRIFT_LU
        return is_as_loud and after.true_peak_dbtp <= self._ceiling(before)

    def _overshoot_db(self, take: Candidate, before: Measurements) -> float:
        """How far the highest peak of all that is known lies above the ceiling with these settings; at most 0 is well.

        The windows were chosen by what the track was before its plugins: what a boost lifts may lie elsewhere.
        """
        parts = self._all_of(take)
        peaks = [float(np.abs(part).max(initial=0.0)) for part in parts]
        highest = [part for part, peak in zip(parts, peaks, strict=True) if peak > 0 and peak >= NEAR_PEAK * max(peaks)]
        peaks_dbtp = [true_peak_dbtp(part, self.sample_rate_hz) for part in highest]
        return max((peak for peak in peaks_dbtp if peak is not None), default=-np.inf) - self._ceiling(before)

    def _ceiling(self, before: Measurements) -> float:
        """Full scale, or the peak that there was where that is higher."""
        was = -np.inf if before.true_peak_dbtp is None else before.true_peak_dbtp
        return max(CEILING_DBTP, was) - self.headroom_db

    def _all_of(self, take: Candidate) -> Sequence[Audio]:
        """`everything` through the settings of a take. Raises PluginError."""
        if take.whole is None:
            return self.host.render(*self._heard([take.settings], self.everything))
        parts: list[Audio] = []
        for index in range(len(self.windows), len(self.windows) + len(self.everything)):
            part = take.whole.result(index)
            if isinstance(part, PluginError):
                raise part
            parts.append(part)
        return parts

    def _failure(self, settings: NormalizedArray) -> PluginError:
        try:
            self.host.render(*self._heard([settings], self.windows))
        except PluginError as error:
            return error
        return PluginError(f"The chain {self.chain.name} failed once on the present settings. Try again.")


def _refusal(before: Candidate, takes: Sequence[Candidate], needed: float) -> str:
    if not takes:
        return "Left as it is: the plugins returned nothing usable with the new settings."
    best = min(takes, key=lambda take: take.distance_db)
    if best.distance_db > needed:
        return (
            f"Left as it is: the new settings bring the sound not clearly closer to the target "
            f"({before.distance_db:.2f} dB now, {best.distance_db:.2f} dB at best)."
        )
    return "Left as it is: the new settings would clip, silence or shift the loudness of the track."
