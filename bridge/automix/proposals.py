"""What is tried for a job, by which objective, and which of it first.

With a reference: how near to it each comes says nothing of which is right: the distance to another part of the same
music is what both were made to shorten (`models/LOG.md`). What tells is whether the encoder knows such sounds. Where
the track lies as near to recordings of its training as others of their kind do, its prediction comes first; else the
tone match, which knows no sounds, stands alone.

Without one: the encoder's prediction where it knows such sounds; else what lies outside of the range of good recordings
is brought to its nearest edge. A model whose manifest names a range of tone goes by that and by the tone match alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from bridge.automix.chain_search import ChainSearch, played_change, search_windows, wanted_change
from bridge.automix.facts import ProposalOrigin
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import AutomixJob, Progress
from bridge.automix.objective import Objective, nearest_distance_db, range_objective
from bridge.automix.tone_match.proposal import LEAST_CERTAINTY, ToneMatch, change_of_profile
from bridge.automix.tone_match.responses import ResponseStore
from bridge.automix.tone_range import LEAST_DB, tone_range_target
from bridge.errors import ModelError, PluginError
from bridge.features.profile import SoundFeatures
from bridge.features.windows import choose_excerpts
from bridge.model.bundle import StaticModel
from bridge.model.predict import Prediction
from bridge.plugins.host.host import PluginHost
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Float32

SEARCH_WINDOW_S, SEARCH_WINDOWS = 1.0, 4  # of a search, half of them to judge by


class Proposal(NamedTuple):
    """Settings to try, whose they are, and what they are measured against; None: the job's own objective."""

    origin: ProposalOrigin
    prediction: Prediction
    objective: Objective | None = None


@dataclass(frozen=True)
class ProposalMaker:
    """Makes the proposals of one model, and keeps what its plugins were measured to do.

    `loudness_counts`: whether a track is to become as loud as its reference, and no loudness is asked for apart.
    """

    model: StaticModel
    host: PluginHost
    responses: ResponseStore = field(repr=False)
    loudness_counts: bool = True

    def proposals(
        self,
        job: AutomixJob,
        sound: SoundFeatures,
        encoded: Prediction,
        renderer: CandidateRenderer,
        begun: RenderBatch | None,
    ) -> list[Proposal]:
        """Return what to try for `job`, the best first.

        Args:
            renderer: of what shapes tone.
            begun: its windows as heard now; None: a dry track.
        """
        own, is_familiar = Proposal(ProposalOrigin.ENCODER, encoded), self.is_familiar(sound)
        if job.reference is None and is_familiar:
            return [own]
        played = None if begun is None else renderer.windows_of(begun)
        if begun is not None and played is None:  # a plugin failed, and the encoder's settings will by themselves
            return [own]
        features, rate_hz = self.model.manifest.features, job.sample_rate_hz
        played_db = None if played is None else change_of_profile(renderer.windows, played, rate_hz, features)
        if job.reference is None:
            ranged = self._ranged(job, sound, encoded, played_db)
            return [own] if ranged is None else [ranged] if self.goes_by_tone else [own, ranged]
        match = self._tone_match(job, played_db)
        if match is None or (matched := match.propose(sound, job.reference)) is None:
            return [own]
        proposal = Proposal(ProposalOrigin.TONE_MATCH, matched)
        return [own, proposal] if is_familiar else [proposal]

    @property
    def goes_by_tone(self) -> bool:
        """Whether the model's encoder is not asked: what it predicts was no better than what is fitted (`LOG.md`)."""
        return self.model.manifest.use.tone_range is not None

    def searched(
        self,
        job: AutomixJob,
        sound: SoundFeatures,
        metrics: CandidateMetrics,
        renderer: CandidateRenderer,
        progress: Progress,
    ) -> list[Proposal]:
        """Return what a search through the plugins of a chain that no model knows finds; `job.current` where nothing
        helped. Raises ModelError where there is nothing to search for, PluginError where the chain fails."""
        if job.reference is None:
            raise ModelError(
                f"No model knows the chain {self.model.chain.name}: give a reference to come close to, and seconds to "
                "search for (--reference FILE --refine SECONDS)."
            )
        current = np.asarray(job.current, dtype=np.float32)
        response = self.responses.of(self.model.chain, self.host, job.sample_rate_hz, self.model.manifest.features)
        parts = choose_excerpts(job.excerpts, job.sample_rate_hz, window_s=SEARCH_WINDOW_S, count=SEARCH_WINDOWS)
        searched, held_back = search_windows(renderer, parts)
        played = played_change(searched, metrics, current)
        wanted = wanted_change(sound, job.reference, metrics, played)
        found = [current]
        if wanted is not None and wanted.certainty >= LEAST_CERTAINTY:
            search = ChainSearch(searched, held_back, metrics, response, wanted, current, job.free_mask)
            found = search.run(job.refine_s, progress=lambda share: progress(0.3 + 0.6 * share, "searching")) or found
        share = 0.0 if wanted is None else wanted.certainty / (1 + wanted.certainty)
        confidence = np.full(current.size, share, dtype=np.float32)
        return [
            Proposal(ProposalOrigin.CHAIN_SEARCH, Prediction(row, confidence, job.reference.profile)) for row in found
        ]

    def is_familiar(self, sound: SoundFeatures) -> bool:
        """Whether the encoder was trained with sounds like this one; a model that does not say so is believed."""
        if self.goes_by_tone:
            return False
        nearest_db, familiar_db = self.familiarity_db(sound)
        return nearest_db is None or familiar_db is None or nearest_db <= familiar_db

    def familiarity_db(self, sound: SoundFeatures) -> tuple[float | None, float | None]:
        """How far the nearest sounds of the training lie, and how far such may lie that the encoder knows; None, None
        where that was not measured, or the encoder is not asked."""
        profiles, familiar_db = self.model.reference_profiles, self.model.manifest.use.familiar_db
        if profiles is None or familiar_db is None:
            return None, None
        return nearest_distance_db(sound.profile, profiles, self.model.manifest.features), familiar_db

    def _ranged(
        self, job: AutomixJob, sound: SoundFeatures, encoded: Prediction, played_db: Float32 | None
    ) -> Proposal | None:
        """What brings the track to the nearest edges of its range, or nothing where it lies within; None where no
        equaliser is free."""
        role = self.model.manifest.use.tone_range or job.role
        target = tone_range_target(role, self.model.manifest.features)
        heard = sound.profile
        if played_db is not None:
            heard = replace(heard, mean_db=heard.mean_db + played_db)
        if target.distance_db(heard) < LEAST_DB:  # the plugins need not be measured to stay as they are
            unmoved = replace(encoded, normalized=np.asarray(job.current, dtype=np.float32), target=heard)
            return Proposal(ProposalOrigin.TONE_RANGE, unmoved, range_objective(heard, target))
        match = self._tone_match(job, played_db)
        if match is None or (moved := match.propose_moves(sound, target.moves_db(heard))) is None:
            return None
        return Proposal(ProposalOrigin.TONE_RANGE, moved, range_objective(moved.target, target))

    def _tone_match(self, job: AutomixJob, played_db: Float32 | None) -> ToneMatch | None:
        """What fits settings for `job`; None where a plugin failed."""
        model, features = self.model, self.model.manifest.features
        try:
            response = self.responses.of(model.chain, self.host, job.sample_rate_hz, features)
        except PluginError:
            return None
        current = np.asarray(job.current, dtype=np.float32)
        return ToneMatch(model.chain, response, features, current, job.free_mask, played_db, self.loudness_counts)
