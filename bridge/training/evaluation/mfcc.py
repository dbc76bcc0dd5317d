"""The metric that DeepAFx reports: cosine distance between MFCC trajectories. Kept for comparison, not to score by.

Martínez Ramírez et al. 2021, `deepafx/utils.py`: the audio is scaled to the truth's mean absolute value; 128 mel
bands (Slaney's) of 1024 samples every 256, in dB below the loudest band and moment, at most 80 dB down; the first 13
coefficients of the orthonormal cosine transform over bands; for each coefficient the cosine distance between its two
trajectories in time; their mean.

What it is blind to, each held by a test:

- Loudness, twice over: by the scaling, and by the reference to the loudest band. A wrong gain costs nothing.
- Coefficient 0, the loudness of each moment, is far from zero all the time, and the cosine does not take the mean away:
  a compressor that takes half of the dynamics away hardly turns such a vector. Coefficient 1, the tilt, suffers alike.
- Anything finer than 13 coefficients hold: a narrow resonance or notch.
- How much: once a part of the spectrum has fallen 80 dB below the loudest band, taking more of it away costs nothing,
  and a stronger fault may come out nearer than a mild one.
- What happens between the channels: the sum is measured, as in the original.

And it is uneven: a coefficient that is near zero all the time, which tells little, counts as much as any other, and
its cosine is ruled by noise. Compare values only between makers of one kind of thing, and read the other metrics.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft, signal

from bridge.audio.layout import check_audio
from bridge.decibels import power_to_db
from bridge.errors import AudioError
from bridge.types import Audio, Float64

COEFFICIENTS = 13
BANDS = 128
WINDOW = 1024
HOP = 256
RANGE_DB = 80.0
FAINTEST = 1e-10  # power


def mfcc_cosine(audio: Audio, truth: Audio, sample_rate_hz: int) -> float:
    """Return the mean cosine distance of MFCC trajectories, 0 (the same) to 2.

    Args:
        audio, truth: float32 (channels, samples) each; the longer one is cut.
        sample_rate_hz: of both; the original works at 22,050 Hz.

    Raises:
        AudioError: one of them is no such array.

    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 8192)).astype(np.float32)
    >>> mfcc_cosine(noise / 2, noise, 22050) < 1e-9
    True
    """
    own = check_audio(audio, "the processed audio").mean(0, dtype=np.float64)
    wanted = check_audio(truth, "the truth").mean(0, dtype=np.float64)
    if sample_rate_hz < 1:
        raise AudioError(f"The sample rate is {sample_rate_hz} Hz; give that of the audio.")
    samples = min(len(own), len(wanted))
    own, wanted = own[:samples], wanted[:samples]
    if (mean := float(np.abs(own).mean())) > 0:
        own = own * (float(np.abs(wanted).mean()) / mean)
    a, b = mfcc(own, sample_rate_hz), mfcc(wanted, sample_rate_hz)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = np.divide((a * b).sum(1), lengths, out=np.zeros(len(a)), where=lengths > 0)
    both_silent = ~a.any(1) & ~b.any(1)
    return float(np.where(both_silent, 0.0, 1.0 - cosine).mean())


def mfcc(audio: Float64, sample_rate_hz: int) -> Float64:
    """(13, frames) of mono audio (samples,); frames are centred, silence beyond the ends."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, WINDOW // 2), WINDOW)[::HOP]
    power = np.square(np.abs(np.fft.rfft(frames * signal.windows.hann(WINDOW, sym=False))))
    mel = _mel_bands(sample_rate_hz) @ power.T
    loudest = max(float(mel.max()), FAINTEST)
    decibel = power_to_db(np.maximum(mel, FAINTEST), floor=0.0) - power_to_db(loudest, floor=0.0)
    clipped = np.maximum(decibel, decibel.max() - RANGE_DB)
    return np.asarray(fft.dct(clipped, type=2, axis=0, norm="ortho")[:COEFFICIENTS])


@lru_cache(maxsize=8)
def _mel_bands(sample_rate_hz: int) -> Float64:
    """(bands, bins): triangles of equal area, up to half the sample rate."""
    edges = _hertz(np.linspace(0.0, float(_mels(np.array(sample_rate_hz / 2))), BANDS + 2))
    hertz = np.linspace(0, sample_rate_hz / 2, WINDOW // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0.0, np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)))
    return np.asarray(triangles * 2 / (high - low))


_STRAIGHT_HZ, _STRAIGHT_MELS, _PER_OCTAVE = 1000.0, 15.0, np.log(6.4) / 27.0


def _mels(hertz: Float64) -> Float64:
    """Slaney's scale: straight up to 1 kHz, logarithmic above."""
    above = _STRAIGHT_MELS + np.log(np.maximum(hertz, 1.0) / _STRAIGHT_HZ) / _PER_OCTAVE
    return np.where(hertz < _STRAIGHT_HZ, hertz * 3 / 200, above)


def _hertz(mels: Float64) -> Float64:
    above = _STRAIGHT_HZ * np.exp(_PER_OCTAVE * (mels - _STRAIGHT_MELS))
    return np.where(mels < _STRAIGHT_MELS, mels * 200 / 3, above)
