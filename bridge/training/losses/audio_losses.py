"""How far audio is from what it should be: losses of batches of audio, one value per example, differentiable.

Each part measures one thing in its own unit, so that weights can be read:

- `stft_linear`: spectral convergence, the size of the difference of magnitudes as a share of the truth's.
- `stft_log`: mean difference of log magnitudes, in dB. Both over several resolutions (Yamamoto et al. 2020, "Parallel
  WaveGAN"; Steinmetz and Reiss 2020, "auraloss").
- `log_mel`: mean difference of log-mel power, in dB, on the bands of the encoder's input.
- `waveform`: L1 of the samples as a share of the truth's, after the truth is moved by the delay, at most `reach`
  samples, and the polarity at which both agree best (as in Martínez Ramírez et al. 2021, DeepAFx: 100 samples; 300
  for mastering).
- `loudness`: difference of integrated loudness in LU (ITU-R BS.1770-4 with its gates; which blocks pass the gates is
  taken as given, everything else is differentiated).
- `mid_side`: `stft_log` of (left + right) / 2 and (left - right) / 2, after Steinmetz et al. 2020; 0 for mono.

Windows are given in seconds, so that a loss means the same at every sample rate. Nothing here knows plugins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import torch
from torch import Tensor

from bridge.errors import AudioError, SettingsError
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.training.losses.audio_distances import (
    log_difference_db,
    loudness_lufs,
    magnitudes,
    spectral_convergence,
    waveform_error,
)

MOST_GAIN_DB = 40.0  # that equal loudness is reached by


class AudioLossSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each part counts; a part of weight 0 is not computed. See the module for what they measure.

    `reach` is in samples. `at_equal_loudness` brings the audio to the truth's loudness before all parts but
    `loudness` itself.
    """

    stft_linear: float = 0.0
    stft_log: float = 1.0
    log_mel: float = 0.0
    waveform: float = 0.0
    loudness: float = 0.5
    mid_side: float = 0.5
    reach: int = 100
    at_equal_loudness: bool = False

    def __post_init__(self) -> None:
        weights = self.weights.values()
        if min(weights) < 0 or not 0 < sum(weights) < math.inf:
            raise SettingsError(
                f"The weights {self.weights} make no loss; give numbers from 0 up, one of them above 0."
            )
        if self.reach < 0:
            raise SettingsError(f"reach is {self.reach}; give the longest delay in samples, 0 for none.")

    @property
    def weights(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in PARTS}


PARTS = ("stft_linear", "stft_log", "log_mel", "waveform", "loudness", "mid_side")


@dataclass(frozen=True, eq=False)
class _Described:
    """Audio as far as the wanted parts look at it."""

    audio: Tensor
    spectra: tuple[Tensor, ...]  # (batch, channels, bins, frames) for each window
    mid_side: tuple[Tensor, ...]
    mel_db: Tensor | None
    lufs: Tensor | None


class AudioLoss:
    """The weighted sum of parts for audio of one sample rate."""

    def __init__(self, settings: AudioLossSettings, sample_rate_hz: int) -> None:
        self.settings = settings
        self.sample_rate_hz = sample_rate_hz

    def __call__(self, audio: Tensor, truth: Tensor) -> Tensor:
        """Audio and truth (batch, channels, samples) -> loss (batch,)."""
        return self.against(truth)(audio)

    def against(self, truth: Tensor) -> Callable[[Tensor], Tensor]:
        """The loss as a function of the audio alone; the truth is analysed once, for many tries."""
        described = self._describe(truth, None)

        def measure(audio: Tensor) -> Tensor:
            weights = self.settings.weights
            _check(audio, truth)
            parts = self._compare(self._describe(audio, described), described)
            return torch.stack([weights[name] * value for name, value in parts.items()]).sum(0)

        return measure

    def parts(self, audio: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """The parts that have a weight, each (batch,), not weighted: for reports."""
        _check(audio, truth)
        described = self._describe(truth, None)
        return self._compare(self._describe(audio, described), described)

    def _describe(self, audio: Tensor, truth: _Described | None) -> _Described:
        settings, rate = self.settings, self.sample_rate_hz
        lufs = loudness_lufs(audio, rate) if settings.loudness or settings.at_equal_loudness else None
        if settings.at_equal_loudness and truth is not None and truth.lufs is not None and lufs is not None:
            gain_db = (truth.lufs - lufs).clamp(-MOST_GAIN_DB, MOST_GAIN_DB)
            audio = audio * (10 ** (gain_db / 20))[:, None, None]
        is_wide = settings.mid_side > 0 and audio.shape[1] == 2
        return _Described(
            audio,
            magnitudes(audio, rate) if settings.stft_linear or settings.stft_log else (),
            magnitudes(_mid_side(audio), rate) if is_wide else (),
            log_mel(audio, rate, FeatureSettings()) if settings.log_mel else None,
            lufs,
        )

    def _compare(self, audio: _Described, truth: _Described) -> dict[str, Tensor]:
        settings = self.settings
        parts: dict[str, Tensor] = {}
        if settings.stft_linear:
            parts["stft_linear"] = spectral_convergence(audio.spectra, truth.spectra)
        if settings.stft_log:
            parts["stft_log"] = log_difference_db(audio.spectra, truth.spectra)
        if audio.mel_db is not None and truth.mel_db is not None:
            parts["log_mel"] = (audio.mel_db - truth.mel_db).abs().mean((1, 2))
        if settings.waveform:
            parts["waveform"] = waveform_error(audio.audio, truth.audio, reach=settings.reach)
        if settings.loudness and audio.lufs is not None and truth.lufs is not None:
            parts["loudness"] = (audio.lufs - truth.lufs).abs()
        if settings.mid_side:
            silent = torch.zeros_like(audio.audio[:, 0, 0])
            parts["mid_side"] = log_difference_db(audio.mid_side, truth.mid_side) if audio.mid_side else silent
        return parts


def _check(audio: Tensor, truth: Tensor) -> None:
    if audio.ndim != 3 or audio.shape != truth.shape:
        raise AudioError(
            f"Audio of the shape {tuple(audio.shape)} is compared with {tuple(truth.shape)}; give both as "
            "(batch, channels, samples) of the same length."
        )


def _mid_side(audio: Tensor) -> Tensor:
    left, right = audio[:, 0], audio[:, 1]
    return torch.stack([left + right, left - right], 1) / 2
