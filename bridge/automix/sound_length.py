"""How much sound a job holds, and what may be decided by so much of it.

Too little says nothing of a track: by 20 to 200 ms cut out of them, good takes were changed by 4 to 6 dB. A sound that
is no longer than that as a whole, a one-shot, may be judged, with more to be won than elsewhere. How the bounds and
the margins were measured: `models/LOG.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from bridge.audio.silence import sounding_s
from bridge.automix.facts import Decision, DecisionKind
from bridge.automix.job import AutomixJob
from bridge.automix.objective import Objective
from bridge.model.manifest import PredictionUse

LEAST_S = 1.0  # of sound, below it only a one-shot is judged
LEAST_ONE_SHOT_S = 0.5  # shorter ones came out worse as often as better, and have no loudness
MARGIN_SHARE, MARGIN_DB = 0.75, 3.0  # of a one-shot, without a reference
REFERENCE_MARGIN_SHARE, REFERENCE_MARGIN_DB = 0.5, 1.0


@dataclass(frozen=True)
class SoundLength:
    """What follows from how long the excerpts of a job sound.

    Attributes:
        is_one_shot: whether more must be won than of a longer sound.
        refusal: why nothing can be judged by so much; None where it can.
    """

    is_one_shot: bool
    refusal: Decision | None

    @classmethod
    def of(cls, job: AutomixJob) -> SoundLength:
        """Measure a job, which may be cut out of a longer sound."""
        sound_s, needed_s = sounding_s(job.excerpts, job.sample_rate_hz), LEAST_S if job.is_part else LEAST_ONE_SHOT_S
        too_short = Decision(kind=DecisionKind.TOO_SHORT, sound_s=sound_s, needed_sound_s=needed_s, is_part=job.is_part)
        return cls(not job.is_part and sound_s < LEAST_S, too_short if sound_s < needed_s else None)


def use_for_one_shot(use: PredictionUse) -> PredictionUse:
    """Return how a model's prediction is used for a one-shot."""
    return msgspec.structs.replace(
        use, margin_share=max(use.margin_share, MARGIN_SHARE), margin_db=max(use.margin_db, MARGIN_DB)
    )


def reference_for_one_shot(objective: Objective) -> Objective:
    """Return the objective of a reference as it is for a one-shot."""
    return replace(objective, margin_share=REFERENCE_MARGIN_SHARE, margin_db=REFERENCE_MARGIN_DB)
