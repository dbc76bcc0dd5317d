"""How far a processed sound lies from the true one, sample by sample of the same recording, by several metrics.

The main one is the mel distance: the mean absolute difference of log-mel frames in dB, frame by frame. Most are taken
raw and at equal loudness: what is gained by loudness alone shows as the difference of the two.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from bridge.audio.loudness import loudness_lufs
from bridge.audio.resampling import resample
from bridge.decibels import db_to_amplitude
from bridge.features.mel import extract_features
from bridge.features.profile import active_frames
from bridge.features.settings import FeatureSettings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mfcc import mfcc_cosine
from bridge.training.losses.audio_distances import FLOOR, log_difference_db, magnitudes, spectral_convergence
from bridge.types import Audio

MFCC_RATE_HZ = 22_050  # the rate of the system that reports it
PAUSE_FLOOR_DB = -80.0  # where pauses count, what is softer in a band is silence


class EvaluationMetrics:
    """The metrics of one case, for whatever methods make of it; the truth is analysed once."""

    def __init__(self, case: EvaluationCase) -> None:
        self._case = case
        self._spectrum = _spectrum(case.truth, case.sample_rate_hz)
        self._for_mfcc = resample(case.truth, case.sample_rate_hz, MFCC_RATE_HZ)

    def distances(self, audio: Audio) -> dict[str, float]:
        """Return all metrics of `audio` (channels, samples), name to value: the smaller, the nearer to the truth.

        `mel_db` and `mrstft` are raw, those ending in `_equal_loudness` are taken after the audio was brought to
        the truth's loudness. `mfcc` does that by itself; its module says what else it is blind to.
        """
        case, rate = self._case, self._case.sample_rate_hz
        gain = gain_to_match(audio, case.truth, rate)
        spectrum = _spectrum(audio, rate)
        return {
            "mel_db": frame_distance_db(audio, case.truth, rate, pauses_count=case.pauses_count),
            "mel_db_equal_loudness": frame_distance_db(gain * audio, case.truth, rate),
            "mrstft": _multi_resolution(spectrum, self._spectrum),
            "mrstft_equal_loudness": _multi_resolution(_amplified(spectrum, float(gain)), self._spectrum),
            "mfcc": mfcc_cosine(resample(audio, rate, MFCC_RATE_HZ), self._for_mfcc, MFCC_RATE_HZ),
        }

    def main_db(self, audio: Audio) -> float:
        """Return the one that the case is scored by, `case.main_metric`."""
        case, rate = self._case, self._case.sample_rate_hz
        if case.loudness_counts:
            return frame_distance_db(audio, case.truth, rate, pauses_count=case.pauses_count)
        return frame_distance_db(gain_to_match(audio, case.truth, rate) * audio, case.truth, rate)


def frame_distance_db(audio: Audio, truth: Audio, sample_rate_hz: int, *, pauses_count: bool = False) -> float:
    """Return the mean absolute difference of log-mel frames in dB.

    Args:
        audio, truth: (channels, samples), aligned.
        pauses_count: over all frames, down to `PAUSE_FLOOR_DB`; otherwise over those in which the truth sounds.
    """
    settings = FeatureSettings(floor_db=PAUSE_FLOOR_DB) if pauses_count else FeatureSettings()
    own, wanted = (extract_features([one], sample_rate_hz, settings) for one in (audio, truth))
    difference = np.abs(own.log_mel - wanted.log_mel)[: wanted.valid_bands]
    return float((difference if pauses_count else difference[:, active_frames(wanted.log_mel)]).mean())


def gain_to_match(audio: Audio, other: Audio, sample_rate_hz: int) -> np.float32:
    """The factor that brings `audio` (channels, samples) to the loudness of `other`; 1 where one of them has none."""
    own, wanted = loudness_lufs(audio, sample_rate_hz), loudness_lufs(other, sample_rate_hz)
    return np.float32(1 if own is None or wanted is None else db_to_amplitude(wanted - own))


def _spectrum(audio: Audio, sample_rate_hz: int) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        return magnitudes(torch.from_numpy(np.ascontiguousarray(audio))[None], sample_rate_hz)


def _amplified(spectrum: tuple[Tensor, ...], gain: float) -> tuple[Tensor, ...]:
    """The magnitudes that the sound would have at `gain`: their floor stays where it is."""
    floor = FLOOR**2
    with torch.inference_mode():
        return tuple(((part.square() - floor).clamp_min(0) * gain**2 + floor).sqrt() for part in spectrum)


def _multi_resolution(own: tuple[Tensor, ...], truth: tuple[Tensor, ...]) -> float:
    """Spectral convergence plus mean absolute difference of log magnitudes (in nepers), mean over three windows, which
    last as long at every rate: R. Yamamoto, E. Song, J.-M. Kim, "Parallel WaveGAN" (ICASSP 2020)."""
    with torch.inference_mode():
        return float(spectral_convergence(own, truth) + log_difference_db(own, truth) * (math.log(10) / 20))
