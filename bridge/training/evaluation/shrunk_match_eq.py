"""Shrunk match EQ, and its fit by four bands: what a model must beat that knows no plugin and has learned nothing.

The long-term energy of track and reference in third octaves differs by a curve. What the quarters of each recording
leave unsure is shrunk towards its weighted mean, which is a gain. The curve is applied as a filter of linear phase, or
by a low shelf, two bells, a high shelf and a gain, fitted to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.signal

from bridge.decibels import db_to_amplitude, power_to_db
from bridge.training.evaluation.out_of_chain_cases import BellFilter, bell_coefficients
from bridge.types import Audio, Float64, Mask

CENTRES_HZ = 1000 * 2.0 ** (np.arange(-17, 14) / 3)  # 20 Hz to 20 kHz
QUARTERS = 4
SURE_DB, LEAST_SURE_DB = 3.0, 0.5  # a standard error that halves a difference; the least that is believed
AUDIBLE_DB = 70.0
FIR_TAPS = 8191
_BLOCK = 8192
_STARTS = ((100.0, 400.0, 2500.0, 8000.0), (200.0, 800.0, 1500.0, 5000.0), (60.0, 250.0, 4000.0, 11000.0))
_KINDS = ("low", "peak", "peak", "high")
_LOW = np.array([*[np.log2(30.0), np.log2(60.0), np.log2(500.0), np.log2(2000.0)], *[-18.0] * 4, *[-1.5] * 2])
_HIGH = np.array([*[np.log2(500.0), np.log2(2000.0), np.log2(10000.0), np.log2(15000.0)], *[18.0] * 4, *[2.0] * 2])
_PULL = 0.05  # of a gain in dB, against a difference of one


@dataclass(frozen=True)
class ShrunkCurve:
    """What brings a track to a reference: (bands,) gains in dB at `hertz`, and how much each counts."""

    hertz: Float64
    gain_db: Float64
    weights: Float64


def shrunk_curve(given: Audio, reference: Audio, sample_rate_hz: int) -> ShrunkCurve:
    """Return the shrunk difference of two recordings (channels, samples) of one sample rate."""
    hertz = CENTRES_HZ[sample_rate_hz / 2 >= CENTRES_HZ * 2 ** (1 / 6)]
    (own_db, own_error, own), (other_db, other_error, other) = (
        _third_octaves(audio, sample_rate_hz, hertz) for audio in (given, reference)
    )
    difference, variance = other_db - own_db, own_error**2 + other_error**2
    audible = own & other
    weights = audible / np.maximum(variance, LEAST_SURE_DB**2)
    if not audible.any():
        return ShrunkCurve(hertz, np.zeros(hertz.size), np.ones(hertz.size))
    gain_db = float(weights @ difference / weights.sum())
    shrunk = gain_db + (difference - gain_db) * SURE_DB**2 / (SURE_DB**2 + variance)
    return ShrunkCurve(hertz, np.where(audible, shrunk, gain_db), weights * _loudness(own_db))


def filtered(audio: Audio, curve: ShrunkCurve, sample_rate_hz: int) -> Audio:
    """Return `audio` (channels, samples) through a linear-phase filter of the curve, aligned."""
    nyquist = sample_rate_hz / 2
    hertz = np.concatenate([[0.0], curve.hertz[curve.hertz < nyquist], [nyquist]])
    gain_db = np.interp(hertz, curve.hertz, curve.gain_db)
    taps = scipy.signal.firwin2(FIR_TAPS, hertz, db_to_amplitude(gain_db), fs=sample_rate_hz)
    rendered = scipy.signal.fftconvolve(audio, taps[None], axes=-1)
    return np.asarray(rendered[:, FIR_TAPS // 2 :][:, : audio.shape[-1]], dtype=np.float32)


def four_bands(audio: Audio, curve: ShrunkCurve, sample_rate_hz: int) -> Audio:
    """Return `audio` (channels, samples) through the four bands and the gain that fit the curve best."""
    weights = np.sqrt(curve.weights / curve.weights.sum())

    def response_db(values: Float64) -> Float64:
        _, response = scipy.signal.sosfreqz(_sections(values, sample_rate_hz), worN=curve.hertz, fs=sample_rate_hz)
        return np.asarray(power_to_db(np.abs(response) ** 2))

    def residuals(values: Float64) -> Float64:
        rest = curve.gain_db - response_db(values[:-1]) - values[-1]
        return np.concatenate([weights * rest, _PULL * values[4:8] / len(_KINDS)])

    level = float(np.average(curve.gain_db, weights=curve.weights))
    found = [
        scipy.optimize.least_squares(
            residuals,
            np.array([*np.log2(start), 0.1, 0.1, 0.1, 0.1, 0.0, 0.0, level]),
            bounds=(np.append(_LOW, -60.0), np.append(_HIGH, 60.0)),
            max_nfev=40,
        )
        for start in _STARTS
    ]
    best = min(found, key=lambda one: one.cost).x
    rendered = scipy.signal.sosfilt(_sections(best[:-1], sample_rate_hz), audio.astype(np.float64))
    return np.asarray(rendered * db_to_amplitude(float(best[-1])), dtype=np.float32)


def _sections(values: Float64, sample_rate_hz: int) -> Float64:
    qualities = [0.707, *(2.0 ** values[8:10]).tolist(), 0.707]
    bands = zip(_KINDS, (2.0 ** values[:4]).tolist(), values[4:8].tolist(), qualities, strict=True)
    return np.stack([bell_coefficients(BellFilter(*band), sample_rate_hz) for band in bands])


def _third_octaves(audio: Audio, sample_rate_hz: int, hertz: Float64) -> tuple[Float64, Float64, Mask]:
    """Level of each band (bands,) in dB, its standard error, and whether it is audible."""
    padded = np.pad(audio.astype(np.float64), ((0, 0), (0, max(0, _BLOCK - audio.shape[-1]))))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK, axis=-1)[:, :: _BLOCK // 2] * np.hanning(_BLOCK)
    power = (np.abs(np.fft.rfft(blocks)) ** 2).mean(0)
    edges = np.fft.rfftfreq(_BLOCK, 1 / sample_rate_hz) + sample_rate_hz / _BLOCK / 2
    total = np.cumsum(power, axis=1)
    bands = np.stack([np.interp(hertz * 2 ** (1 / 6), edges, row) for row in total])
    bands -= np.stack([np.interp(hertz * 2 ** (-1 / 6), edges, row) for row in total])
    level_db = power_to_db(bands.mean(0))
    quarters = [power_to_db(part.mean(0)) for part in np.array_split(bands, min(QUARTERS, len(bands)))]
    error = np.std(quarters, axis=0) / 2
    return level_db, error, level_db > level_db.max() - AUDIBLE_DB


def _loudness(level_db: Float64) -> Float64:
    """How loud each band is, 0 to 1 from the edge of what is audible to the loudest."""
    return np.asarray(np.clip((level_db - level_db.max()) / AUDIBLE_DB + 1, 0.05, 1.0))
