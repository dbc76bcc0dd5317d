"""How far a processed sound lies from the true one, sample by sample of the same recording, by several measures.

The main one is the mel distance: the mean absolute difference of log-mel frames in dB, frame by frame. Every measure
is taken raw and at equal loudness: what is won by level alone shows as the difference of the two.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from bridge.audio.loudness import loudness_lufs
from bridge.decibels import db_to_amplitude
from bridge.features.mel import extract_features
from bridge.features.profile import audible_frames
from bridge.features.settings import FeatureSettings
from bridge.training.data.speech import resample
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mfcc import mfcc_cosine
from bridge.training.losses.audio_distances import FLOOR, log_difference_db, magnitudes, spectral_convergence
from bridge.types import Audio

MFCC_RATE_HZ = 22_050  # the rate of the system that reports it


class EvaluationMetrics:
    """The measures of one case, for whatever methods make of it; the truth is heard once."""

    def __init__(self, case: EvaluationCase) -> None:
        self._case = case
        self._spectrum = _spectrum(case.truth, case.sample_rate_hz)
        self._for_mfcc = _at_rate(case.truth, case.sample_rate_hz, MFCC_RATE_HZ)

    def distances(self, made: Audio) -> dict[str, float]:
        """All measures of `made` (channels, samples), name to value: the smaller, the nearer to the truth.

        `mel_db` and `mrstft` are raw, those ending in `_equal_loudness` are taken after the made sound was brought to
        the truth's loudness. `mfcc` does that by itself; what else it does not hear is told in its module.
        """
        case, rate = self._case, self._case.sample_rate_hz
        gain = gain_to_match(made, case.truth, rate)
        spectrum = _spectrum(made, rate)
        return {
            "mel_db": frame_distance_db(made, case.truth, rate),
            "mel_db_equal_loudness": frame_distance_db(gain * made, case.truth, rate),
            "mrstft": _multi_resolution(spectrum, self._spectrum),
            "mrstft_equal_loudness": _multi_resolution(_louder(spectrum, float(gain)), self._spectrum),
            "mfcc": mfcc_cosine(_at_rate(made, rate, MFCC_RATE_HZ), self._for_mfcc, MFCC_RATE_HZ),
        }

    def main_db(self, made: Audio) -> float:
        """The distance the case is judged by: of log-mel frames, raw where level counts, else at equal loudness."""
        case = self._case
        gain = np.float32(1) if case.level_counts else gain_to_match(made, case.truth, case.sample_rate_hz)
        return frame_distance_db(gain * made, case.truth, case.sample_rate_hz)


def frame_distance_db(audio: Audio, truth: Audio, sample_rate_hz: int) -> float:
    """Mean absolute difference of log-mel frames, over the frames in which the truth sounds."""
    settings = FeatureSettings()
    heard, right = (extract_features([one], sample_rate_hz, settings) for one in (audio, truth))
    frames = audible_frames(right.log_mel)
    return float(np.abs(heard.log_mel - right.log_mel)[: right.bands_heard, frames].mean())


def gain_to_match(audio: Audio, other: Audio, sample_rate_hz: int) -> np.float32:
    """The factor that brings `audio` (channels, samples) to the loudness of `other`; 1 where one of them has none."""
    own, wanted = loudness_lufs(audio, sample_rate_hz), loudness_lufs(other, sample_rate_hz)
    return np.float32(1 if own is None or wanted is None else db_to_amplitude(wanted - own))


def multi_resolution_stft(audio: Audio, truth: Audio, sample_rate_hz: int) -> float:
    """Spectral convergence plus mean absolute difference of log magnitudes (in nepers), mean over three windows.

    After R. Yamamoto, E. Song, J.-M. Kim, "Parallel WaveGAN" (ICASSP 2020). Windows last as long at every rate.

    >>> tone = np.sin(np.arange(44100) / 10).astype(np.float32)[None]
    >>> abs(multi_resolution_stft(tone, tone, 44100)) < 1e-4
    True
    """
    return _multi_resolution(_spectrum(audio, sample_rate_hz), _spectrum(truth, sample_rate_hz))


def _spectrum(audio: Audio, sample_rate_hz: int) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        return magnitudes(torch.from_numpy(np.ascontiguousarray(audio))[None], sample_rate_hz)


def _louder(spectrum: tuple[Tensor, ...], gain: float) -> tuple[Tensor, ...]:
    """The magnitudes that the sound would have at `gain`: their floor stays where it is."""
    floor = FLOOR**2
    with torch.inference_mode():
        return tuple(((part.square() - floor).clamp_min(0) * gain**2 + floor).sqrt() for part in spectrum)


def _multi_resolution(own: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> float:
    with torch.inference_mode():
        return float(spectral_convergence(own, right) + log_difference_db(own, right) * (math.log(10) / 20))


def _at_rate(audio: Audio, sample_rate_hz: int, wanted_hz: int) -> Audio:
    samples = round(audio.shape[-1] * wanted_hz / sample_rate_hz)
    return np.stack([resample(channel, samples) for channel in audio])
