"""Controls whose values are choices: one logit per choice, and the position of the chosen one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Category:
    """A control of choices.

    Attributes:
        control: its place among the controls.
        places: the positions 0..1 of its choices, rising, one for each.
        edges: the positions at which one choice ends and the next begins, one fewer.
    """

    control: int
    places: tuple[float, ...]
    edges: tuple[float, ...]

    def chosen(self, position: Tensor) -> Tensor:
        """Return the choice, counted from 0, at each position (batch,)."""
        return torch.bucketize(position.contiguous(), position.new_tensor(self.edges), right=True)

    def decode(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """From logits (batch, choices): the position of the most probable choice, and its expected error, (batch,).

        The position takes its gradient from the expected position (straight-through), so that what comes after
        gets in training what it will get in use. The expected error has none: logits learn from the truth.
        """
        places = logits.new_tensor(self.places)
        probability = torch.softmax(logits, dim=1)
        hard = places[logits.argmax(1)]
        expected = probability @ places
        error = (probability * (places - hard.unsqueeze(1)).abs()).sum(1)
        return hard + (expected - expected.detach()), error.detach()


def confidence_of(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the probability (batch,) of the most probable choice; a temperature above 1 lowers it."""
    return torch.softmax(logits / temperature, dim=1).amax(1)
