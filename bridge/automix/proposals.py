"""What is tried for a job with a reference: the encoder's prediction, the tone match, and which of them first.

How near to the reference each comes says nothing of which is right: the distance to another part of the same music is
what both were made to shorten (`models/LOG.md`). What tells is whether the encoder knows such sounds. Where the track
lies as near to recordings of its training as others of their kind do, its prediction comes first; else the tone match,
which knows no sounds, stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bridge.automix.facts import ProposalOrigin
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import AutomixJob
from bridge.automix.objective import nearest_distance_db
from bridge.automix.tone_match.proposal import ToneMatch, change_of_profile
from bridge.automix.tone_match.responses import ResponseStore
from bridge.errors import PluginError
from bridge.features.profile import SoundFeatures
from bridge.model.bundle import StaticModel
from bridge.model.predict import Prediction
from bridge.plugins.host.host import PluginHost
from bridge.plugins.host.render_queue import RenderBatch


class Proposal(NamedTuple):
    """Settings to try, and whose they are."""

    origin: ProposalOrigin
    prediction: Prediction


@dataclass(frozen=True)
class ProposalMaker:
    """Makes the proposals of one model, and keeps what its plugins were measured to do."""

    model: StaticModel
    host: PluginHost
    responses: ResponseStore = field(repr=False)

    def proposals(
        self,
        job: AutomixJob,
        sound: SoundFeatures,
        encoded: Prediction,
        renderer: CandidateRenderer,
        begun: RenderBatch | None,
    ) -> list[Proposal]:
        """Return what to try for `job`, the best first. `begun`: the windows as heard now; None: a dry track."""
        own = Proposal(ProposalOrigin.ENCODER, encoded)
        if job.reference is None or (matched := self._tone_match(job, sound, job.reference, renderer, begun)) is None:
            return [own]
        match = Proposal(ProposalOrigin.TONE_MATCH, matched)
        return [own, match] if self.is_familiar(sound) else [match]

    def is_familiar(self, sound: SoundFeatures) -> bool:
        """Whether the encoder was trained with sounds like this one; a model that does not say so is believed."""
        profiles, most_db = self.model.reference_profiles, self.model.manifest.use.familiar_db
        if profiles is None or most_db is None:
            return True
        return nearest_distance_db(sound.profile, profiles, self.model.manifest.features) <= most_db

    def _tone_match(
        self,
        job: AutomixJob,
        sound: SoundFeatures,
        reference: SoundFeatures,
        renderer: CandidateRenderer,
        begun: RenderBatch | None,
    ) -> Prediction | None:
        model, features = self.model, self.model.manifest.features
        try:
            response = self.responses.of(model.chain, self.host, job.sample_rate_hz, features)
        except PluginError:
            return None  # the encoder's settings are rendered, and fail by themselves
        played_db = None
        if begun is not None:
            if (played := renderer.windows_of(begun)) is None:
                return None
            played_db = change_of_profile(renderer.windows, played, job.sample_rate_hz, features)
        current = np.asarray(job.current, dtype=np.float32)
        return ToneMatch(model.chain, response, features, current, job.free_mask, played_db).propose(sound, reference)
