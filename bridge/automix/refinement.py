"""`--refine`: from the encoder's answer to better settings, by trying them through the plugins.

What candidates are measured by holds on sounds that are not aligned: the long-term spectrum, dynamics and loudness
(see `profile`) that the encoder would have this very track come to, and the distance of embeddings from the
reference. The encoder is asked for that target by what the first candidates sound like: near the goal it judges
better than from the track as it was, and the mean of many answers is better than one. How the weights were chosen:
`models/LOG.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bridge.automix.guard.guard import Guard
from bridge.automix.search import Measure, SearchSpace, search
from bridge.features.profile import SoundFeatures, SpectralProfile, profile_distances_db
from bridge.model.bundle import ModelBundle, normalized_to_positions, positions_to_normalized
from bridge.model.predict import Prediction, Predictor
from bridge.types import Float32, Float64, Mask, NormalizedArray

ROUNDS = 2
FIRST_CANDIDATES = 12  # of each round
FIRST_SHARE = 0.7  # of a spread, that the first candidates lie around the answer
ANSWER_SHARE = 1 / 3  # of the target, that the sound of the answer itself makes up
PRIOR_DB = 0.5  # for each spread that the controls move on average
EMBEDDING_DB = 10.0  # for one unit of difference per dimension of the embedding
PAYS_SHARE = 0.2  # of the answer's cost, that a search must save to be taken
PAYS_SHARE_ALONE = 0.4  # without a reference the target is less sure
PAYS_DB = 0.25  # and at least so much
SPREADS = (0.01, 0.5)  # of a range: what a predicted spread is held to


@dataclass(frozen=True)
class RefinementResult:
    """Settings (controls,) that a search found, whether they save enough to be believed, and its candidates."""

    settings: NormalizedArray
    pays: bool
    candidates: int


@dataclass(frozen=True)
class Refinement:
    """A search for one track, with the ears of the guard that will judge what it finds.

    `free` (controls,) may move; `current` is where the others stay.
    """

    bundle: ModelBundle
    guard: Guard
    reference: SoundFeatures | None
    prediction: Prediction
    current: NormalizedArray
    free: Mask

    def run(
        self,
        limit_s: float,
        *,
        limit_candidates: float = np.inf,
        seed: int = 0,
        progress: Callable[[float], None] = lambda _: None,
    ) -> RefinementResult:
        """Search for at most `limit_s` seconds. Where the answer itself cannot be rendered, nothing pays.

        In rounds: each asks the encoder anew from where the last one ended, and goes on from there.
        """
        begin = time.monotonic()
        generator = np.random.default_rng(seed)
        origin = space = self._space()
        pays, spent = False, 0
        for turn in range(ROUNDS):
            if turn and (time.monotonic() - begin >= limit_s or spent >= limit_candidates):
                break
            spent += 1 + FIRST_CANDIDATES
            if (measure := self._measure(origin, space, generator)) is None:
                break
            share = 1 / (ROUNDS - turn)
            found = search(
                space,
                measure,
                limit_s=share * (begin + limit_s - time.monotonic()),
                limit_candidates=share * (limit_candidates - spent),
                seed=seed + turn,
                progress=partial(_tell, progress, turn),
            )
            space = replace(space, start=found.positions)
            before, after = measure(np.stack([origin.start, space.start]))
            pays = bool(before - after >= max(PAYS_DB, self._pays_share * before))
            spent += found.candidates + 2
        return RefinementResult(self._settings(space.start), pays, spent)

    @property
    def _pays_share(self) -> float:
        return PAYS_SHARE_ALONE if self.reference is None else PAYS_SHARE

    def _space(self) -> SearchSpace:
        """Around the encoder's answer, as far as its confidence says that it may be wrong."""
        chain, tolerance = self.bundle.chain, self.bundle.manifest.confidence.tolerance
        answer = np.where(self.free, self.prediction.settings, self.current)
        confidence = np.clip(self.prediction.confidence.astype(np.float64), 0, 1 - 1e-6)
        spread = np.clip(-tolerance / np.log1p(-np.maximum(confidence, 1e-6)), *SPREADS)
        categories = self.bundle.encoder.categories
        for category in categories:
            spread[category.control] = 1 - confidence[category.control]
        return SearchSpace(normalized_to_positions(chain, answer).astype(np.float64), spread, self.free, categories)

    def _settings(self, positions: Float64) -> NormalizedArray:
        """Normalized settings (..., controls); fixed controls exactly where they are, even outside of the bounds."""
        return np.where(self.free, positions_to_normalized(self.bundle.chain, positions), self.current).astype(
            np.float32
        )

    def _measure(self, origin: SearchSpace, space: SearchSpace, generator: np.random.Generator) -> Measure | None:
        """What candidates cost in dB, infinity where a plugin failed; None where it fails at the start of `space`.

        The prior holds every round to the encoder's own answer, `origin`.
        """
        predictor = Predictor(self.bundle)
        first = np.vstack([space.start, space.around(FIRST_CANDIDATES, generator, FIRST_SHARE)])
        sounds = self.guard.hear(list(self._settings(first)))
        if sounds[0] is None:
            return None
        target = self._target(predictor, sounds[0], [sound for sound in sounds if sound is not None])

        def measure(positions: Float64) -> Float64:
            apart = self._costs(predictor, self.guard.hear(list(self._settings(positions))), target)
            return apart + PRIOR_DB * origin.prior(positions)

        return measure

    def _target(self, predictor: Predictor, answer: SoundFeatures, first: Sequence[SoundFeatures]) -> Float32:
        """(2, bands), mean and spread in dB, of where to go: what the encoder sees from the first candidates, and with
        half the weight what its answer sounds like."""
        seen = predictor.compare(first, self.reference).targets.mean(0)
        return np.asarray(seen + ANSWER_SHARE * (_stacked(answer.profile) - seen), dtype=np.float32)

    def _costs(self, predictor: Predictor, sounds: Sequence[SoundFeatures | None], target: Float32) -> Float64:
        costs = np.full(len(sounds), np.inf)
        heard = {index: sound for index, sound in enumerate(sounds) if sound is not None}
        if not heard:
            return costs
        bands = min(sound.valid_bands for sound in heard.values())
        profiles = np.stack([_stacked(sound.profile)[:, :bands] for sound in heard.values()])
        apart = profile_distances_db(
            target[:, :bands],
            profiles,
            level_counts=self.guard.aim.level_counts,
            features=self.bundle.manifest.features,
        )
        embedded = predictor.compare(list(heard.values()), self.reference).strangeness if self.reference else 0.0
        costs[list(heard)] = apart + EMBEDDING_DB * embedded
        return costs


def _tell(progress: Callable[[float], None], turn: int, part: float) -> None:
    progress((turn + part) / ROUNDS)


def _stacked(profile: SpectralProfile) -> Float32:
    return np.stack([profile.mean_db, profile.spread_db])
