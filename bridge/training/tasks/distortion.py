"""The task `distortion`: sound like an amplifier of which there are pairs, what went in and what came out.

Which settings of the plugins come closest is searched for, see `tasks/labelled`. Level is part of the sound: what is
played softer stays cleaner, as in the amplifier. Where the folders hold no pairs, they are made with the amplifier of
`data/amplifier.py`, to show the way; a model that learned from pairs is evaluated on pairs alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bridge.audio.resampling import resample_to
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.model.manifest import PredictionUse, Provenance
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.amplifier import Amplifier
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.pairs import LEAST_S, PairedRecording, check_partners, paired, pairs_among, read_pair
from bridge.training.data.recordings import (
    SILENCE_RMS,
    AudioFileEntry,
    Recording,
    Side,
    find_files,
    read_recordings,
    rms,
    split_by_song,
    until,
)
from bridge.training.evaluation.cases import EvaluationCase, is_within_full_scale
from bridge.training.prediction_modes import ModeExample, PredictionMode
from bridge.training.tasks.searched_labels import SearchedLabelTask
from bridge.training.tasks.task import TaskRecordings
from bridge.types import Audio

MODE = PredictionMode("amplifier", has_reference=False, loudness_counts=True)
PLAYED = ("guitar", "bass")  # what goes into an amplifier, where files say so
DEMONSTRATION = Amplifier(delay_samples=1234, is_inverted=True)
DEMONSTRATION_SOURCE = "processed by the amplifier in formulas"  # stands in manifests, by which a model is known again
GAIN_DB = 6.0  # recordings come to the demonstration's amplifier at levels of so much to either side
DEMONSTRATED_S = 16.0  # of each recording
CASE_S = 6.0
_TRIES = 200


@dataclass(frozen=True)
class DistortionTask(SearchedLabelTask):
    """See the module. `demonstrates`: where no pairs are given, the amplifier in formulas makes them."""

    demonstrates: bool = True
    name = "distortion"
    modes = (MODE,)
    use = PredictionUse(keeps_loudness=False)

    def load_recordings(
        self,
        data: Sequence[Path],
        *,
        seed: int,  # noqa: ARG002  (nothing is synthesised)
        takes: int,  # noqa: ARG002
        must_stop: Callable[[Side], bool] = lambda _: False,
    ) -> TaskRecordings:
        files = find_files(data)
        check_partners(files)
        names = tuple(folder.name for folder in data)
        if pairs := pairs_among(files):
            by_name = {pair.dry.name: pair for pair in pairs}
            sides = split_by_song([pair.dry for pair in pairs])
            validation, train = (
                [read_pair(by_name[file.name]) for file in until(partial(must_stop, side), sides[side])]
                for side in _LEARNED
            )
            sources = tuple(f"{name}: pairs of dry and processed recordings" for name in names)
        else:
            sides = split_by_song(_played(files))
            validation, train = (_demonstrated(sides[side], partial(must_stop, side)) for side in _LEARNED)
            sources = tuple(f"{name}, {DEMONSTRATION_SOURCE}, as no pairs were given" for name in names)
        return TaskRecordings(train, validation, tuple(file.name for file in sides["test"]), sources)

    def as_learned_by(self, training: Provenance) -> DistortionTask:
        return replace(self, demonstrates=any(DEMONSTRATION_SOURCE in source for source in training.sources))

    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        """Passages of pairs; the settings that lead from one to the other are not searched for here."""
        passages = [_passage(renderer, generator) for _ in range(count)]
        return [{MODE.name: ModeExample(dry, processed, None)} for dry, processed in passages]

    def cases(
        self,
        chain: Chain,  # noqa: ARG002  (nobody knows the settings that lead to the truth)
        host: PluginHost,  # noqa: ARG002
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        """AudioError where pairs are needed and there are none."""
        pairs = pairs_among(files)
        if not (pairs or self.demonstrates):
            raise AudioError(
                "This model learned from pairs of dry and processed recordings, and among these files there is no pair "
                "that was not part of its training. Give dry/NAME.wav and processed/NAME.wav of other playing."
            )
        read = [read_pair(pair) for pair in until(must_stop, pairs)]
        recordings = read or _demonstrated(_played(files), must_stop)
        cases = []
        for recording in recordings:
            rate = recording.sample_rate_hz
            generator = np.random.default_rng([seed, zlib.crc32(recording.name.encode())])
            for _ in range(each):
                dry, processed = _cut(recording, generator, round(CASE_S * rate))
                cases.append(EvaluationCase(recording.name, MODE.name, rate, dry, processed, None))
        return {MODE.name: [case for case in cases if is_within_full_scale(case)]}


_LEARNED: tuple[Side, Side] = ("validation", "train")


def _played(files: Sequence[AudioFileEntry]) -> list[AudioFileEntry]:
    """The files whose names say that they hold a guitar or a bass; all, where none does."""
    return [file for file in files if any(name in Path(file.name).stem.lower() for name in PLAYED)] or list(files)


def _demonstrated(files: Sequence[AudioFileEntry], must_stop: Callable[[], bool]) -> list[PairedRecording]:
    """Pairs made of recordings by the demonstration's amplifier, found and aligned as if they had been given; of those
    that last as long as the sides of a pair must."""
    return [
        _through_the_amplifier(recording, file)
        for file in until(must_stop, files)
        for recording in read_recordings([file])
        if recording.audio.shape[-1] >= LEAST_S * recording.sample_rate_hz
    ]


def _through_the_amplifier(recording: Recording, file: AudioFileEntry) -> PairedRecording:
    drawn = np.random.default_rng(zlib.crc32(recording.name.encode())).uniform(-GAIN_DB, GAIN_DB)
    gain = min(db_to_amplitude(drawn), 1 / float(np.abs(recording.audio).max()))
    dry = recording.audio[:, : round(DEMONSTRATED_S * recording.sample_rate_hz)] * np.float32(gain)
    return paired(file, dry, DEMONSTRATION.play(dry, recording.sample_rate_hz), recording.sample_rate_hz)


def _passage(renderer: ExampleRenderer, generator: np.random.Generator) -> tuple[Audio, Audio]:
    """A passage of one of the renderer's pairs, (1, samples) dry and processed, at the renderer's sample rate."""
    recording = renderer.recordings[int(generator.integers(len(renderer.recordings)))]
    assert isinstance(recording, PairedRecording)
    dry, processed = _cut(recording, generator, round(renderer.clip_s * recording.sample_rate_hz))
    if recording.sample_rate_hz == renderer.sample_rate_hz:
        return dry, processed
    length = round(renderer.clip_s * renderer.sample_rate_hz)
    return resample_to(dry, length), resample_to(processed, length)


def _cut(recording: PairedRecording, generator: np.random.Generator, length: int) -> tuple[Audio, Audio]:
    """The same `length` samples of both sides, from where the dry one sounds; repeated where it is shorter."""
    samples = recording.audio.shape[-1]
    for _ in range(_TRIES):
        start = int(generator.integers(max(1, samples - length)))
        if rms(recording.audio[:, start : start + length]) >= SILENCE_RMS:
            break
    dry, processed = recording.audio[:, start : start + length], recording.processed[:, start : start + length]
    return (dry, processed) if dry.shape[-1] == length else (_wrapped(dry, length), _wrapped(processed, length))


def _wrapped(audio: Audio, length: int) -> Audio:
    return np.take(audio, np.arange(length), axis=-1, mode="wrap")
