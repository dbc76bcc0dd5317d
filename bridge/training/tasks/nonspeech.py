"""The task `nonspeech`: breaths, lip clicks and plosive pops out of speech, by settings that move in time.

Examples are scenes: speech by voices of one side, with sounds by families of one side, and music that must come out
as it went in. Of the user's folders, files below a folder called `speech` are clean speech (without breaths) to lay
sounds into; all others are sounds to be left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from bridge.training.data.recordings import (
    AudioFileEntry,
    Recording,
    Side,
    find_files,
    read_recordings,
    split_by_song,
    until,
)
from bridge.training.data.scenes import Scene, draw_scene
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
USER_SHARE = 0.4  # of the scenes by the user's speakers, where there are any


@dataclass(frozen=True)
class SpokenRecording(Recording):
    """Clean speech; every other recording is to be left alone."""


class NonspeechTask(Task):
    """See the module."""

    name = "nonspeech"
    use = PredictionUse(automation=AutomationSettings())

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
        speech, others = split_by_song(_files(data, speech=True)), split_by_song(_files(data, speech=False))

        def side_of(side: Side, voices: int, first: int) -> list[Recording]:
            is_over = partial(must_stop, side)
            voiced = [
                *read_recordings(speech[side], must_stop=is_over),
                *synthesise_speech(side, first, takes=voices, sample_rate_hz=SAMPLE_RATE_HZ, must_stop=is_over),
            ]
            if not voiced:
                raise AudioError(
                    "Nothing here speaks: install espeak-ng, or give a folder called 'speech' with three recordings of "
                    "clean speech or more."
                )
            music = until(is_over, _music(first, max(1, round(MUSIC_PER_VOICE * voices))))
            return [*map(_as_speech, voiced), *read_recordings(others[side], must_stop=is_over), *music]

        validation = side_of("validation", min(VALIDATION_VOICES, takes), VALIDATION_SEED)
        return TaskRecordings(
            train=side_of("train", takes, seed * 1000),
            validation=validation,
            test=tuple(file.name for file in (*speech["test"], *others["test"])),
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
        read = read_recordings(files, must_stop=must_stop)
        own = [one for one in read if one.audio.shape[-1] >= SHORTEST_S * one.sample_rate_hz]
        voices = synthesise_speech(
            "test", TEST_SEED + seed, takes=TEST_VOICES, sample_rate_hz=SAMPLE_RATE_HZ, must_stop=must_stop
        )
        spoken_here = {file.name for file in files if _is_speech(file)}
        speakers = [*voices, *(one for one in own if one.name in spoken_here)]
        music = until(must_stop, _music(TEST_SEED + seed, MUSIC_TAKES))
        others = [*(one for one in own if one.name not in spoken_here), *music]
        generator = np.random.default_rng([seed, 41])
        return {
            "nonspeech": [
                _spoken_case("nonspeech", one, generator, 0.0)
                for one in until(must_stop, (one for one in speakers for _ in range(each)))
            ],
            "clean": [_spoken_case("clean", one, generator, 1.0) for one in until(must_stop, speakers)],
            "music": [_music_case(one, generator) for one in others],
        }

    def metrics(self, case: EvaluationCase, audio: Float32) -> dict[str, float]:
        """See `evaluation.nonspeech_metrics`."""
        return scene_metrics(case.scene, audio) if isinstance(case, SceneCase) else {}


def draw_example(renderer: ExampleRenderer, generator: np.random.Generator) -> Scene:
    """A scene by one of the renderer's speakers, or something that is to be left alone."""
    speakers = [recording for recording in renderer.recordings if isinstance(recording, SpokenRecording)]
    others = [recording for recording in renderer.recordings if not isinstance(recording, SpokenRecording)]
    if others and generator.random() < LEFT_ALONE:
        return _left_alone(others[generator.integers(len(others))], renderer, generator)
    own = [speaker for speaker in speakers if not speaker.name.startswith("spoken/")]
    pool = own if own and generator.random() < USER_SHARE else speakers
    speaker = pool[generator.integers(len(pool))]
    return draw_scene(
        _at_rate(speaker, renderer.sample_rate_hz),
        renderer.sample_rate_hz,
        generator,
        side="train",
        duration_s=renderer.clip_s,
    )


def _left_alone(recording: Recording, renderer: ExampleRenderer, generator: np.random.Generator) -> Scene:
    audio = cut_clip(
        recording, renderer.sample_rate_hz, round(renderer.clip_s * renderer.sample_rate_hz), generator.random()
    )
    audio = (audio * db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB))).astype(np.float32)
    return Scene(audio, audio, np.zeros_like(audio), renderer.sample_rate_hz, (), ())


def _spoken_case(use: str, speaker: Recording, generator: np.random.Generator, eventless: float) -> SceneCase:
    line, rate = _at_rate(speaker, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ
    scene = draw_scene(line, rate, generator, side="test", duration_s=CASE_S, eventless=eventless)
    return SceneCase(speaker.name, use, rate, scene.audio, scene.truth, None, pauses_count=True, scene=scene)


def _music_case(recording: Recording, generator: np.random.Generator) -> EvaluationCase:
    audio = recording.audio[:, : round(CASE_S * recording.sample_rate_hz)]
    audio = audio * np.float32(min(db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB)), 1 / np.abs(audio).max()))
    return EvaluationCase(recording.name, "music", recording.sample_rate_hz, audio, audio, None, pauses_count=True)


def _files(data: Sequence[Path], *, speech: bool) -> list[AudioFileEntry]:
    return [file for file in find_files(data) if _is_speech(file) == speech]


def _is_speech(file: AudioFileEntry) -> bool:
    return SPEECH_FOLDER in (part.lower() for part in file.path.resolve().parts)


def _as_speech(recording: Recording) -> SpokenRecording:
    return SpokenRecording(recording.name, recording.group, recording.audio, recording.sample_rate_hz)


def _music(seed: int, takes: int) -> Iterator[Recording]:
    """Music out of nothing, of each kind."""
    for number in range(seed, seed + takes):
        for kind in sorted(KINDS):
            name = f"synthesised/{kind}-{number}"
            audio = synthesise(kind, duration_s=MUSIC_S, sample_rate_hz=SAMPLE_RATE_HZ, seed=number)
            yield Recording(name, name, audio, SAMPLE_RATE_HZ)


def _at_rate(recording: Recording, sample_rate_hz: int) -> Float32:
    """(samples,) of a mono recording."""
    samples = round(recording.audio.shape[-1] * sample_rate_hz / recording.sample_rate_hz)
    return np.asarray(cut_clip(recording, sample_rate_hz, samples, 0.0)[0])


def _frames(scene: Scene, features: FeatureSettings) -> Float32:
    with torch.inference_mode():
        return np.asarray(log_mel(torch.from_numpy(scene.audio), scene.sample_rate_hz, features).numpy())
