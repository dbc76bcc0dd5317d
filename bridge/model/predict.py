"""From a heard sound to settings: one pass of the encoder, and what its answer is worth.

It renders nothing and judges nothing: that is the guard's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bridge.features.mel import extract_features
from bridge.features.profile import SoundFeatures, SpectralProfile
from bridge.features.windows import choose_windows
from bridge.model.bundle import ModelBundle, positions_to_normalized
from bridge.model.encoders import EncoderOutput, confidence_of
from bridge.types import Float32

WINDOW_S = 3.0
WINDOW_COUNT = 8
_MIN_FRAMES = 16


@dataclass(frozen=True)
class Prediction:
    """What the encoder answers.

    Attributes:
        settings: (controls,) the host's normalized values.
        confidence: (controls,) 0..1, the chance that a value lies within the law's tolerance of the right one; of a
            choice, that it is the right one.
        target: the profile that the encoder would have the track come to; without a reference its level means
            nothing.
    """

    settings: Float32
    confidence: Float32
    target: SpectralProfile


@dataclass(frozen=True)
class BatchPrediction:
    """What the encoder makes of several sounds (n) beside one reference.

    Attributes:
        targets: (n, 2, bands) mean and spread in dB of where each should go, as `Prediction.target`.
        strangeness: (n,) root mean square difference of its embedding from the reference's; 0 without one.
    """

    targets: Float32
    strangeness: Float32


class Predictor:
    """One bundle's ears and answers. Thread-safe: the encoder is never changed."""

    def __init__(self, bundle: ModelBundle) -> None:
        self.bundle = bundle

    def hear(self, excerpts: Sequence[Float32], sample_rate_hz: int) -> SoundFeatures:
        """The loud windows of `excerpts` (channels, samples) as frames. AudioError for a foreign sample rate."""
        windows = choose_windows(excerpts, sample_rate_hz, window_s=WINDOW_S, count=WINDOW_COUNT)
        return extract_features(windows, sample_rate_hz, self.bundle.manifest.features)

    def predict(self, sound: SoundFeatures, reference: SoundFeatures | None) -> Prediction:
        """Settings that bring `sound` to the reference, or to where well-recorded material of its kind lies."""
        with torch.inference_mode():
            answer = self.bundle.encoder(_batch(sound), None if reference is None else _batch(reference))
        position = answer.position[0].numpy()
        mean_db, spread_db = answer.target_mean_db[0].numpy(), answer.target_spread_db[0].numpy()
        return Prediction(
            settings=positions_to_normalized(self.bundle.chain, position),
            confidence=self._confidence(answer),
            target=SpectralProfile(mean_db, spread_db, sound.valid_bands),
        )

    def compare(self, sounds: Sequence[SoundFeatures], reference: SoundFeatures | None) -> BatchPrediction:
        """Judge several sounds of one length at once."""
        encoder, embedding = self.bundle.encoder, self.bundle.manifest.encoder.embedding
        with torch.inference_mode():
            vectors, statistics = encoder.listen(torch.cat([_batch(sound) for sound in sounds]))
            other = None if reference is None else encoder.listen(_batch(reference))[0].expand_as(vectors)
            answer = encoder.decide(vectors, statistics, other)
            apart = vectors - (vectors if other is None else other)
        return BatchPrediction(
            targets=torch.stack([answer.target_mean_db, answer.target_spread_db], dim=1).numpy(),
            strangeness=apart[:, :embedding].square().mean(1).sqrt().numpy(),
        )

    def _confidence(self, answer: EncoderOutput) -> Float32:
        law = self.bundle.manifest.confidence
        widening = np.asarray(law.widening or (1.0,), dtype=np.float32)
        scale = answer.spread[0].numpy() * widening
        confidence = np.asarray(1 - np.exp(-law.tolerance / scale), dtype=np.float32)
        categories = self.bundle.encoder.categories
        temperatures = law.temperatures or (1.0,) * len(categories)
        for category, logits, temperature in zip(categories, answer.logits, temperatures, strict=True):
            confidence[category.control] = float(confidence_of(logits, temperature)[0])
        return confidence


def _batch(sound: SoundFeatures) -> torch.Tensor:
    """(1, bands, frames), repeated where the sound is shorter than the encoder's reach."""
    frames = torch.from_numpy(np.ascontiguousarray(sound.log_mel, dtype=np.float32))
    while frames.shape[1] < _MIN_FRAMES:
        frames = torch.cat([frames, frames], dim=1)
    return frames[None]
