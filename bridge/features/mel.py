"""Sound to log-mel frames, in torch, at any sample rate.

Window and hop are given in seconds and the bands in Hz, so that a track at 96 kHz and a reference at 44.1 kHz
become comparable frames without resampling either. Channels are averaged as power: the sum of two channels in
opposite phase is not silence. This module knows no model and decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from bridge.decibels import db_to_power
from bridge.errors import AudioError
from bridge.features.mel_bands import band_edges_hz, bands_below_nyquist
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.types import Float32

LOWEST_RATE_HZ = 22050
HIGHEST_RATE_HZ = 192000


def log_mel(audio: torch.Tensor, sample_rate_hz: int, settings: FeatureSettings) -> torch.Tensor:
    """Return the log-mel spectrogram of `audio`, in dB relative to a full-scale sine, not below `settings.floor_db`.

    Args:
        audio: (..., channels, samples), at least one window long (shorter audio is padded with silence).
        sample_rate_hz: 22,050 to 192,000.

    Returns:
        (..., bands, frames). Bands above half the sample rate repeat the highest one below it
        (`bands_below_nyquist`).

    >>> tone = torch.sin(2 * torch.pi * 1000 * torch.arange(44100) / 44100)
    >>> mel = log_mel(tone[None], 44100, FeatureSettings())
    >>> mel.shape[0], round(float(mel.max()), 1)  # between two bands a tone reads less than full scale
    (64, -2.6)
    """
    return _decibel(mel_power(audio, sample_rate_hz, settings), sample_rate_hz, settings)


def mel_power(audio: torch.Tensor, sample_rate_hz: int, settings: FeatureSettings) -> torch.Tensor:
    """Return the mel spectrogram as power, (..., frames, bands): what `log_mel` gives in dB. Arguments as there."""
    window = round(settings.window_s * sample_rate_hz)
    hop = round(settings.hop_s * sample_rate_hz)
    if audio.shape[-1] < window:
        audio = torch.nn.functional.pad(audio, (0, window - audio.shape[-1]))
    shape = audio.shape[:-1]
    taper, bank = _analysis(sample_rate_hz, settings)
    frames = audio.reshape(-1, audio.shape[-1]).unfold(-1, window, hop)
    spectrum = torch.fft.rfft(frames * taper, n=_fft_size(window))[..., : len(bank)]
    power: torch.Tensor = (spectrum.real.square() + spectrum.imag.square()) @ bank
    return power.reshape(*shape, *power.shape[1:]).mean(-3)


def _decibel(power: torch.Tensor, sample_rate_hz: int, settings: FeatureSettings) -> torch.Tensor:
    decibel = 10 * torch.log10(power.clamp_min(db_to_power(settings.floor_db))).transpose(-1, -2)
    valid = bands_below_nyquist(sample_rate_hz, settings)
    if valid < settings.bands:
        decibel[..., valid:, :] = decibel[..., valid - 1 : valid, :]
    return decibel


@dataclass(frozen=True)
class MelPower:
    """A mel spectrogram as power, (frames, bands), from which the features at any gain follow without a render."""

    power: torch.Tensor
    sample_rate_hz: int
    settings: FeatureSettings

    def features(self, gain: float = 1.0) -> SoundFeatures:
        """Return the features of the sound times `gain`, a factor."""
        with torch.inference_mode():
            log_mel = _decibel(self.power * gain**2, self.sample_rate_hz, self.settings).numpy()
        return SoundFeatures(log_mel, bands_below_nyquist(self.sample_rate_hz, self.settings))


def extract_power(excerpts: Sequence[Float32], sample_rate_hz: int, settings: FeatureSettings) -> MelPower:
    """Return the mel spectrogram of all excerpts, one after another. Arguments as of `extract_features`."""
    check_mel_rate(sample_rate_hz)
    with torch.inference_mode():
        frames = [
            mel_power(torch.from_numpy(np.ascontiguousarray(excerpt)), sample_rate_hz, settings) for excerpt in excerpts
        ]
        return MelPower(torch.cat(frames), sample_rate_hz, settings)


def extract_features(excerpts: Sequence[Float32], sample_rate_hz: int, settings: FeatureSettings) -> SoundFeatures:
    """Return the features of some excerpts of one recording.

    Args:
        excerpts: (channels, samples) each, of any length; their frames follow one another.
        sample_rate_hz: 22,050 to 192,000.

    Raises:
        AudioError: another sample rate.
    """
    return extract_power(excerpts, sample_rate_hz, settings).features()


def check_mel_rate(sample_rate_hz: int) -> None:
    """Raise AudioError for a sample rate that the mel bands are not laid out for."""
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"The sample rate is {sample_rate_hz} Hz; models work at {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz. "
            "Resample the audio to 44.1 or 48 kHz."
        )


@lru_cache(maxsize=16)
def _fft_size(window: int) -> int:
    """The next even size with no prime factor above 5: others cost several times as much."""
    smooth = (2**twos * 3**threes * 5**fives for twos in range(1, 20) for threes in range(12) for fives in range(9))
    size: int = min(size for size in smooth if size >= window)
    return size


@lru_cache(maxsize=16)
def _analysis(sample_rate_hz: int, settings: FeatureSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Hann window, scaled so that a full-scale sine reads 0 dB, and triangular bands (bins, bands) up to the last bin
    that is in any."""
    window = round(settings.window_s * sample_rate_hz)
    size = _fft_size(window)
    taper = torch.hann_window(window, dtype=torch.float64)
    # A sine's power spread over the main lobe of a Hann window sums to amplitude² x sum(taper²) x size / 4 per peak.
    scale = math.sqrt(4 / (float(taper.square().sum()) * size))
    frequencies = np.arange(size // 2 + 1) * sample_rate_hz / size
    edges = band_edges_hz(settings)
    rising = (frequencies[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    bank = np.clip(np.minimum(rising, falling), 0, None)
    bank = bank[: np.flatnonzero(bank.any(axis=1))[-1] + 1]
    return (taper * scale).float(), torch.from_numpy(bank).float()
