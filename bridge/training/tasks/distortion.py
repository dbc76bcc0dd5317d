"""The task `distortion`: sound like an amplifier of which there are pairs, what went in and what came out.

Labels come first, by search through the plugins: one setting for all passages, switches and choices included, then
small steps from there for each passage. The encoder learns to answer with them. Level is part of the sound: what is
played softer stays cleaner, as in the amplifier. Where the folders hold no pairs, they are made with the amplifier of
`sources/amplifier.py`, to show the way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors.numpy

from bridge.model.manifest import JobSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.judging.cases import Case, fits_a_file
from bridge.training.learning.labelling import Ear, Label, Passage, Positions, refine, search_jointly
from bridge.training.learning.lessons import Lesson, Shard, Sounded, pack
from bridge.training.recipe import Recipe
from bridge.training.sources.amplifier import Amplifier
from bridge.training.sources.files import SILENCE_RMS, FoundFile, Recording, find_files, read, split
from bridge.training.sources.pairs import PairedRecording, check_partners, paired, pairs_among, read_pair
from bridge.training.sources.speech import resample
from bridge.training.sources.studio import Audio, Studio
from bridge.training.tasks.task import Gathered, LessonTask

LESSON = Lesson("amplifier", has_reference=False, level_counts=True)
PLAYED = ("guitar", "bass")  # what goes into an amplifier, where files say so
DEMONSTRATION = Amplifier(delay_samples=1234, is_inverted=True)
DEMONSTRATION_SOURCE = (
    "processed by the amplifier in formulas of bridge/training/sources/amplifier.py, as no pairs were given"
)
GAIN_DB = 6.0  # recordings come to the demonstration's amplifier at levels of so much to either side
CASE_S = 6.0
LEAD_IN_S = 0.1
SEARCH_SEED = 1
POLISHING_ROUNDS = 4
_STATIC = "static"
_TRIES = 200


@dataclass(frozen=True)
class Distortion(LessonTask):
    """See the module. `static` (controls,) is the one position that serves all passages best, once it is found."""

    name = "distortion"
    lessons = (LESSON,)
    job = JobSettings(keeps_loudness=False)
    static: Positions | None = None

    def gather(self, data: Sequence[Path], *, seed: int, takes: int) -> Gathered:  # noqa: ARG002
        files = find_files(data)
        check_partners(files)
        names = tuple(folder.name for folder in data)
        if pairs := pairs_among(files):
            by_name = {pair.dry.name: pair for pair in pairs}
            sides = split([pair.dry for pair in pairs])
            train, validation = ([read_pair(by_name[file.name]) for file in sides[side]] for side in _LEARNED)
            sources = tuple(f"{name}: pairs of dry and processed recordings" for name in names)
        else:
            sides = split(_played(files))
            train, validation = (_demonstrated(sides[side]) for side in _LEARNED)
            sources = tuple(f"{name}, {DEMONSTRATION_SOURCE}" for name in names)
        return Gathered(train, validation, tuple(file.name for file in sides["test"]), sources)

    def settled(
        self,
        studio: Studio,
        recipe: Recipe,
        folder: Path,
        *,
        notify: Callable[[str], None],
        must_stop: Callable[[], bool],
    ) -> Distortion:
        """With the static position, searched for once and kept in `folder`."""
        file = folder / f"{_STATIC}.safetensors"
        if file.is_file():
            return Distortion(safetensors.numpy.load_file(file)[_STATIC])
        label = self._search(studio, recipe, notify, must_stop)
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_name(file.name + ".part")
        part.write_bytes(safetensors.numpy.save({_STATIC: label.position}))
        part.replace(file)
        return Distortion(label.position)

    def _search(
        self, studio: Studio, recipe: Recipe, notify: Callable[[str], None], must_stop: Callable[[], bool]
    ) -> Label:
        settings, generator = recipe.examples.search, np.random.default_rng(SEARCH_SEED)
        passages = [_passage(studio, generator, settings.passage_s) for _ in range(settings.passages)]
        ear = Ear(studio.chain, studio.host, passages, recipe.features)

        def tell(generation: int, cost: float) -> None:
            notify(f"one setting for all: {cost:.2f} dB after {generation + 1} of {settings.generations} steps")

        found = search_jointly(
            studio.chain,
            ear.cost,
            generations=settings.generations,
            population=settings.population,
            seed=SEARCH_SEED,
            notify=tell,
            must_stop=must_stop,
        )
        polished = refine(ear, found, rounds=POLISHING_ROUNDS)
        notify(f"one setting for all: {polished.distance_db:.2f} dB after small steps")
        return polished

    def draw(self, studio: Studio, generator: np.random.Generator, count: int) -> list[Mapping[str, Sounded]]:
        """Passages of pairs; the settings that lead from one to the other are not searched for here."""
        passages = [_passage(studio, generator, studio.clip_s) for _ in range(count)]
        return [{LESSON.name: Sounded(passage.dry, passage.processed, None)} for passage in passages]

    def make_shard(self, studio: Studio, recipe: Recipe, generator: np.random.Generator) -> Shard:
        assert self.static is not None, "settled() comes first"
        heard = [_passage(studio, generator, studio.clip_s) for _ in range(recipe.examples.shard_examples)]
        labels = [
            refine(
                Ear(studio.chain, studio.host, [passage], recipe.features),
                Label(self.static, np.inf, 0),
                rounds=recipe.examples.search.rounds,
            ).position
            for passage in heard
        ]
        rendered = studio.render([passage.dry for passage in heard], np.stack(labels))
        examples = [
            {LESSON.name: Sounded(passage.dry, passage.processed, label, rendered=made)}
            for passage, label, made in zip(heard, labels, rendered, strict=True)
        ]
        return pack(self.lessons, examples, studio.sample_rate_hz, recipe.features)

    def cases(
        self,
        chain: Chain,  # noqa: ARG002  (nobody knows the settings that lead to the truth)
        host: PluginHost,  # noqa: ARG002
        files: Sequence[FoundFile],
        *,
        each: int,
        seed: int,
    ) -> dict[str, list[Case]]:
        pairs = pairs_among(files)
        recordings = [read_pair(pair) for pair in pairs] if pairs else _demonstrated(_played(files))
        cases = []
        for recording in recordings:
            rate = recording.sample_rate_hz
            generator = np.random.default_rng([seed, zlib.crc32(recording.name.encode())])
            for _ in range(each):
                dry, processed = _cut(recording, generator, round(CASE_S * rate))
                cases.append(Case(recording.name, LESSON.name, rate, dry, processed, None))
        return {LESSON.name: [case for case in cases if fits_a_file(case)]}


_LEARNED: tuple[Literal["train"], Literal["validation"]] = ("train", "validation")


def _played(files: Sequence[FoundFile]) -> list[FoundFile]:
    """The files whose names say that they hold a guitar or a bass; all, where none does."""
    return [file for file in files if any(name in Path(file.name).stem.lower() for name in PLAYED)] or list(files)


def _demonstrated(files: Sequence[FoundFile]) -> list[PairedRecording]:
    """Pairs made of recordings by the demonstration's amplifier, found and aligned as if they had been given."""
    by_name = {file.name: file for file in files}
    return [_through_the_amplifier(recording, by_name[recording.name]) for recording in read(files)]


def _through_the_amplifier(recording: Recording, file: FoundFile) -> PairedRecording:
    drawn = np.random.default_rng(zlib.crc32(recording.name.encode())).uniform(-GAIN_DB, GAIN_DB)
    gain = min(10 ** (drawn / 20), 1 / float(np.abs(recording.audio).max()))
    dry = recording.audio * np.float32(gain)
    return paired(file, dry, DEMONSTRATION.play(dry, recording.sample_rate_hz), recording.sample_rate_hz)


def _passage(studio: Studio, generator: np.random.Generator, duration_s: float) -> Passage:
    """A passage of one of the studio's pairs, at the studio's sample rate."""
    recording = studio.recordings[int(generator.integers(len(studio.recordings)))]
    assert isinstance(recording, PairedRecording)
    sides = _cut(recording, generator, round(duration_s * recording.sample_rate_hz))
    if recording.sample_rate_hz != studio.sample_rate_hz:
        length = round(duration_s * studio.sample_rate_hz)
        sides = resample(sides[0][0], length)[None], resample(sides[1][0], length)[None]
    return Passage(*sides, studio.sample_rate_hz, LEAD_IN_S)


def _cut(recording: PairedRecording, generator: np.random.Generator, length: int) -> tuple[Audio, Audio]:
    """The same `length` samples of both sides, from where the dry one sounds; repeated where it is shorter."""
    samples = recording.audio.shape[-1]
    for _ in range(_TRIES):
        start = int(generator.integers(max(1, samples - length)))
        if np.sqrt(np.mean(np.square(recording.audio[:, start : start + length]))) >= SILENCE_RMS:
            break
    dry, processed = recording.audio[:, start : start + length], recording.processed[:, start : start + length]
    return (dry, processed) if dry.shape[-1] == length else (_wrapped(dry, length), _wrapped(processed, length))


def _wrapped(audio: Audio, length: int) -> Audio:
    return np.take(audio, np.arange(length), axis=-1, mode="wrap")
