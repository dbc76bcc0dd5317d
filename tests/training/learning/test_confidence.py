"""Confidence is a chance: after fitting, mean confidence equals the share of hits."""

import numpy as np
import torch

from bridge.model.encoders import Encoder
from bridge.model.manifest import EncoderSettings
from bridge.training.learning.confidence import TOLERANCE, errors_and_spreads, fit_confidence


def batch(count: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    frames = {n: torch.randn(count, 64, 60, generator=generator) * 8 - 40 for n in ("dry", "reference", "degraded")}
    near = 0.5 + 0.2 * (torch.rand(count, 3, generator=generator) - 0.5)
    return frames | {"hidden": near, "undoing": torch.rand(count, 3, generator=generator)}


def test_mean_confidence_equals_the_share_of_hits() -> None:
    torch.manual_seed(0)
    encoder = Encoder(64, EncoderSettings(width=16, blocks=1, embedding=8, hidden=16), torch.full((3,), 0.5)).eval()
    examples = batch(120)
    law = fit_confidence(encoder, examples)
    errors, spreads = errors_and_spreads(encoder, examples)
    hits = (errors <= TOLERANCE).mean(0)
    confidence = (1 - np.exp(-law.tolerance / (spreads * np.array(law.widening, np.float32)))).mean(0)
    assert hits.min() > 0.2
    np.testing.assert_allclose(confidence, hits, atol=0.03)
