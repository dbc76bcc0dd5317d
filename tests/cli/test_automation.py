"""`bridge automix --model nonspeech` from end to end: the shipped model, a voice and breaths that it never heard."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from automix_command import write
from click.testing import CliRunner

from bridge.audio.files import read_audio
from bridge.audio.resampling import resample_to
from bridge.audio.synthesis import synthesise
from bridge.automix.automation.curves import block_frames, block_rows
from bridge.automix.job import AutomationCurve
from bridge.cli import main
from bridge.model.manifest import read_manifest
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.settings import shipped_folder
from bridge.training.data.scenes import draw_scene
from bridge.training.data.voices import synthesise_speech
from bridge.training.evaluation.nonspeech_metrics import event_results, speech_changes_db

RATE = 44100
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def scene():
    (voice,) = synthesise_speech("test", 31, takes=1, sample_rate_hz=RATE)
    return draw_scene(voice.audio[0], RATE, np.random.default_rng(3), side="test", duration_s=12.0, eventless=0.0)


def automix(*arguments: object):
    result = CliRunner().invoke(main, ["automix", *map(str, arguments), "--model", "nonspeech"])
    assert result.exit_code == 0, result.output
    return result


@needs_voice
def test_breaths_go_down_words_stay_and_the_answer_tells_the_curve(scene, tmp_path):
    source, target = write(tmp_path / "Sprache 1.wav", scene.audio), tmp_path / "out.wav"
    answer, page = tmp_path / "answer.json", tmp_path / "page.html"
    automix(source, "-o", target, "--automation", "--json", answer, "--report", page)
    made, rate = read_audio(target)
    assert rate == RATE and made.shape == scene.audio.shape
    assert np.median([one.down_db for one in event_results(scene, made)]) > 12
    assert np.median(speech_changes_db(scene, made)) < 0.2
    told = json.loads(answer.read_text("utf-8"))
    assert told["applied"] and "Taken down" in told["reason"]
    volume = next(row for row in told["controls"] if row["slot"] == "volume")
    times_s = [time_s for time_s, _ in volume["breakpoints"]]
    assert len(times_s) > 4 and times_s == sorted(times_s) and times_s[-1] < 12.0
    assert volume["after"] == pytest.approx(min(value for _, value in volume["breakpoints"]), abs=1e-3)
    assert "Volume · Gain over time" in page.read_text("utf-8")


@needs_voice
def test_what_is_written_is_what_the_breakpoints_say(scene, tmp_path):
    source, target, answer = write(tmp_path / "in.wav", scene.audio), tmp_path / "out.wav", tmp_path / "answer.json"
    automix(source, "-o", target, "--json", answer)
    chain = read_manifest(shipped_folder("models") / "nonspeech").chain
    rows = json.loads(answer.read_text("utf-8"))["controls"]
    curves = {
        place: AutomationCurve(
            np.array([time_s for time_s, _ in row["breakpoints"]]),
            np.array([chain.controls[place].normalized(value) for _, value in row["breakpoints"]]),
        )
        for place, row in enumerate(rows)
        if row["breakpoints"]
    }
    settings = block_rows(curves, chain.neutral, frames=scene.audio.shape[1], sample_rate_hz=RATE)
    with PluginHost(workers=1) as host:
        (again,) = host.render(chain, [RenderInput(scene.audio, RATE, settings, block_frames(RATE))])
    assert np.abs(again - read_audio(target)[0]).max() < 1e-3


@needs_voice
@pytest.mark.parametrize("rate", [48000, 88200, 96000])
def test_other_rates_and_stereo_work_as_well(scene, tmp_path, rate):
    samples = round(scene.audio.shape[1] * rate / RATE / 3600) * 3600

    def converted(audio):
        return np.repeat(resample_to(audio[0], samples)[None], 2, axis=0)

    heard, truth, added = (converted(audio) for audio in (scene.audio, scene.truth, scene.added))
    stretched = type(scene)(heard, truth, added, rate, scene.events, scene.speech)
    target = tmp_path / "out.wav"
    automix(write(tmp_path / "in.wav", heard, rate), "-o", target)
    made, written_rate = read_audio(target)
    assert written_rate == rate and made.shape == heard.shape
    assert np.median([one.down_db for one in event_results(stretched, made)]) > 10
    assert np.median(speech_changes_db(stretched, made)) < 0.2


@needs_voice
def test_clean_speech_comes_back_as_it_was(tmp_path):
    (voice,) = synthesise_speech("test", 5, takes=1, sample_rate_hz=RATE)
    scene = draw_scene(voice.audio[0], RATE, np.random.default_rng(0), side="test", duration_s=8.0, eventless=1.0)
    target = tmp_path / "out.wav"
    automix(write(tmp_path / "in.wav", scene.audio), "-o", target)
    made, _ = read_audio(target)
    assert speech_changes_db(scene, made).max() < 0.1


@pytest.mark.parametrize("kind", ["drums", "strings", "pad"])
def test_music_is_left_alone_with_the_reason(tmp_path, kind):
    audio = synthesise(kind, duration_s=6.0, sample_rate_hz=RATE, seed=77)
    target = tmp_path / "out.wav"
    result = automix(write(tmp_path / "in.wav", audio), "-o", target)
    assert "Left as it is" in result.output
    assert np.array_equal(read_audio(target)[0], audio)


@pytest.mark.parametrize(
    ("option", "value"), [("--refine", "1"), ("--loudness", "-20"), ("--style", "warm"), ("--reference", "in.wav")]
)
def test_what_such_a_model_cannot_be_asked_is_an_error_that_names_it(tmp_path, option, value, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.wav", synthesise("pad", duration_s=1.0, sample_rate_hz=RATE, seed=0))
    write(tmp_path / "other.wav", synthesise("pad", duration_s=1.0, sample_rate_hz=RATE, seed=1))
    arguments = ["automix", "other.wav", "-o", "out.wav", "--model", "nonspeech", option, value]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert option in result.stderr and "nonspeech" in result.stderr
    assert not (tmp_path / "out.wav").exists()


def test_silence_and_a_click_alone_are_left_alone(tmp_path):
    for audio in (np.zeros((1, RATE), np.float32), np.eye(1, 300, 100, dtype=np.float32)):
        target = tmp_path / "out.wav"
        automix(write(tmp_path / "in.wav", audio), "-o", target)
        assert np.array_equal(read_audio(target)[0], audio)
