"""How periodic a sound is, frame by frame: what is spoken with the voice is; breaths, clicks and consonants of air are
not.

The autocorrelation of each frame, divided by that of its window (P. Boersma, "Accurate short-term analysis of the
fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993), of what lies
between 0.11 and 1 kHz: higher up voices are breathy, and lower down air at the microphone swings.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bridge.types import Audio, Float32, Float64

VOICE_HZ = (75.0, 400.0)
_BAND_HZ = (110.0, 170.0, 800.0, 1000.0)  # in full between the inner two
_WORKING_HZ = 11_025  # the rate that frames are looked at is this or a little more
_LAG_HZ = 8000.0
_LEAST_POWER = 1e-15
_AT_ONCE = 1024


def frame_periodicity(audio: Audio, sample_rate_hz: int, *, window: int, hop: int) -> Float32:
    """Return the highest normalized autocorrelation at the period of a voice, (frames,) 0..1, of (channels, samples).

    `window` and `hop` are in samples; frames are those of `log_mel`.

    >>> time_s = np.arange(16000) / 16000
    >>> buzz = np.sign(np.sin(2 * np.pi * 120 * time_s)).astype(np.float32)[None]
    >>> hiss = np.random.default_rng(0).normal(size=(1, 16000)).astype(np.float32)
    >>> [bool((frame_periodicity(sound, 16000, window=512, hop=160) > 0.75).all()) for sound in (buzz, hiss)]
    [True, False]
    """
    step = max(1, sample_rate_hz // _WORKING_HZ)
    mono = audio.mean(0, dtype=np.float32)
    coarse = mono[: mono.size // step * step].reshape(-1, step).mean(1)  # zero at multiples of the new rate
    analysis = _analysis(sample_rate_hz / step, window // step)
    count = max(1, (mono.size - window) // hop + 1)
    starts = np.arange(count) * hop // step
    coarse = np.pad(coarse, (0, max(0, int(starts[-1]) + analysis.taper.size - coarse.size)))
    found = np.empty(count, dtype=np.float32)
    for first in range(0, count, _AT_ONCE):
        places = starts[first : first + _AT_ONCE, None] + np.arange(analysis.taper.size)
        found[first : first + _AT_ONCE] = analysis.of_frames(coarse[places])
    return found


class _Analysis(NamedTuple):
    """What every frame is looked at with. `of_window` is the window's own autocorrelation at `lags`."""

    taper: Float64
    band: Float64
    size: int
    lag_size: int
    lags: slice
    of_window: Float64

    def of_frames(self, frames: Float32) -> Float64:
        power = np.square(np.abs(np.fft.rfft(frames * self.taper, self.size, axis=1)[:, : self.band.size])) * self.band
        correlation = np.fft.irfft(power, self.lag_size, axis=1)
        share = correlation[:, self.lags] / self.of_window / np.maximum(correlation[:, :1], _LEAST_POWER)
        return np.asarray(np.clip(share.max(1), 0.0, 1.0))


@lru_cache(maxsize=8)
def _analysis(rate_hz: float, window: int) -> _Analysis:
    size = 1 << (2 * window - 1).bit_length()
    frequency = np.arange(int(_BAND_HZ[-1] * size / rate_hz) + 1) * rate_hz / size
    band = np.interp(frequency, _BAND_HZ, (0.0, 1.0, 1.0, 0.0))
    lag_size = 1 << math.ceil(math.log2(_LAG_HZ * size / rate_hz))
    lag_hz = lag_size * rate_hz / size
    lags = slice(int(lag_hz / VOICE_HZ[1]), math.ceil(lag_hz / VOICE_HZ[0]))
    taper = np.hanning(window)
    own = np.correlate(taper, taper, "full")[window - 1 :]
    of_window = np.interp(np.arange(lags.start, lags.stop) / lag_hz, np.arange(window) / rate_hz, own / own[0])
    return _Analysis(taper, band, size, lag_size, lags, of_window)
