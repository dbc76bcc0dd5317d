"""Predictions: inside the ranges, at any rate, the same for the same sound, with a confidence that is a chance."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from bridge.audio.synthesis import synthesise
from bridge.model.bundle import build_encoder, load_model, save_bundle
from bridge.model.manifest import ConfidenceCalibration
from bridge.model.predict import WINDOW_COUNT, WINDOW_S, Predictor
from bridge.plugins.chain.chain_file import load_chain

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_model(ROOT / "models" / "channel-strip"))


def strings(rate: int, *, seconds: float = 6.0, seed: int = 0) -> np.ndarray:
    return synthesise("strings", duration_s=seconds, sample_rate_hz=rate, seed=seed)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 88200, 96000, 192000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.slow
def test_any_rate_and_channel_count_gives_settings_in_range(predictor: Predictor, rate: int, channels: int) -> None:
    sound = predictor.extract_features([np.repeat(strings(rate, seconds=1.5), channels, axis=0)], rate)
    for reference in (None, sound):
        prediction = predictor.predict(sound, reference)
        low, high = predictor.model.chain.bounds
        assert np.all((prediction.normalized >= low) & (prediction.normalized <= high))
        assert np.all((prediction.confidence >= 0) & (prediction.confidence <= 1))


def test_one_sample_is_enough_to_answer(predictor: Predictor) -> None:
    prediction = predictor.predict(predictor.extract_features([np.ones((1, 1), np.float32)], 48000), None)
    assert np.isfinite(prediction.normalized).all()


def test_the_same_sound_gets_the_same_answer_in_stereo(predictor: Predictor) -> None:
    mono = strings(44100)
    one = predictor.predict(predictor.extract_features([mono], 44100), None)
    two = predictor.predict(predictor.extract_features([np.repeat(mono, 2, axis=0)], 44100), None)
    np.testing.assert_allclose(one.normalized, two.normalized, atol=1e-3)


def test_what_is_heard_of_an_hour_is_bounded(predictor: Predictor) -> None:
    long = np.random.default_rng(0).normal(0, 0.1, (1, 200 * 22050)).astype(np.float32)
    settings = predictor.model.manifest.features
    frames = predictor.extract_features([long], 22050).log_mel.shape[1]
    assert frames <= WINDOW_COUNT * WINDOW_S / settings.hop_s


def test_a_choice_is_answered_as_one_of_them_with_its_probability(model_folder: Path, tmp_path: Path) -> None:
    chain_file = tmp_path / "filter.toml"
    chain_file.write_text(
        '[[slot]]\nname = "filter"\nplugin = "builtin:LadderFilter"\n'
        '[slot.control]\ncutoff_hz = {}\nmode = { neutral = "BPF12" }\n',
        encoding="utf-8",
    )
    manifest = msgspec.structs.replace(load_model(model_folder).manifest, chain=load_chain(chain_file))
    encoder = build_encoder(manifest)
    save_bundle(tmp_path / "filter", manifest, encoder.state_dict(), "# filter\n")
    predictor = Predictor(load_model(tmp_path / "filter"))
    mode = predictor.model.chain.index("filter.mode")
    sound = predictor.extract_features([strings(44100, seconds=1.0)], 44100)
    fresh = predictor.predict(sound, None)
    assert predictor.model.chain.controls[mode].text(float(fresh.normalized[mode])) == "BPF12"
    with torch.no_grad():
        encoder.choose[0].bias[4] = 100.0
    save_bundle(tmp_path / "filter", manifest, encoder.state_dict(), "# filter\n")
    sure = Predictor(load_model(tmp_path / "filter")).predict(sound, None)
    assert predictor.model.chain.controls[mode].text(float(sure.normalized[mode])) == "HPF24"
    assert 1 / 6 < fresh.confidence[mode] < 0.95 < 0.999 < sure.confidence[mode] <= 1
    doubting = msgspec.structs.replace(manifest, confidence=ConfidenceCalibration(temperatures=(100.0,)))
    save_bundle(tmp_path / "filter", doubting, encoder.state_dict(), "# filter\n")
    doubtful = Predictor(load_model(tmp_path / "filter")).predict(sound, None)
    assert 1 / 6 < doubtful.confidence[mode] < 0.5, "as validation has fitted it"
    np.testing.assert_array_equal(doubtful.normalized, sure.normalized)
