"""The task `mastering`: bring a stereo mix to the tone of a reference, or to where finished recordings lie.

What is learned is tone, compared at equal loudness; loudness and true peak are reached by trying
(`bridge.automix.loudness_solver`). So examples leave the limiter out, and the equaliser sounds as measured
(`data.linear_equaliser`): the two cost a hundred times what the compressor does.

`match`: a mix, and another part of it through hidden settings; a share of them softly clipped as well, as other
people's limiters do. `automix`: a mix whose tonal balance was disturbed, and the same one finished: brought most of the
way to the balance of finished recordings, which is the user's own where there are some (see `data.mixes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.automix.guard.loudness_guard import split_at_limiter
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.model.manifest import PredictionUse
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.eq_settings_sampler import EqSettingsSampler, draw_curve_db
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.measured_equaliser import EqualiserRenderer
from bridge.training.data.mixes import THIRDS_HZ, MixGenerator, equalised
from bridge.training.data.recordings import SILENCE_RMS, AudioFileEntry, read_recordings, rms
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mastering_cases import mastering_cases
from bridge.training.prediction_modes import ModeExample, PredictionMode
from bridge.training.recipe import Recipe
from bridge.training.tasks.task import EncoderTask
from bridge.types import Audio, Float64, Indices

LOUDNESS_LUFS = -14.0
CEILING_DBTP = -1.0
LEVELS_DB = (-30.0, -12.0)  # root mean square of what comes to mastering
HIGHEST_PEAK = 0.98
RETUNED_SHARE = 0.3
RETUNING_SEMITONES = 3.0
FINISHED_SHARE = 0.5  # of the mixes are finished before anything happens to them
FINISHING = 0.7  # of the way
DISTURBED_SHARE = 0.75
CLIPPED_SHARE = 0.3
CLIPPED_BY_DB = (1.0, 8.0)
_TRIES = 1000


class MasteringTask(EncoderTask):
    """See the module."""

    name = "mastering"
    modes = (
        PredictionMode("match", has_reference=True, loudness_counts=False),
        PredictionMode("automix", has_reference=False, loudness_counts=False),
    )
    use = PredictionUse(keeps_loudness=False, loudness_lufs=LOUDNESS_LUFS, ceiling_dbtp=CEILING_DBTP)
    channels = None

    def __init__(self) -> None:
        self._renderers: WeakKeyDictionary[PluginHost, EqualiserRenderer] = WeakKeyDictionary()

    def check(self, recipe: Recipe, chain: Chain) -> None:
        super().check(recipe, chain)
        split_at_limiter(chain)

    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        mixes, sampler = MixGenerator(renderer.recordings), EqSettingsSampler(renderer.chain)
        tonal, kept = self._renderer(renderer)
        drawn = [_draw_parts(mixes, renderer, generator) for _ in range(count)]
        hidden = np.stack([sampler.draw(generator) for _ in drawn])
        wet = tonal.render([first for first, _, _ in drawn], hidden[:, kept])
        reference = tonal.render([second for _, second, _ in drawn], hidden[:, kept])
        examples: list[Mapping[str, ModeExample]] = []
        for (first, _, finishing_db), position, rendered, other in zip(drawn, hidden, wet, reference, strict=True):
            by_db = generator.uniform(*CLIPPED_BY_DB) if generator.random() < CLIPPED_SHARE else 0.0
            examples.append(
                {
                    "match": ModeExample(
                        first, clipped(rendered, by_db), position, clipped(other, by_db), rendered=rendered
                    ),
                    "automix": _disturbed(first, finishing_db, renderer.sample_rate_hz, sampler, generator),
                }
            )
        return examples

    def _renderer(self, renderer: ExampleRenderer) -> tuple[EqualiserRenderer, Indices]:
        """What renders the chain before its limiter, and which of its controls that has. Measured once for a host."""
        split = split_at_limiter(renderer.chain)
        known = self._renderers.get(renderer.host)
        if known is None or known.chain.key != split.tone.key:
            known = self._renderers[renderer.host] = EqualiserRenderer(
                split.tone, renderer.host, renderer.sample_rate_hz
            )
        return known, split.tone_controls

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
        recordings = read_recordings(files, channels=None, must_stop=must_stop)
        return mastering_cases(chain, host, recordings, each=each, seed=seed, must_stop=must_stop)

    def metrics(self, case: EvaluationCase, audio: Audio) -> dict[str, float]:
        """How far the loudness is from the wanted one, and how far the true peak lies above the ceiling."""
        wanted = LOUDNESS_LUFS if case.reference is None else loudness_lufs(case.reference, case.sample_rate_hz)
        loudness, peak = loudness_lufs(audio, case.sample_rate_hz), true_peak_dbtp(audio, case.sample_rate_hz)
        if wanted is None or loudness is None or peak is None:
            return {}
        return {"loudness_error_lu": abs(loudness - wanted), "above_ceiling_db": peak - CEILING_DBTP}


def clipped(audio: Audio, by_db: float) -> Audio:
    """`audio` (channels, samples) with its peaks bent down, about `by_db` at the highest."""
    peak = float(np.abs(audio).max(initial=0.0))
    if by_db <= 0 or peak == 0:
        return audio
    threshold = np.float32(peak * db_to_amplitude(-by_db))
    return np.asarray(threshold * np.tanh(audio / threshold), dtype=np.float32)


def _draw_parts(
    mixes: MixGenerator, renderer: ExampleRenderer, generator: np.random.Generator
) -> tuple[Audio, Audio, Float64]:
    """Two parts of one mix (2, samples) at one level, and the gains that would finish it (29,)."""
    rate = renderer.sample_rate_hz
    length = round(renderer.clip_s * rate)
    for _ in range(_TRIES):
        mix = mixes.draw(generator)
        retuning = 0.0
        if renderer.augment and generator.random() < RETUNED_SHARE:
            retuning = generator.uniform(-RETUNING_SEMITONES, RETUNING_SEMITONES)
        place = generator.random()
        first, second = (mix.cut(rate, length, p, retuning) for p in (place, place + generator.uniform(0.4, 0.6)))
        if min(rms(first), rms(second)) < SILENCE_RMS:
            continue
        level = db_to_amplitude(generator.uniform(*LEVELS_DB)) / rms(first)
        level = min(level, HIGHEST_PEAK / max(float(np.abs(first).max()), float(np.abs(second).max())))
        first, second = np.float32(level) * first, np.float32(level) * second
        if mix.is_finished:
            return first, second, np.zeros(THIRDS_HZ.size)
        finishing_db = mixes.balance.finishing_db(first, rate, FINISHING)
        if generator.random() < FINISHED_SHARE:
            first, second = (equalised(part, rate, finishing_db) for part in (first, second))
            finishing_db = np.zeros(THIRDS_HZ.size)
        return first, second, finishing_db
    raise AudioError(
        f"{_TRIES} draws from {len(renderer.recordings)} recordings found no two parts of {renderer.clip_s:g} s of one "
        "mix that both sound. Give recordings with fewer pauses, or longer clips (clip_s in the recipe)."
    )


def _disturbed(
    part: Audio, finishing_db: Float64, rate: int, sampler: EqSettingsSampler, generator: np.random.Generator
) -> ModeExample:
    """The mode `automix`: `part` as it is or with another balance, and finished."""
    disturbing_db = np.zeros(THIRDS_HZ.size)
    if generator.random() < DISTURBED_SHARE:
        disturbing_db = draw_curve_db(THIRDS_HZ, generator)
    given = equalised(part, rate, disturbing_db) if disturbing_db.any() else part
    truth = equalised(part, rate, finishing_db) if finishing_db.any() else part
    undoing_db = np.interp(np.log(sampler.hertz), np.log(THIRDS_HZ), finishing_db - disturbing_db)
    return ModeExample(given, truth, sampler.with_gains(sampler.neutral, undoing_db))
