"""The task `channel-strip`: come close to a reference, or back to where well-recorded material lies.

`match`: a clip, and another part of the same recording through hidden settings. `automix`: a clip degraded by
settings that others undo, and the clip as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bridge.model.manifest import PredictionUse
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import AudioFileEntry, read_recordings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.in_chain_cases import in_chain_cases
from bridge.training.evaluation.out_of_chain_cases import out_of_chain_cases
from bridge.training.prediction_modes import ModeExample, PredictionMode
from bridge.training.tasks.task import EncoderTask
from bridge.types import Float32, Mask

COLOURED_SHARE = 0.5  # of the match clips are degraded ones
MARGIN_SHARE = 0.25  # of the way to the predicted sound: fewer refusals than half of it, and no more harm (LOG)


class ChannelStripTask(EncoderTask):
    """See the module."""

    name = "channel-strip"
    use = PredictionUse(margin_share=MARGIN_SHARE)
    modes = (
        PredictionMode("match", has_reference=True, loudness_counts=True),
        PredictionMode("automix", has_reference=False, loudness_counts=False),
    )

    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        sampler = renderer.sampler
        clips = [renderer.draw_clips(generator) for _ in range(count)]
        hidden = np.stack([sampler.draw(generator) for _ in clips])
        pairs = [sampler.draw_undoable(generator) for _ in clips]
        degrading, undoing = (np.stack(side) for side in zip(*pairs, strict=True))
        coloured = generator.random(count) < COLOURED_SHARE * sampler.can_undo

        clean = [first for first, _ in clips]
        degraded = renderer.render(clean, degrading)
        others = renderer.render([second for _, second in clips], _where(coloured, degrading, sampler.neutral))
        dry = [d if c else a for a, d, c in zip(clean, degraded, coloured, strict=True)]
        wet, reference = renderer.render(dry, hidden), renderer.render(others, hidden)
        return [
            {
                "match": ModeExample(dry[i], wet[i], hidden[i], reference[i], rendered=wet[i]),
                "automix": ModeExample(degraded[i], clean[i], undoing[i]),
            }
            for i in range(count)
        ]

    def cases(
        self,
        chain: Chain,
        host: PluginHost,
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        recordings = read_recordings(files, must_stop=must_stop)
        return {
            "match": in_chain_cases(chain, host, recordings, "match", each=each, seed=seed, must_stop=must_stop),
            "automix": in_chain_cases(chain, host, recordings, "automix", each=each, seed=seed, must_stop=must_stop),
            "foreign": out_of_chain_cases(recordings, each=each, seed=seed),
        }


def _where(chosen: Mask, settings: Float32, otherwise: Float32) -> Float32:
    return np.where(chosen[:, None], settings, otherwise).astype(np.float32)
