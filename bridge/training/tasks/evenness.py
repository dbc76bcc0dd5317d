"""The task `evenness`: two compressors even out what is too loud and too soft. The one to begin with.

The input is a recording whose gain was disturbed; what should come out is the recording as it was. Nobody knows which
settings lead there: the encoder starts from settings that were searched for, and then learns from what the plugins
themselves make of its predictions, see `bridge/training/recipes/evenness.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.dynamics import active_moments, momentary_rms_db, unevenness_db
from bridge.model.manifest import PredictionUse
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.gain_disturbance import disturb_gain
from bridge.training.data.recordings import AudioFileEntry, read_recordings
from bridge.training.evaluation.cases import EvaluationCase, draw_gain, halves, has_two_halves, is_within_full_scale
from bridge.training.prediction_modes import ModeExample, PredictionMode, Shard
from bridge.training.tasks.searched_labels import SearchedLabelTask
from bridge.types import Float32


@dataclass(frozen=True)
class EvennessTask(SearchedLabelTask):
    """See the module."""

    name = "evenness"
    modes = (PredictionMode("level", has_reference=False, loudness_counts=False),)
    lead_in_s = 1.5  # slow compressors need as long to settle
    use = PredictionUse(margin_share=0.0, margin_db=0.1, evens_level=True)

    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        clips = [renderer.draw_clips(generator)[0] for _ in range(count)]
        return [
            {"level": ModeExample(disturb_gain(clip, renderer.sample_rate_hz, generator), clip, None)} for clip in clips
        ]

    def reference_profiles(self, examples: Shard) -> Float32 | None:  # noqa: ARG002
        """None: evenness is no kind of sound."""
        return None

    def cases(
        self,
        chain: Chain,  # noqa: ARG002  (no hidden setting leads to the truth)
        host: PluginHost,  # noqa: ARG002
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        generator = np.random.default_rng([seed, 3])
        cases = []
        for recording in filter(has_two_halves, read_recordings(files, must_stop=must_stop)):
            for _ in range(each):
                truth = halves(recording)[0] * draw_gain(generator)
                given = disturb_gain(truth, recording.sample_rate_hz, generator)
                case = EvaluationCase(
                    recording.name, "level", recording.sample_rate_hz, given, truth, None, loudness_counts=False
                )
                cases.append(case)
        return {"level": [case for case in cases if is_within_full_scale(case)]}

    def metrics(self, case: EvaluationCase, audio: Float32) -> dict[str, float]:
        """How uneven the level is, how uneven it should be, and how far its course is from the truth's."""
        rate = case.sample_rate_hz
        right_db, levels_db = momentary_rms_db(case.truth, rate), momentary_rms_db(audio, rate)
        sounding = active_moments(right_db)
        return {
            "unevenness_db": unevenness_db(audio, rate),
            "unevenness_of_truth_db": unevenness_db(case.truth, rate),
            "level_error_db": float((levels_db - right_db)[sounding].std()),
        }
