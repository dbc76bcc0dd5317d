"""Sound to log-mel frames, in torch, at any sample rate.

Window and hop are given in seconds and the bands in Hz, so that a track at 96 kHz and a reference at 44.1 kHz
become comparable frames without resampling either. Channels are averaged as power: the sum of two channels in
opposite phase is not silence. This module knows no model and draws no conclusion from what it hears.
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
from bridge.features.bands import band_edges_hz, bands_below_nyquist
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.types import Float32

LOWEST_RATE_HZ = 22050
HIGHEST_RATE_HZ = 192000


def log_mel(audio: torch.Tensor, sample_rate_hz: int, settings: FeatureSettings) -> torch.Tensor:
    """Log-mel power of `audio`, in dB relative to a full-scale sine, not below `settings.floor_db`.

    Args:
        audio: (..., channels, samples), at least one window long (shorter audio is padded with silence).
        sample_rate_hz: 22,050 to 192,000.

    Returns:
        (..., bands, frames). Bands above half the sample rate repeat the highest one that can be heard;
        `valid_bands` tells how many are real.

    >>> tone = torch.sin(2 * torch.pi * 1000 * torch.arange(44100) / 44100)
    >>> mel = log_mel(tone[None], 44100, FeatureSettings())
    >>> mel.shape[0], round(float(mel.max()), 1)  # between two bands a tone reads less than full scale
    (64, -2.6)
    """
    return _decibel(mel_power(audio, sample_rate_hz, settings), sample_rate_hz, settings)


def mel_power(audio: torch.Tensor, sample_rate_hz: int, settings: FeatureSettings) -> torch.Tensor:
    """(..., frames, bands): what `log_mel` tells in decibels. It grows with the square of a gain."""
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
    heard = bands_below_nyquist(sample_rate_hz, settings)
    if heard < settings.bands:
        decibel[..., heard:, :] = decibel[..., heard - 1 : heard, :]
    return decibel


@dataclass(frozen=True)
class MelPower:
    """Sound as (frames, bands) of power, from which it can be told what it sounds like at any level."""

    power: torch.Tensor
    sample_rate_hz: int
    settings: FeatureSettings

    def features(self, gain: float = 1.0) -> SoundFeatures:
        """What is heard of the sound times `gain`."""
        with torch.inference_mode():
            log_mel = _decibel(self.power * gain**2, self.sample_rate_hz, self.settings).numpy()
        return SoundFeatures(log_mel, bands_below_nyquist(self.sample_rate_hz, self.settings))


def extract_power(excerpts: Sequence[Float32], sample_rate_hz: int, settings: FeatureSettings) -> MelPower:
    """The frames of all excerpts (channels, samples) one after another. AudioError for a foreign rate."""
    check_rate(sample_rate_hz)
    with torch.inference_mode():
        frames = [
            mel_power(torch.from_numpy(np.ascontiguousarray(excerpt)), sample_rate_hz, settings) for excerpt in excerpts
        ]
        return MelPower(torch.cat(frames), sample_rate_hz, settings)


def extract_features(excerpts: Sequence[Float32], sample_rate_hz: int, settings: FeatureSettings) -> SoundFeatures:
    """The log-mel frames of all excerpts (channels, samples) one after another. AudioError for a foreign rate."""
    return extract_power(excerpts, sample_rate_hz, settings).features()


def check_rate(sample_rate_hz: int) -> None:
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"The sample rate is {sample_rate_hz} Hz; models hear {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz. "
            "Resample the audio to 44.1 or 48 kHz."
        )


def _fft_size(window: int) -> int:
    """The next size with no prime factor above 5: others cost several times as much."""
    size = window
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 and size % 2 == 0:
            return size
        size += 1


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
