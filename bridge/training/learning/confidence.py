"""Makes confidence mean something: fits, on songs not learned from, how wide the predicted spreads must be."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.model.encoders import Encoder
from bridge.model.manifest import ConfidenceLaw

TOLERANCE = 0.1  # of a control's range
_WIDENINGS = np.geomspace(0.1, 10.0, 81)


def fit_confidence(encoder: Encoder, batch: dict[str, torch.Tensor]) -> ConfidenceLaw:
    """The law whose mean confidence equals the share of hits, control by control, on both uses of the model."""
    errors, spreads = errors_and_spreads(encoder, batch)
    hits = (errors <= TOLERANCE).mean(0)
    confidence = 1 - np.exp(-TOLERANCE / (spreads[None] * _WIDENINGS[:, None, None]))  # (widenings, n, controls)
    nearest = np.abs(confidence.mean(1) - hits).argmin(0)
    return ConfidenceLaw(tolerance=TOLERANCE, widening=tuple(float(round(w, 3)) for w in _WIDENINGS[nearest]))


def errors_and_spreads(
    encoder: Encoder, batch: dict[str, torch.Tensor]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Absolute errors and predicted spreads, (examples of both uses, controls), in shares of each range."""
    with torch.no_grad():
        match = encoder(batch["dry"], batch["reference"])
        alone = encoder(batch["degraded"], None)
    position = torch.cat([match.position, alone.position]).clamp(0, 1)
    truth = torch.cat([batch["hidden"], batch["undoing"]])
    spread = torch.cat([match.spread, alone.spread])
    return (position - truth).abs().cpu().numpy(), spread.cpu().numpy()
