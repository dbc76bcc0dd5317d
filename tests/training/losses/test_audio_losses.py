"""Audio losses by property: nothing for the same, what they ignore costs nothing, what they tell apart costs."""

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.audio.loudness import loudness_lufs as metered_lufs
from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError, SettingsError
from bridge.training.losses.audio_distances import (
    align_waveforms,
    log_difference_db,
    loudness_lufs,
    magnitudes,
    spectral_convergence,
    waveform_error,
)
from bridge.training.losses.audio_losses import PARTS, AudioLoss, AudioLossSettings

RATE_HZ = 24_000
NOTHING = dict.fromkeys(PARTS, 0.0)


def sounds(channels: int = 2, rate_hz: int = RATE_HZ, seconds: float = 1.5) -> Tensor:
    """Three examples, (3, channels, samples): bass, drums and strings, the channels different."""
    each = [
        np.concatenate(
            [synthesise(kind, duration_s=seconds, sample_rate_hz=rate_hz, seed=seed)[:1] for seed in range(channels)]
        )
        for kind in ("bass", "drums", "strings")
    ]
    return torch.from_numpy(np.stack(each))


def only(part: str, **others: object) -> AudioLoss:
    return AudioLoss(msgspec.convert(NOTHING | {part: 1.0} | others, AudioLossSettings), RATE_HZ)


def late(audio: Tensor, samples: int) -> Tensor:
    """Delayed, with silence before."""
    return torch.nn.functional.pad(audio, (samples, 0))[..., : audio.shape[-1]]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_same_costs_nothing(part: str, channels: int) -> None:
    audio = sounds(channels)
    loss = only(part)(audio, audio)
    assert loss.shape == (3,)
    assert float(loss.abs().max()) < 1e-5


@pytest.mark.parametrize("part", PARTS)
def test_each_part_hears_each_example_alone(part: str) -> None:
    """An example costs the same whatever else is in the batch; and what differs costs."""
    truth = sounds()
    audio = truth.clone()
    audio[1] = audio[1].flip(0) * 0.3 + 0.02 * torch.randn_like(audio[1])
    together = only(part)(audio, truth)
    alone = torch.cat([only(part)(audio[n : n + 1], truth[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert float(together[1]) > 100 * float(together[[0, 2]].abs().max())


@pytest.mark.parametrize("part", PARTS)
def test_a_slope_everywhere_finite(part: str) -> None:
    """Also where audio, truth or both are silent, or the same."""
    sound, silence = sounds(), torch.zeros_like(sounds())
    for audio, truth in ((sound, silence), (silence, sound), (silence, silence), (sound, sound), (sound * 0.5, sound)):
        audio = audio.clone().requires_grad_(True)
        loss = only(part)(audio, truth)
        loss.sum().backward()
        assert audio.grad is not None
        assert bool(torch.isfinite(loss).all() and torch.isfinite(audio.grad).all())


@pytest.mark.parametrize("part", PARTS)
def test_downhill_leads_home(part: str) -> None:
    """One gain, found by following the slope from 12 dB below."""
    truth = sounds(seconds=0.5)
    gain_db = torch.tensor(-12.0, requires_grad=True)
    optimizer = torch.optim.Adam([gain_db], lr=1.0)
    measure = only(part).against(truth)
    for step in range(40):
        optimizer.param_groups[0]["lr"] = 1.0 * 0.93**step
        optimizer.zero_grad()
        measure(truth * db_to_amplitude(gain_db)).sum().backward()
        optimizer.step()
    assert abs(float(gain_db.detach())) < 0.7


@pytest.mark.parametrize("samples", [0, 1, 37, 100, -100])
@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_delay_and_polarity_are_found_and_cost_nothing(samples: int, polarity: float) -> None:
    truth = sounds() if samples >= 0 else late(sounds(), -samples)
    audio = polarity * (late(sounds(), samples) if samples >= 0 else sounds())
    lags, signs = align_waveforms(audio, truth, reach=100)
    assert lags.tolist() == [samples] * 3
    assert signs.tolist() == [polarity] * 3
    assert float(waveform_error(audio, truth, reach=100).max()) < 1e-5


def test_delay_beyond_the_reach_costs() -> None:
    noise = torch.randn(2, 1, 8000, generator=torch.Generator().manual_seed(0))
    assert float(waveform_error(late(noise, 101), noise, reach=100).min()) > 1.0


def test_the_waveform_of_silence_costs_all_of_the_truth() -> None:
    truth = sounds()
    torch.testing.assert_close(
        waveform_error(torch.zeros_like(truth), truth, reach=10), torch.ones(3), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("gain_db", [-6.0, 3.0])
def test_a_gain_costs_its_decibels(gain_db: float) -> None:
    truth = 0.1 * torch.randn(2, 2, 48_000, generator=torch.Generator().manual_seed(0))
    audio = truth * db_to_amplitude(gain_db)
    for part in ("stft_log", "log_mel", "loudness", "mid_side"):
        assert only(part)(audio, truth).tolist() == pytest.approx([abs(gain_db)] * 2, abs=0.05), part
    spectra = magnitudes(audio, RATE_HZ), magnitudes(truth, RATE_HZ)
    assert spectral_convergence(*spectra).tolist() == pytest.approx([abs(db_to_amplitude(gain_db) - 1)] * 2, rel=1e-2)


@pytest.mark.parametrize("part", ["stft_log", "stft_linear", "log_mel", "waveform", "mid_side"])
def test_at_equal_loudness_a_gain_costs_nothing(part: str) -> None:
    truth = sounds()
    loss = only(part, at_equal_loudness=True)(truth * 0.25, truth)
    assert float(loss.max()) < 0.02
    assert float(only(part)(truth * 0.25, truth).min()) > 0.1


def test_spectra_do_not_hear_polarity_but_mid_side_hears_that_of_one_channel() -> None:
    truth = sounds()
    flipped = truth * torch.tensor([1.0, -1.0])[:, None]
    assert float(log_difference_db(magnitudes(flipped, RATE_HZ), magnitudes(truth, RATE_HZ)).max()) < 1e-4
    narrow = truth[:, :1].expand(-1, 2, -1).contiguous()
    assert float(only("mid_side")(narrow * torch.tensor([1.0, -1.0])[:, None], narrow).min()) > 5


@pytest.mark.parametrize("rate_hz", [22_050, 24_000, 44_100, 48_000, 96_000])
def test_loudness_is_what_the_meter_says(rate_hz: int) -> None:
    audio = sounds(2, rate_hz, 3.0)
    audio[0, :, : audio.shape[-1] // 2] *= 0.01  # the gates must leave this out
    expected = [metered_lufs(example.numpy(), rate_hz) for example in audio]
    assert loudness_lufs(audio, rate_hz).tolist() == pytest.approx(expected, abs=0.1)


def test_a_loss_means_the_same_at_every_sample_rate() -> None:
    """6 dB less of the same bass: within a tenth at 24 and 96 kHz."""
    losses = []
    for rate_hz in (24_000, 96_000):
        tone = torch.sin(2 * torch.pi * 220 * torch.arange(2 * rate_hz) / rate_hz).reshape(1, 1, -1) * 0.5
        settings = AudioLossSettings(stft_log=0.0, stft_linear=1.0, loudness=1.0, mid_side=0.0)
        losses.append(float(AudioLoss(settings, rate_hz)(tone * 0.5, tone)))
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_the_loss_is_the_weighted_sum_of_its_parts() -> None:
    truth = sounds()
    audio = late(truth, 5) * 0.5
    weights = {name: 0.5 + n for n, name in enumerate(PARTS)}
    loss = AudioLoss(AudioLossSettings(**weights), RATE_HZ)
    parts = loss.parts(audio, truth)
    assert set(parts) == set(PARTS)
    expected = sum(weights[name] * value for name, value in parts.items())
    torch.testing.assert_close(loss(audio, truth), expected)
    torch.testing.assert_close(loss.against(truth)(audio), expected)


def test_clips_shorter_than_every_window() -> None:
    truth = 0.1 * torch.randn(2, 2, 100, generator=torch.Generator().manual_seed(0))
    for part in PARTS:
        assert bool(torch.isfinite(only(part)(truth * 0.5, truth)).all()), part


def test_settings_that_make_no_loss_are_refused() -> None:
    with pytest.raises(SettingsError, match="make no loss"):
        AudioLossSettings(**NOTHING)
    with pytest.raises(SettingsError, match="make no loss"):
        AudioLossSettings(stft_log=-1.0)
    with pytest.raises(SettingsError, match="reach is -1"):
        AudioLossSettings(reach=-1)
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode("stft = 1.0", type=AudioLossSettings)


def test_audio_that_does_not_fit_is_refused() -> None:
    with pytest.raises(AudioError, match="same length"):
        AudioLoss(AudioLossSettings(), RATE_HZ)(torch.zeros(1, 1, 100), torch.zeros(1, 2, 100))
