"""Prediction modes: the questions that an encoder learns to answer, and examples of them as sound and as tensors.

A task draws sounds; `pack_examples` keeps of them what learning needs: frames, profiles and positions. Keys of a shard
are `MODE.WHAT`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.errors import PluginError
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.encoders import mel_statistics
from bridge.types import Audio, Float32

Shard = dict[str, NDArray[np.floating]]

LOUDEST_CHANGE_DB = 24.0  # examples that change a clip's profile by more are nothing that people do
_CLIPS_AT_ONCE = 2  # as many as the processor's cache holds: four times as fast as all together


@dataclass(frozen=True)
class PredictionMode:
    """One question that every example puts to the encoder.

    Attributes:
        name: as `automix --json` and the tables call this use.
        has_reference: whether another sound says where to go.
        loudness_counts: whether loudness is part of what is right, or sounds are compared at equal loudness.
    """

    name: str
    has_reference: bool
    loudness_counts: bool


@dataclass(frozen=True)
class ModeExample:
    """One example of one mode, as sound (channels, samples); empty where a plugin failed.

    Attributes:
        input: what the encoder gets: the track before its plugins.
        truth: what should come out of the plugins.
        position: (controls,) positions 0..1 that lead there, or None where nobody knows.
        reference: the mode's reference, where it has one.
        rendered: `input` through `position`, where that was rendered: the surrogate learns from it.
    """

    input: Audio = field(repr=False)
    truth: Audio = field(repr=False)
    position: Float32 | None
    reference: Audio | None = field(default=None, repr=False)
    rendered: Audio | None = field(default=None, repr=False)

    @property
    def is_whole(self) -> bool:
        return all(audio is None or audio.size for audio in (self.input, self.truth, self.reference, self.rendered))


def whole_examples(examples: Sequence[Mapping[str, ModeExample]]) -> list[Mapping[str, ModeExample]]:
    """Return the examples of which everything was rendered."""
    return [by_mode for by_mode in examples if all(one.is_whole for one in by_mode.values())]


def pack_examples(
    modes: Sequence[PredictionMode],
    examples: Sequence[Mapping[str, ModeExample]],
    sample_rate_hz: int,
    features: FeatureSettings,
    *,
    jacobian: Callable[[ModeExample], Float32] | None = None,
    jacobian_share: float = 0.0,
) -> Shard:
    """Pack examples as arrays; those with a failed render, or that change a sound beyond reason, are left out.

    Args:
        examples: by the mode's name.
        jacobian: takes the derivative of an example's profile, (controls, 2, bands).
        jacobian_share: of the examples get one; needs `rendered`.

    Returns:
        For each mode: `input` and, where there is one, `reference`, frames, float16 (n, bands, frames); `target`
        and, where there is one, `rendered`, profiles, float32 (n, 2, bands), absolute mean and spread in dB;
        `position`, float32 (n, controls), NaN where nobody knows it; with a `jacobian_share` above 0 `jacobian`,
        float16 (n, controls, 2, bands), NaN for the examples that have none.

    Raises:
        PluginError: no example rendered.
    """
    whole = whole_examples(examples)
    if not whole:
        raise PluginError(
            f"All {len(examples)} examples failed to render. Try the chain's plugins: reaper-bridge chain show."
        )
    shard: Shard = {}
    keep = np.ones(len(whole), dtype=bool)
    for mode in modes:
        sounds = [by_mode[mode.name] for by_mode in whole]
        packed = _pack_mode(sounds, mode, sample_rate_hz, features)
        if jacobian is not None and jacobian_share > 0 and "rendered" in packed:
            taken = [jacobian(example) for example in sounds[: math.ceil(jacobian_share * len(sounds))]]
            packed["jacobian"] = np.full((len(sounds), *taken[0].shape), np.nan, np.float16)
            packed["jacobian"][: len(taken)] = taken
        shard |= {f"{mode.name}.{key}": array for key, array in packed.items()}
        if mode.loudness_counts:
            before = profiles(torch.from_numpy(packed["input"].astype(np.float32)))
            keep &= np.abs(packed["target"][:, 0] - before[:, 0]).mean(1) <= LOUDEST_CHANGE_DB
    return {key: array[keep] for key, array in shard.items()}


def example_count(shard: Shard) -> int:
    """Return how many examples a shard holds."""
    return len(next(iter(shard.values())))


def profiles(frames: torch.Tensor) -> Float32:
    """Return absolute mean and spread in dB per band, (batch, 2, bands), of frames (batch, bands, frames)."""
    with torch.inference_mode():
        statistics, _ = mel_statistics(frames)
        both = torch.stack([statistics.mean_db + statistics.level_db, statistics.spread_db], dim=1)
    return np.asarray(both.numpy(), dtype=np.float32)


def clip_frames(clips: Sequence[Audio], sample_rate_hz: int, features: FeatureSettings) -> torch.Tensor:
    """Return log-mel frames (n, bands, frames) of clips (channels, samples) of one length."""
    with torch.inference_mode():
        stacked = torch.from_numpy(np.stack(clips))
        return torch.cat([log_mel(chunk, sample_rate_hz, features) for chunk in torch.split(stacked, _CLIPS_AT_ONCE)])


def _pack_mode(sounds: Sequence[ModeExample], mode: PredictionMode, rate: int, features: FeatureSettings) -> Shard:
    truth = [example.truth for example in sounds]
    rendered = [example.rendered for example in sounds if example.rendered is not None]
    packed: Shard = {
        "input": clip_frames([example.input for example in sounds], rate, features).numpy().astype(np.float16),
        "target": profiles(clip_frames(truth, rate, features)),
        "position": _positions(sounds),
    }
    if mode.has_reference:
        references = [example.reference for example in sounds if example.reference is not None]
        packed["reference"] = clip_frames(references, rate, features).numpy().astype(np.float16)
    if len(rendered) == len(sounds):
        is_truth = all(a is b for a, b in zip(rendered, truth, strict=True))
        packed["rendered"] = packed["target"] if is_truth else profiles(clip_frames(rendered, rate, features))
    return packed


def _positions(sounds: Sequence[ModeExample]) -> Float32:
    """(n, controls), NaN where nobody knows it; (n, 0) where nobody knows any."""
    known = next((example.position for example in sounds if example.position is not None), np.zeros(0, np.float32))
    unknown = np.full_like(known, np.nan)
    rows = [unknown if example.position is None else example.position for example in sounds]
    return np.asarray(np.stack(rows), dtype=np.float32)
