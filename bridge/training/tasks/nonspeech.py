"""The task `nonspeech`: breaths, lip clicks and plosive pops out of speech, by settings that move in time.

Examples are scenes: speech by voices of one side, with sounds by families of one side, and music that must come out
as it went in. Of the user's folders, files below a folder called `speech` are clean speech (without breaths) to lay
sounds into; all others are sounds to be left alone. Where a table beside the recordings says what they are
(`recording_notes`), it decides, and sides are made of families: of speech as it was recorded the words are taken, of
breaths each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch

from bridge.audio.synthesis import KINDS, synthesise
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError, PluginError, SettingsError
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.encoders.frame_encoder import frame_loudness_db, loud_frame_db
from bridge.model.manifest import AutomationSettings, PredictionUse
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import GAIN_DB, ExampleRenderer, cut_clip
from bridge.training.data.frame_labels import FrameLabels, label_scene, stack_labels
from bridge.training.data.recording_notes import read_notes
from bridge.training.data.recordings import (
    AudioFileEntry,
    Recording,
    Side,
    find_files,
    read_recordings,
    split_by_song,
    until,
)
from bridge.training.data.scenes import Scene, Surroundings, draw_scene
from bridge.training.data.spoken_recordings import (
    SCENE_BREATHS,
    BreathRecording,
    SpokenRecording,
    at_rate,
    draw_breaths,
    noted_recordings,
)
from bridge.training.data.voices import synthesise_speech
from bridge.training.evaluation.cases import SHORTEST_S, EvaluationCase
from bridge.training.evaluation.nonspeech_metrics import SceneCase, scene_metrics
from bridge.training.prediction_modes import Shard
from bridge.training.recipe import Recipe
from bridge.training.tasks.task import SAMPLE_RATE_HZ, VALIDATION_SEED, Task, TaskRecordings
from bridge.training.trainer.frame_train_step import FrameTrainStep
from bridge.training.trainer.train_step import TrainStep, TrainStepSettings
from bridge.types import Float32

SPEECH_FOLDER = "speech"
LEFT_ALONE = 0.12  # share of the examples without anybody speaking
MUSIC_PER_VOICE = 1 / 20
VALIDATION_VOICES = 24
TEST_SEED = 900_000
TEST_VOICES = 16
MUSIC_TAKES = 2
MUSIC_S = 12.0
CASE_S = 10.0
USER_SHARE = 0.6  # of the scenes by recorded speakers, where there are any
SECOND_SPEAKER, BED, NARROW = 0.12, 0.10, 0.30  # shares of the scenes by recorded speakers
LOUDER_ROOM_DB = 12.0
BED_BELOW_DB = (16.0, 36.0)
NARROW_HZ = (3400.0, 4000.0, 5500.0, 7000.0, 8000.0, 10_500.0)


class NonspeechTask(Task):
    """See the module."""

    name = "nonspeech"
    use = PredictionUse(automation=AutomationSettings(sure=0.7))

    def check(self, recipe: Recipe, chain: Chain) -> None:  # noqa: ARG002  (any chain will do)
        if recipe.encoder.kind != "frames":
            raise SettingsError(
                f'The recipe has the encoder "{recipe.encoder.kind}", which gives one answer for all of a sound; '
                f'{self.name} wants one for each frame. Give "frames", or leave it out.'
            )
        if recipe.examples.jacobian_share:
            raise SettingsError(f"The recipe has a jacobian_share; {self.name} takes no Jacobians. Leave it out.")
        for stage in recipe.stages:
            weighed = {name for name, weight in msgspec.structs.asdict(stage.loss).items() if weight}
            if foreign := sorted(weighed - {"category", "position"}):
                raise SettingsError(
                    f"The stage {stage.name!r} of the recipe weighs {', '.join(foreign)}; {self.name} learns by "
                    "category and position alone. Leave the others out."
                )
            if stage.slots:
                raise SettingsError(
                    f"The stage {stage.name!r} has slots; {self.name} learns all at once. Leave it out."
                )

    def load_recordings(
        self, data: Sequence[Path], *, seed: int, takes: int, must_stop: Callable[[Side], bool] = lambda _: False
    ) -> TaskRecordings:
        files = find_files(data)
        notes = read_notes(files)
        plain = [file for file in files if file.path not in notes]
        speech = split_by_song([file for file in plain if _is_speech(file)])
        others = split_by_song([file for file in plain if not _is_speech(file)])

        def side_of(side: Side, voices: int, first: int) -> list[Recording]:
            is_over = partial(must_stop, side)
            noted = noted_recordings([file for file in files if file.path in notes], notes, side, must_stop=is_over)
            voiced = [
                *read_recordings(speech[side], must_stop=is_over),
                *synthesise_speech(side, first, takes=voices, sample_rate_hz=SAMPLE_RATE_HZ, must_stop=is_over),
                *(one for one in noted if isinstance(one, SpokenRecording)),
            ]
            if not voiced:
                raise AudioError(
                    "Nothing here speaks: install espeak-ng, or give a folder called 'speech' with three recordings of "
                    "clean speech or more."
                )
            music = until(is_over, _music(first, max(1, round(MUSIC_PER_VOICE * voices))))
            rest = [one for one in noted if not isinstance(one, SpokenRecording)]
            return [*map(_as_speech, voiced), *rest, *read_recordings(others[side], must_stop=is_over), *music]

        validation = side_of("validation", min(VALIDATION_VOICES, takes), VALIDATION_SEED)
        return TaskRecordings(
            train=side_of("train", takes, seed * 1000),
            validation=validation,
            test=(
                *(file.name for file in (*speech["test"], *others["test"])),
                *(file.name for file in files if file.path in notes and notes[file.path].side == "test"),
            ),
            sources=("voices by espeak-ng, breaths, clicks, pops and music synthesised", *(f.name for f in data)),
        )

    def make_shard(self, renderer: ExampleRenderer, generator: np.random.Generator, recipe: Recipe) -> Shard:
        labelled: list[tuple[Scene, FrameLabels]] = []
        for _ in range(recipe.examples.shard_examples):
            scene = draw_example(renderer, generator)
            labels = label_scene(scene, renderer, recipe.features)
            if labels is not None:
                labelled.append((scene, labels))
        if not labelled:
            raise PluginError("No example rendered. Try the chain's plugins: reaper-bridge chain show.")
        frames = np.stack([_frames(scene, recipe.features) for scene, _ in labelled])
        loud_db = loud_frame_db(frame_loudness_db(torch.from_numpy(frames))).numpy()
        return {
            "input": frames.astype(np.float16),
            "loud_db": loud_db.astype(np.float32),
            **stack_labels([labels for _, labels in labelled]),
        }

    def new_train_step(self, settings: TrainStepSettings) -> TrainStep:
        return FrameTrainStep(settings)

    def cases(
        self,
        chain: Chain,  # noqa: ARG002  (nothing is rendered to make them)
        host: PluginHost,  # noqa: ARG002
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        """Voices and families of the test: with sounds to take out, without any; and what is to be left alone."""
        voices = synthesise_speech(
            "test", TEST_SEED + seed, takes=TEST_VOICES, sample_rate_hz=SAMPLE_RATE_HZ, must_stop=must_stop
        )
        notes = read_notes(files)
        plain = [file for file in files if file.path not in notes]
        noted = [file for file in files if file.path in notes]
        recorded = noted_recordings(noted, notes, side=None, must_stop=must_stop)
        own = [
            one
            for one in read_recordings(plain, must_stop=must_stop)
            if one.audio.shape[-1] >= SHORTEST_S * one.sample_rate_hz
        ]
        spoken_here = {file.name for file in plain if _is_speech(file)}
        breaths = [one for one in recorded if isinstance(one, BreathRecording)]
        speakers = [
            *(_as_speech(one) for one in voices),
            *(_as_speech(one) for one in own if one.name in spoken_here),
            *(one for one in recorded if isinstance(one, SpokenRecording)),
        ]
        others = [
            *(one for one in own if one.name not in spoken_here),
            *(one for one in recorded if not isinstance(one, SpokenRecording | BreathRecording)),
            *until(must_stop, _music(TEST_SEED + seed, MUSIC_TAKES)),
        ]
        generator = np.random.default_rng([seed, 41])
        return {
            "nonspeech": [
                _spoken_case("nonspeech", one, breaths, generator, 0.0)
                for one in until(must_stop, (one for one in speakers for _ in range(each)))
            ],
            "clean": [_spoken_case("clean", one, breaths, generator, 1.0) for one in until(must_stop, speakers)],
            "music": [_music_case(one, generator) for one in others],
        }

    def metrics(self, case: EvaluationCase, audio: Float32) -> dict[str, float]:
        """See `evaluation.nonspeech_metrics`."""
        return scene_metrics(case.scene, audio) if isinstance(case, SceneCase) else {}


def draw_example(renderer: ExampleRenderer, generator: np.random.Generator) -> Scene:
    """A scene by one of the renderer's speakers, or something that is to be left alone."""
    speakers = [recording for recording in renderer.recordings if isinstance(recording, SpokenRecording)]
    breaths = [recording for recording in renderer.recordings if isinstance(recording, BreathRecording)]
    others = [one for one in renderer.recordings if not isinstance(one, SpokenRecording | BreathRecording)]
    if others and generator.random() < LEFT_ALONE:
        return _left_alone(others[generator.integers(len(others))], renderer, generator)
    own = [speaker for speaker in speakers if not speaker.name.startswith("spoken/")]
    is_recorded = bool(own) and generator.random() < USER_SHARE
    speaker = _draw_speaker(own if is_recorded else speakers, generator)
    line = at_rate(speaker, renderer.sample_rate_hz)
    if is_recorded and generator.random() < SECOND_SPEAKER:
        line = np.concatenate([line, at_rate(_draw_speaker(own, generator), renderer.sample_rate_hz)])
    samples = round(renderer.clip_s * renderer.sample_rate_hz)
    bed = None
    if others and generator.random() < BED:
        below = others[generator.integers(len(others))]
        bed = np.asarray(cut_clip(below, renderer.sample_rate_hz, samples, generator.random())[0])
    return draw_scene(
        line,
        renderer.sample_rate_hz,
        generator,
        side="train",
        duration_s=renderer.clip_s,
        surroundings=Surroundings(
            room=speaker.room,
            room_gain_db=generator.uniform(0, LOUDER_ROOM_DB) * float(generator.random() < 0.5),
            breaths=draw_breaths(breaths, renderer.sample_rate_hz, generator),
            bed=bed,
            bed_below_db=generator.uniform(*BED_BELOW_DB),
            highest_hz=float(generator.choice(NARROW_HZ)) if generator.random() < NARROW else None,
        ),
    )


def _draw_speaker(speakers: Sequence[SpokenRecording], generator: np.random.Generator) -> SpokenRecording:
    """One of `speakers`, families alike: a corpus of many files is no more than one of few."""
    families = sorted({speaker.family for speaker in speakers})
    family = families[generator.integers(len(families))]
    members = [speaker for speaker in speakers if speaker.family == family]
    return members[generator.integers(len(members))]


def _left_alone(recording: Recording, renderer: ExampleRenderer, generator: np.random.Generator) -> Scene:
    audio = cut_clip(
        recording, renderer.sample_rate_hz, round(renderer.clip_s * renderer.sample_rate_hz), generator.random()
    )
    audio = (audio * db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB))).astype(np.float32)
    return Scene(audio, audio, np.zeros_like(audio), renderer.sample_rate_hz, (), ())


def _spoken_case(
    use: str,
    speaker: SpokenRecording,
    breaths: Sequence[BreathRecording],
    generator: np.random.Generator,
    eventless: float,
) -> SceneCase:
    line, rate = at_rate(speaker, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ
    surroundings = Surroundings(room=speaker.room)
    if speaker.family and breaths:
        drawn = [at_rate(breaths[index], rate) for index in generator.permutation(len(breaths))[:SCENE_BREATHS]]
        surroundings = Surroundings(room=speaker.room, breaths=drawn)
    scene = draw_scene(
        line, rate, generator, side="test", duration_s=CASE_S, eventless=eventless, surroundings=surroundings
    )
    return SceneCase(speaker.name, use, rate, scene.audio, scene.truth, None, pauses_count=True, scene=scene)


def _music_case(recording: Recording, generator: np.random.Generator) -> EvaluationCase:
    audio = recording.audio[:, : round(CASE_S * recording.sample_rate_hz)]
    audio = audio * np.float32(min(db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB)), 1 / np.abs(audio).max()))
    return EvaluationCase(recording.name, "music", recording.sample_rate_hz, audio, audio, None, pauses_count=True)


def _is_speech(file: AudioFileEntry) -> bool:
    return SPEECH_FOLDER in (part.lower() for part in file.path.resolve().parts)


def _as_speech(recording: Recording) -> SpokenRecording:
    if isinstance(recording, SpokenRecording):
        return recording
    return SpokenRecording(recording.name, recording.group, recording.audio, recording.sample_rate_hz)


def _music(seed: int, takes: int) -> Iterator[Recording]:
    """Music out of nothing, of each kind."""
    for number in range(seed, seed + takes):
        for kind in sorted(KINDS):
            name = f"synthesised/{kind}-{number}"
            audio = synthesise(kind, duration_s=MUSIC_S, sample_rate_hz=SAMPLE_RATE_HZ, seed=number)
            yield Recording(name, name, audio, SAMPLE_RATE_HZ)


def _frames(scene: Scene, features: FeatureSettings) -> Float32:
    with torch.inference_mode():
        return np.asarray(log_mel(torch.from_numpy(scene.audio), scene.sample_rate_hz, features).numpy())
