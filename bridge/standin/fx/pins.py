"""Pins: which channels of the track an FX gets and where its output goes, as masks of bits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bridge.types import Audio

IN_ORDER = (0b01, 0b10)  # pin 1 on channel 1, pin 2 on channel 2


@dataclass
class PinMappings:
    """For each pin the channels that it is connected to: bit 0 is the first one."""

    inputs: list[int] = field(default_factory=lambda: list(IN_ORDER))
    outputs: list[int] = field(default_factory=lambda: list(IN_ORDER))

    @property
    def is_in_order(self) -> bool:
        return tuple(self.inputs[:2]) == tuple(self.outputs[:2]) == IN_ORDER

    def of(self, is_output: bool) -> list[int]:
        return self.outputs if is_output else self.inputs

    def feed(self, audio: Audio) -> Audio:
        """What enters the first two pins, of a track's channels."""
        silence = np.zeros_like(audio[0])
        return np.stack([sum((audio[c] for c in _channels(mask, audio)), silence) for mask in self.inputs[:2]])

    def merge(self, audio: Audio, processed: Audio) -> Audio:
        """The track's channels once the first two pins have written to theirs; the others stay."""
        merged = audio.copy()
        written = {c for mask in self.outputs[:2] for c in _channels(mask, audio)}
        for channel in written:
            merged[channel] = sum(p for p, mask in zip(processed, self.outputs, strict=False) if mask >> channel & 1)
        return merged


def _channels(mask: int, audio: Audio) -> list[int]:
    return [channel for channel in range(len(audio)) if mask >> channel & 1]
