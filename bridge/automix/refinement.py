"""`--refine`: from the encoder's prediction to better settings, by trying them through the plugins.

The cost of a candidate holds on sounds that are not aligned: the distance to the long-term spectrum, dynamics and
loudness (see `profile`) that the encoder would have this very track come to, and the distance of embeddings from the
reference. The encoder predicts that target from what the first candidates sound like: near the goal it is more exact
than from the track as it was, and the mean of many predictions is better than one. What lies farther from the guard's
objective than where a round starts is charged for that: a predicted target may lead astray. How the weights were
chosen: `models/LOG.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.search import Measure, SearchSpace, search
from bridge.features.profile import SoundFeatures, SpectralProfile, profile_distances_db
from bridge.model.bundle import StaticModel, normalized_to_positions, positions_to_normalized
from bridge.model.predict import Prediction, Predictor
from bridge.types import Float32, Float64, Mask, NormalizedArray

ROUNDS = 2
FIRST_CANDIDATES = 12  # of each round
FIRST_SHARE = 0.7  # of a spread, that the first candidates lie around the prediction
PREDICTION_SHARE = 1 / 3  # of the target, that the sound of the prediction itself makes up
PRIOR_DB = 0.5  # for each spread that the controls move on average
FARTHER_SHARE = 4.0  # of what a candidate lies farther from the guard's objective than the start
EMBEDDING_DB = 10.0  # for one unit of difference per dimension of the embedding
PAYS_SHARE = 0.2  # of the prediction's cost, that a search must save to be taken
PAYS_SHARE_ALONE = 0.4  # without a reference the target is less sure
PAYS_DB = 0.25  # and at least so much
SPREADS = (0.01, 0.5)  # of a range: what a predicted spread is held to


@dataclass(frozen=True)
class RefinementResult:
    """Settings (controls,) that a search found, whether they save enough to be believed, and how many were tried."""

    normalized: NormalizedArray
    pays: bool
    candidates: int


@dataclass(frozen=True)
class Refinement:
    """A search for one track, by the renderer and the metrics of the guard that will decide on what it finds.

    `free` (controls,) may move; the others stay at `current`.
    """

    model: StaticModel
    renderer: CandidateRenderer
    metrics: CandidateMetrics
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
        """Search for at most `limit_s` seconds. Where the prediction itself cannot be rendered, nothing pays.

        In rounds: each has the encoder predict anew from where the last one ended, and goes on from there.
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
                progress=partial(_report, progress, turn),
            )
            space = replace(space, start=found.positions)
            before, after = measure(np.stack([origin.start, space.start]))
            pays = bool(before - after >= max(PAYS_DB, self._pays_share * before))
            spent += found.candidates + 2
        return RefinementResult(self._normalized(space.start), pays, spent)

    @property
    def _pays_share(self) -> float:
        return PAYS_SHARE_ALONE if self.reference is None else PAYS_SHARE

    def _space(self) -> SearchSpace:
        """Around the prediction, as far as its confidence says that it may be wrong."""
        chain, tolerance = self.model.chain, self.model.manifest.confidence.tolerance
        predicted = np.where(self.free, self.prediction.normalized, self.current)
        confidence = np.clip(self.prediction.confidence.astype(np.float64), 0, 1 - 1e-6)
        spread = np.clip(-tolerance / np.log1p(-np.maximum(confidence, 1e-6)), *SPREADS)
        categories = self.model.encoder.categories
        for category in categories:
            spread[category.control] = 1 - confidence[category.control]
        return SearchSpace(normalized_to_positions(chain, predicted).astype(np.float64), spread, self.free, categories)

    def _normalized(self, positions: Float64) -> NormalizedArray:
        """Normalized settings (..., controls); fixed controls exactly where they are, even outside of the bounds."""
        return np.where(self.free, positions_to_normalized(self.model.chain, positions), self.current).astype(
            np.float32
        )

    def _features(self, positions: Float64) -> list[SoundFeatures | None]:
        """What the windows sound like at `positions` (candidates, controls); None where a plugin failed."""
        return self.metrics.extract(self.renderer.render_windows(list(self._normalized(positions))))

    def _measure(self, origin: SearchSpace, space: SearchSpace, generator: np.random.Generator) -> Measure | None:
        """What candidates cost in dB, infinity where a plugin failed; None where it fails at the start of `space`.

        The prior holds every round to the encoder's own prediction, `origin`.
        """
        predictor = Predictor(self.model)
        first = np.vstack([space.start, space.around(FIRST_CANDIDATES, generator, FIRST_SHARE)])
        sounds = self._features(first)
        if sounds[0] is None:
            return None
        target = self._target(predictor, sounds[0], [sound for sound in sounds if sound is not None])
        start_db = self._objective_db(sounds[0])

        def measure(positions: Float64) -> Float64:
            tried = self._features(positions)
            apart = self._costs(predictor, tried, target)
            farther = [0.0 if sound is None else max(0.0, self._objective_db(sound) - start_db) for sound in tried]
            return apart + FARTHER_SHARE * np.array(farther) + PRIOR_DB * origin.prior(positions)

        return measure

    def _target(self, predictor: Predictor, predicted: SoundFeatures, first: Sequence[SoundFeatures]) -> Float32:
        """(2, bands), mean and spread in dB, of where to go: what the encoder predicts from the first candidates, and
        with half the weight what its first prediction sounds like."""
        targets = predictor.compare(first, self.reference).targets.mean(0)
        return np.asarray(targets + PREDICTION_SHARE * (_stacked(predicted.profile) - targets), dtype=np.float32)

    def _objective_db(self, sound: SoundFeatures) -> float:
        """How far a sound lies from the guard's objective; 0 for one that profiles say nothing of."""
        objective = self.metrics.objective
        return 0.0 if objective.evens_level else objective.distance_db(sound.profile)

    def _costs(self, predictor: Predictor, sounds: Sequence[SoundFeatures | None], target: Float32) -> Float64:
        costs = np.full(len(sounds), np.inf)
        rendered = {index: sound for index, sound in enumerate(sounds) if sound is not None}
        if not rendered:
            return costs
        bands = min(sound.valid_bands for sound in rendered.values())
        profiles = np.stack([_stacked(sound.profile)[:, :bands] for sound in rendered.values()])
        apart = profile_distances_db(
            target[:, :bands],
            profiles,
            loudness_counts=self.metrics.objective.loudness_counts,
            features=self.model.manifest.features,
        )
        embedded = (
            predictor.compare(list(rendered.values()), self.reference).embedding_distance if self.reference else 0.0
        )
        costs[list(rendered)] = apart + EMBEDDING_DB * embedded
        return costs


def _report(progress: Callable[[float], None], turn: int, part: float) -> None:
    progress((turn + part) / ROUNDS)


def _stacked(profile: SpectralProfile) -> Float32:
    return np.stack([profile.mean_db, profile.spread_db])
