"""The guard of models with loudness and true-peak targets: tone judged at equal loudness, level reached by trying.

Where no change of tone could be shown to be an improvement, loudness and peak are still brought to the target: that
was asked for. What a target is reached by stands in `targets`; what is an improvement, in `aim` and `guard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bridge.audio.loudness import LoudnessMeter
from bridge.automix.candidate import Candidate
from bridge.automix.guard.guard import Guard, GuardDecision
from bridge.automix.job import LoudnessTarget, Measurements
from bridge.automix.loudness_solver import LoudnessControls, LoudnessSolver, describe_loudness
from bridge.decibels import db_to_amplitude
from bridge.errors import PluginError
from bridge.features.profile import SoundFeatures
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import Render
from bridge.types import Audio, Indices, NormalizedArray

AMOUNTS = (1.0, 0.7, 0.4, 0.2)


@dataclass(frozen=True)
class SplitChain:
    """A chain before its limiter, and the limiter: rendered one after the other they are the chain.

    `toned`, `limited`: which of the chain's settings (controls,) each of the two takes.
    """

    tone: Chain
    limiter: Chain
    toned: Indices
    limited: Indices


def split_at_limiter(chain: Chain) -> SplitChain:
    """ModelError for a chain without the controls that a target is reached by."""
    name = chain.controls[LoudnessControls.of(chain).limiting].slot
    places = [index for index, control in enumerate(chain.controls) if control.slot == name]
    others = [index for index, control in enumerate(chain.controls) if control.slot != name]
    return SplitChain(
        tone=Chain(name=f"{chain.name}, before {name}", slots=tuple(s for s in chain.slots if s.name != name)),
        limiter=Chain(name=f"{chain.name}, {name}", slots=tuple(s for s in chain.slots if s.name == name)),
        toned=np.array(others),
        limited=np.array(places),
    )


@dataclass(frozen=True)
class LoudnessGuard(Guard):
    """As `Guard`, for a chain with the controls that `target` is reached by; they must be free."""

    target: LoudnessTarget = field(kw_only=True)

    def judge(self, current: NormalizedArray, predicted: NormalizedArray, amount: float) -> GuardDecision:
        """The largest amount of `predicted` (controls,) that is an improvement, at the target's loudness and peak.

        Raises PluginError when even the user's own settings cannot be rendered.
        """
        plain = self._toned(0.0, current)
        if plain is None:
            raise self._failure(current)
        was = _level_of(self._render_tone(current, self._all_known), self.sample_rate_hz)
        share = amount * float(np.mean(self.free))
        for part in AMOUNTS:
            take = self._toned(amount * part, self._between(current, predicted, amount * part))
            if take is None or not self._is_closer(plain, take, share):
                continue
            made = self._to_target(take)
            if made is not None and self._is_closer(plain, made[0], share):
                return self._accepted(plain, was, *made, "Closer to the target in tone.")
        made = self._to_target(plain)
        if made is None:
            reason = "Left as it is: the plugins returned nothing usable at the wanted loudness."
            measured = replace(was, distance_db=plain.distance_db)
            return GuardDecision(measured, None, measured, reason)
        return self._accepted(plain, was, *made, "The tone is left as it is: nothing brought it clearly closer.")

    def hear(self, settings: Sequence[NormalizedArray]) -> list[SoundFeatures | None]:
        """As `Guard.hear`, before the limiter."""
        if self.judged is not None:
            return super().hear(settings)
        rows = [row[self._split.toned] for row in self._all_possible(settings)]
        jobs = [Render(window, self.sample_rate_hz, row) for row in rows for window in self.windows]
        return self._sounds(self.host.begin(self._split.tone, jobs), len(rows))

    def _accepted(
        self, plain: Candidate, was: Measurements, made: Candidate, level: Measurements, reason: str
    ) -> GuardDecision:
        rival = plain.as_loud_as(made)
        return GuardDecision(
            before=replace(was, distance_db=rival.distance_db),
            accepted=made,
            after=replace(level, distance_db=made.distance_db),
            reason=f"{reason} {describe_loudness(self.target, level, self._controls.most_limiting_db)}",
            before_profile=rival.profile,
        )

    def _is_closer(self, plain: Candidate, take: Candidate, share: float) -> bool:
        rival = plain.as_loud_as(take)
        is_near = take.distance_db <= self.aim.needed_db(rival.distance_db, share)
        return is_near and self.aim.permits(rival.profile, take.profile)

    def _to_target(self, take: Candidate) -> tuple[Candidate, Measurements] | None:
        """`take` at the target by the windows and then by all that is known, and what that measures; None where a
        plugin failed."""
        try:
            coarse = LoudnessSolver(self.chain, take.settings, self.target, probes_unlimited=self.judged is None)
            self._drive(coarse, self.windows)
            drive = LoudnessSolver(self.chain, coarse.settings, self.target, starts_afresh=False)
            level = self._drive(drive, self._all_known)
        except PluginError:
            return None
        made = self._render(take.amount, self._possible(drive.settings))
        return None if made is None else (made, level)

    def _drive(self, drive: LoudnessSolver, parts: Sequence[Audio]) -> Measurements:
        """Let `drive` try until it is done; what the last settings measure. Raises PluginError."""
        start = self._possible(drive.settings)
        toned = [] if self.judged is not None else self._render_tone(start, parts)
        while True:
            tried = self._possible(drive.settings)
            if self.judged is not None:
                heard = self.host.render(*self._heard([tried], parts))
            else:
                lift = np.float32(db_to_amplitude(self._controls.read(tried)[0] - self._controls.read(start)[0]))
                heard = [lift * part for part in toned]  # an output gain is nothing else
                if not drive.is_probing:
                    row, limiter = tried[self._split.limited], self._split.limiter
                    heard = self.host.render(limiter, [Render(part, self.sample_rate_hz, row) for part in heard])
            measured = _level_of(heard, self.sample_rate_hz)
            drive.tell(measured)
            if drive.is_done:  # a last move of the ceiling scales all of it exactly
                return _scaled(measured, self._controls.read(drive.settings)[2] - self._controls.read(tried)[2])

    def _toned(self, amount: float, settings: NormalizedArray) -> Candidate | None:
        """The windows before the limiter, at the target's loudness; None where a plugin failed.

        Profiles depend on level, because what decays falls below the features' floor.
        """
        try:
            windows = self._render_tone(settings, self.windows)
        except PluginError:
            return None
        loudness_lufs = _level_of(windows, self.sample_rate_hz).loudness_lufs
        if loudness_lufs is not None:
            lift = np.float32(db_to_amplitude(self.target.loudness_lufs - loudness_lufs))
            windows = [lift * window for window in windows]
        return Candidate(amount, settings, tuple(windows), self._ears)

    def _render_tone(self, settings: NormalizedArray, parts: Sequence[Audio]) -> list[Audio]:
        """`parts` through the chain without its limiter, or all of what stands on a track. Raises PluginError."""
        if self.judged is not None:
            return self.host.render(*self._heard([settings], parts))
        row = settings[self._split.toned]
        return self.host.render(self._split.tone, [Render(part, self.sample_rate_hz, row) for part in parts])

    def _possible(self, settings: NormalizedArray) -> NormalizedArray:
        return settings if self.realizable is None else self.realizable(settings)

    @property
    def _all_known(self) -> Sequence[Audio]:
        return self.everything or self.windows

    @cached_property
    def _split(self) -> SplitChain:
        return split_at_limiter(self.chain)

    @cached_property
    def _controls(self) -> LoudnessControls:
        return LoudnessControls.of(self.chain)


def _level_of(parts: Sequence[Audio], sample_rate_hz: int) -> Measurements:
    meter = LoudnessMeter(parts[0].shape[0], sample_rate_hz)
    for part in parts:
        meter.add(part)
    return Measurements(meter.loudness_lufs, meter.true_peak_dbtp, None)


def _scaled(measured: Measurements, gain_db: float) -> Measurements:
    loudness, peak = measured.loudness_lufs, measured.true_peak_dbtp
    return Measurements(
        None if loudness is None else loudness + gain_db, None if peak is None else peak + gain_db, None
    )
