"""The guard of models with loudness and true-peak targets: tone judged at equal loudness, level reached by trying.

Where no change of tone could be shown to be an improvement, loudness and peak are still brought to the target: that
was asked for. What a target is reached by stands in `targets`; what is an improvement, in `aim` and `guard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bridge.audio.measures import LoudnessMeter
from bridge.errors import PluginError
from bridge.model.guard import Audio, Guard, Settings, Take, Verdict
from bridge.model.targets import Drive, LevelControls, told
from bridge.model.task import LevelTarget, Measured
from bridge.plugins.chain import Chain
from bridge.plugins.host import Render

AMOUNTS = (1.0, 0.7, 0.4, 0.2)


@dataclass(frozen=True)
class LevellingGuard(Guard):
    """As `Guard`, for a chain with the controls that `target` is reached by; they must be free."""

    target: LevelTarget = field(kw_only=True)

    def judge(self, current: Settings, predicted: Settings, amount: float) -> Verdict:
        """The largest amount of `predicted` (controls,) that is an improvement, at the target's loudness and peak.

        Raises PluginError when even the user's own settings cannot be rendered.
        """
        amounts = [0.0, *(amount * share for share in AMOUNTS)]
        settings = [self._between(current, predicted, share) for share in amounts]
        plain, *takes = self._takes(amounts, settings)
        if plain is None:
            raise self._failure(current)
        was = self._known_level(current)
        share = amount * float(np.mean(self.free))
        for take in (take for take in takes if take is not None):
            if self._needed_db(plain, take, share) is None:
                continue
            made = self._to_target(take)
            if made is None:
                continue
            needed_db = self._needed_db(plain, made[0], share)
            if needed_db is not None:
                return self._accepted(plain, was, *made, "Closer to the target in tone.")
        made = self._to_target(plain)
        if made is None:
            reason = "Left as it is: the plugins returned nothing usable at the wanted loudness."
            return Verdict(replace(was, distance_db=plain.distance_db), None, was, reason)
        return self._accepted(plain, was, *made, "The tone is left as it is: nothing brought it clearly closer.")

    def distance(self, settings: NDArray[np.float32]) -> NDArray[np.float64]:
        """As `Guard.distance`, before the limiter."""
        takes = self._takes([1.0] * len(settings), list(settings))
        return np.array([np.inf if take is None else take.distance_db for take in takes])

    def _accepted(self, plain: Take, was: Measured, made: Take, level: Measured, reason: str) -> Verdict:
        rival = self._as_loud_as(plain, made)
        return Verdict(
            before=replace(was, distance_db=rival.distance_db),
            accepted=made,
            after=replace(level, distance_db=made.distance_db),
            reason=f"{reason} {told(self.target, level, LevelControls.of(self.chain).most_limiting_db)}",
        )

    def _needed_db(self, plain: Take, take: Take, share: float) -> float | None:
        """The distance that had to be reached, where `take` reaches it."""
        rival = self._as_loud_as(plain, take)
        needed_db = self.aim.needed_db(rival.distance_db, share)
        is_closer = take.distance_db <= needed_db and self.aim.permits(rival.profile, take.profile)
        return needed_db if is_closer else None

    def _to_target(self, take: Take) -> tuple[Take, Measured] | None:
        """`take` at the target by the windows and then by all that is known, and what that measures."""
        everything = self.everything or self.windows
        try:
            coarse = Drive(self.chain, take.settings, self.target, probes_unlimited=self.judged is None)
            self._drive(coarse, self.windows)
            drive = Drive(self.chain, coarse.settings, self.target, starts_afresh=False)
            level = self._drive(drive, everything)
        except PluginError:
            return None
        made = self._render([take.amount], [self._possible(drive.settings)])[0]
        if made is None or level.true_peak_dbtp is None:
            return None
        return made, level

    def _drive(self, drive: Drive, parts: Sequence[Audio]) -> Measured:
        """Let `drive` try until it is done; what the last settings measure."""
        while True:
            tried = self._possible(drive.settings)
            heard = self._tonal([tried], parts) if drive.is_probing else self._heard([tried], parts)
            measured = self._level_of(self.host.render(*heard))
            drive.tell(measured)
            if drive.is_done:  # a last move of the ceiling scales all of it exactly
                lifted_db = drive.controls.read(drive.settings)[2] - drive.controls.read(tried)[2]
                return _scaled(measured, lifted_db)

    def _possible(self, settings: Settings) -> Settings:
        return settings if self.realizable is None else self.realizable(settings)

    def _known_level(self, settings: Settings) -> Measured:
        return self._level_of(self.host.render(*self._tonal([settings], self.everything or self.windows)))

    def _level_of(self, parts: Sequence[Audio]) -> Measured:
        meter = LoudnessMeter(parts[0].shape[0], self.sample_rate_hz)
        for part in parts:
            meter.add(part)
        return Measured(meter.loudness_lufs, meter.true_peak_dbtp, None)

    def _takes(self, amounts: Sequence[float], settings: Sequence[Settings]) -> list[Take | None]:
        """As `_render`, before the limiter."""
        answers = self.host.render(*self._tonal(settings, self.windows), return_errors=True)
        count = len(self.windows)
        takes: list[Take | None] = []
        for index, (amount, setting) in enumerate(zip(amounts, settings, strict=True)):
            windows = answers[index * count : (index + 1) * count]
            heard = [window for window in windows if not isinstance(window, PluginError)]
            takes.append(self._take(amount, setting, heard) if len(heard) == count else None)
        return takes

    def _tonal(self, settings: Sequence[Settings], parts: Sequence[Audio]) -> tuple[Chain, list[Render]]:
        """What to render to hear the chain without its limiter, which costs most; all of what stands on a track."""
        if self.judged is not None:
            return self._heard(settings, parts)
        chain, kept = self._before_limiter
        return chain, [Render(part, self.sample_rate_hz, row[kept]) for row in settings for part in parts]

    @cached_property
    def _before_limiter(self) -> tuple[Chain, NDArray[np.intp]]:
        return before_limiter(self.chain)


def before_limiter(chain: Chain) -> tuple[Chain, NDArray[np.intp]]:
    """`chain` without the slot that limits, and which of its settings (controls,) are left."""
    limiter = chain.controls[LevelControls.of(chain).limiting].slot
    kept = [index for index, control in enumerate(chain.controls) if control.slot != limiter]
    slots = tuple(slot for slot in chain.slots if slot.name != limiter)
    return Chain(name=f"{chain.name}, before the limiter", slots=slots), np.array(kept)


def _scaled(measured: Measured, gain_db: float) -> Measured:
    loudness, peak = measured.loudness_lufs, measured.true_peak_dbtp
    return Measured(None if loudness is None else loudness + gain_db, None if peak is None else peak + gain_db, None)
