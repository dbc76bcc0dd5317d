"""Hearing frame by frame: stretches give what all at once gives, at every rate, from any blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bridge.automix.automation import frame_predictions
from bridge.automix.automation.frame_predictions import predict_frames
from bridge.errors import AudioError
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.encoders.frame_encoder import FrameEncoder, frame_loudness_db, loud_frame_db
from bridge.model.manifest import EncoderSettings

FEATURES = FeatureSettings(bands=24, low_hz=40, high_hz=10000, window_s=0.032, hop_s=0.01, floor_db=-110)


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    made = FrameEncoder(24, EncoderSettings(kind="frames", width=16, blocks=4), torch.tensor([0.0, 1.0]))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval().requires_grad_(False)


def noise(seconds, rate, channels=1, seed=0):
    generator = np.random.default_rng(seed)
    level = np.repeat(10 ** generator.uniform(-3, -1, size=20), -(-round(seconds * rate) // 20))[
        : round(seconds * rate)
    ]
    return (level * generator.normal(size=(channels, round(seconds * rate)))).astype(np.float32)


def blocks_of(audio, length):
    return lambda: (audio[:, start : start + length] for start in range(0, audio.shape[1], length))


def test_stretches_answer_as_all_of_it_at_once(encoder, monkeypatch):
    audio = noise(9.0, 44100)
    monkeypatch.setattr(frame_predictions, "STRETCH_FRAMES", 90)
    features = predict_frames(encoder, FEATURES, blocks_of(audio, 7777), 44100)
    mel = log_mel(torch.from_numpy(audio), 44100, FEATURES)
    answer = encoder(mel[None], loud_frame_db(frame_loudness_db(mel))[None])
    assert features.activity == pytest.approx(torch.sigmoid(answer.activity)[0].numpy(), abs=1e-4)
    assert features.position == pytest.approx(answer.position[0].numpy(), abs=1e-4)
    assert features.speech == pytest.approx(torch.sigmoid(answer.speech)[0].numpy(), abs=1e-4)


@pytest.mark.parametrize("block", [100, 441, 1 << 17])
def test_blocks_of_any_length_give_the_same_frames(encoder, block):
    audio = noise(1.5, 44100)
    features = predict_frames(encoder, FEATURES, blocks_of(audio, block), 44100)
    whole = predict_frames(encoder, FEATURES, blocks_of(audio, audio.shape[1]), 44100)
    assert features.loudness_db == pytest.approx(whole.loudness_db, abs=1e-4)
    assert np.array_equal(features.times_s, whole.times_s)


@pytest.mark.parametrize("sample_rate_hz", [44100, 48000, 88200, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_burst_is_heard_when_it_sounds_at_every_rate(encoder, sample_rate_hz, channels):
    audio = 1e-4 * noise(2.0, sample_rate_hz, channels)
    audio[:, round(1.2 * sample_rate_hz) : round(1.25 * sample_rate_hz)] = 0.3
    features = predict_frames(encoder, FEATURES, blocks_of(audio, 50000), sample_rate_hz)
    assert features.times_s[np.argmax(features.loudness_db)] == pytest.approx(1.225, abs=0.035)
    assert len(features.times_s) == len(features.speech) == features.activity.shape[1]


def test_a_sound_shorter_than_a_frame_has_one(encoder):
    features = predict_frames(encoder, FEATURES, blocks_of(noise(0.01, 44100), 100), 44100)
    assert features.activity.shape == (2, 1)


def test_pauses_do_not_change_how_loud_a_sound_is(encoder):
    audio = noise(2.0, 44100)
    padded = np.concatenate([np.zeros((1, 8 * 44100), np.float32), audio], axis=1)
    alone, paused = (predict_frames(encoder, FEATURES, blocks_of(a, 44100), 44100).loud_db for a in (audio, padded))
    assert paused == pytest.approx(alone, abs=1.0)


def test_a_foreign_rate_is_an_error(encoder):
    with pytest.raises(AudioError, match="8000 Hz"):
        predict_frames(encoder, FEATURES, blocks_of(noise(1.0, 8000), 1000), 8000)
