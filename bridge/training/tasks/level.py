"""The task `level`: two compressors even out what is too loud and too soft. The one to begin with.

A recording whose level was disturbed is heard; what should come out is the recording as it was. Nobody knows which
settings lead there: the encoder starts from settings that were searched for, and then learns from what the plugins
themselves make of its answers, see `bridge/training/recipes/level.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.audio.levels import momentary_levels_db, moments_that_sound, unevenness_db
from bridge.model.manifest import JobSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.judging.cases import Case, draw_gain, fits_a_file, halves, has_two_halves
from bridge.training.learning.lessons import Lesson, Shard, Sounded
from bridge.training.sources.files import FoundFile, read
from bridge.training.sources.studio import Studio
from bridge.training.sources.unevenness import disturbed
from bridge.training.tasks.labelled import LabelledTask


@dataclass(frozen=True)
class Level(LabelledTask):
    """See the module."""

    name = "level"
    lessons = (Lesson("level", has_reference=False, level_counts=False),)
    lead_in_s = 1.5  # slow compressors need as long to find their level
    job = JobSettings(margin_share=0.0, margin_db=0.1, evens_level=True)

    def draw(self, studio: Studio, generator: np.random.Generator, count: int) -> list[Mapping[str, Sounded]]:
        clips = [studio.draw_clips(generator)[0] for _ in range(count)]
        return [{"level": Sounded(disturbed(clip, studio.sample_rate_hz, generator), clip, None)} for clip in clips]

    def bank(self, examples: Shard) -> NDArray[np.float32] | None:  # noqa: ARG002
        """None: an even level is no kind of sound."""
        return None

    def cases(
        self,
        chain: Chain,  # noqa: ARG002  (no hidden setting leads to the truth)
        host: PluginHost,  # noqa: ARG002
        files: Sequence[FoundFile],
        *,
        each: int,
        seed: int,
    ) -> dict[str, list[Case]]:
        generator = np.random.default_rng([seed, 3])
        cases = []
        for recording in (one for one in read(files) if has_two_halves(one)):
            for _ in range(each):
                truth = halves(recording)[0] * draw_gain(generator)
                given = disturbed(truth, recording.sample_rate_hz, generator)
                case = Case(recording.name, "level", recording.sample_rate_hz, given, truth, None, level_counts=False)
                cases.append(case)
        return {"level": [case for case in cases if fits_a_file(case)]}

    def measures(self, case: Case, made: NDArray[np.float32]) -> dict[str, float]:
        """How uneven the level is, how uneven it should be, and how far its course is from the truth's."""
        rate = case.sample_rate_hz
        right_db, levels_db = momentary_levels_db(case.truth, rate), momentary_levels_db(made, rate)
        sounding = moments_that_sound(right_db)
        return {
            "unevenness_db": unevenness_db(made, rate),
            "unevenness_of_truth_db": unevenness_db(case.truth, rate),
            "level_error_db": float((levels_db - right_db)[sounding].std()),
        }
