"""From a sound to settings: one pass of the encoder, and the confidence of what it predicts.

It renders nothing and decides nothing: that is the guard's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bridge.features.mel import extract_features
from bridge.features.profile import SoundFeatures, SpectralProfile
from bridge.features.windows import choose_excerpts
from bridge.model.bundle import StaticModel, positions_to_normalized
from bridge.model.encoders import EncoderOutput, confidence_of
from bridge.types import Float32, NormalizedArray

WINDOW_S = 3.0
WINDOW_COUNT = 8
_MIN_FRAMES = 16


@dataclass(frozen=True)
class Prediction:
    """What the encoder predicts.

    Attributes:
        normalized: (controls,) the host's normalized values.
        confidence: (controls,) 0..1, the chance that a value lies within the law's tolerance of the right one; of a
            choice, that it is the right one.
        target: the profile that the encoder would have the track come to; without a reference its level means
            nothing.
    """

    normalized: NormalizedArray
    confidence: Float32
    target: SpectralProfile


@dataclass(frozen=True)
class BatchPrediction:
    """What the encoder makes of several sounds (n) beside one reference.

    Attributes:
        targets: (n, 2, bands) mean and spread in dB of where each should go, as `Prediction.target`.
        embedding_distance: (n,) root mean square difference of its embedding from the reference's; 0 without one.
    """

    targets: Float32
    embedding_distance: Float32


class Predictor:
    """What one model predicts. Thread-safe: the encoder is never changed."""

    def __init__(self, model: StaticModel) -> None:
        self.model = model

    def extract_features(self, excerpts: Sequence[Float32], sample_rate_hz: int) -> SoundFeatures:
        """Return the loud windows of `excerpts` (channels, samples) as frames. AudioError for a foreign sample rate."""
        windows = choose_excerpts(excerpts, sample_rate_hz, window_s=WINDOW_S, count=WINDOW_COUNT)
        return extract_features(windows, sample_rate_hz, self.model.manifest.features)

    def predict(self, sound: SoundFeatures, reference: SoundFeatures | None) -> Prediction:
        """Return what the encoder would set.

        Args:
            sound: the track before its plugins, as `extract_features` has it.
            reference: the sound to come close to; None: where well-recorded material of the track's kind lies.
        """
        with torch.inference_mode():
            output = self.model.encoder(_batch(sound), None if reference is None else _batch(reference))
        position = output.position[0].numpy()
        mean_db, spread_db = output.target_mean_db[0].numpy(), output.target_spread_db[0].numpy()
        return Prediction(
            normalized=positions_to_normalized(self.model.chain, position),
            confidence=self._confidence(output),
            target=SpectralProfile(mean_db, spread_db, sound.valid_bands),
        )

    def compare(self, sounds: Sequence[SoundFeatures], reference: SoundFeatures | None) -> BatchPrediction:
        """Return targets and distances of several sounds of one length at once."""
        encoder, embedding = self.model.encoder, self.model.manifest.encoder.embedding
        with torch.inference_mode():
            vectors, statistics = encoder.encode(torch.cat([_batch(sound) for sound in sounds]))
            other = None if reference is None else encoder.encode(_batch(reference))[0].expand_as(vectors)
            output = encoder.predict(vectors, statistics, other)
            difference = vectors - (vectors if other is None else other)
        return BatchPrediction(
            targets=torch.stack([output.target_mean_db, output.target_spread_db], dim=1).numpy(),
            embedding_distance=difference[:, :embedding].square().mean(1).sqrt().numpy(),
        )

    def _confidence(self, output: EncoderOutput) -> Float32:
        law = self.model.manifest.confidence
        widening = np.asarray(law.widening or (1.0,), dtype=np.float32)
        scale = output.spread[0].numpy() * widening
        confidence = np.asarray(1 - np.exp(-law.tolerance / scale), dtype=np.float32)
        categories = self.model.encoder.categories
        temperatures = law.temperatures or (1.0,) * len(categories)
        for category, logits, temperature in zip(categories, output.logits, temperatures, strict=True):
            confidence[category.control] = float(confidence_of(logits, temperature)[0])
        return confidence


def _batch(sound: SoundFeatures) -> torch.Tensor:
    """(1, bands, frames), repeated where the sound is shorter than the encoder's reach."""
    frames = torch.from_numpy(np.ascontiguousarray(sound.log_mel, dtype=np.float32))
    while frames.shape[1] < _MIN_FRAMES:
        frames = torch.cat([frames, frames], dim=1)
    return frames[None]
