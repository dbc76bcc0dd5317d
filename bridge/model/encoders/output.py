"""The output of an encoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class EncoderOutput:
    """The output of an encoder for a batch.

    Attributes:
        position: (batch, controls) 0..1 over each control's range.
        spread: (batch, controls) predicted scale of the error of `position`.
        target_mean_db, target_spread_db: (batch, bands) profile of the target: this sound as the
            reference would have it, or as it would be well recorded; then its level means nothing.
        logits: (batch, choices) for each of the encoder's categories, in their order.
    """

    position: Tensor
    spread: Tensor
    target_mean_db: Tensor
    target_spread_db: Tensor
    logits: tuple[Tensor, ...] = ()
