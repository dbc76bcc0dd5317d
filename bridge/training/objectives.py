"""Lessons: the questions an encoder is asked, and examples of them as sound and as tensors.

A task draws sounds; `pack` hears them and keeps what learning needs: frames, profiles and positions. Keys of a shard
are `LESSON.WHAT`, see `pack`.
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
class TrainingObjective:
    """One question that every example puts to the encoder.

    Attributes:
        name: as `automix --json` and the tables call this use.
        has_reference: whether another sound says where to go.
        level_counts: whether the level is part of what is right, or sounds are compared at equal loudness.
    """

    name: str
    has_reference: bool
    level_counts: bool


@dataclass(frozen=True)
class ObjectiveExample:
    """One example of one lesson, as sound (channels, samples); empty where a plugin failed.

    Attributes:
        heard: what the encoder hears: the track before its plugins.
        truth: what should come out of the plugins.
        position: (controls,) positions 0..1 that lead there, or None where nobody knows.
        reference: what the lesson's reference is, where it has one.
        rendered: `heard` through `position`, where that was rendered: the surrogate learns from it.
    """

    heard: Audio = field(repr=False)
    truth: Audio = field(repr=False)
    position: Float32 | None
    reference: Audio | None = field(default=None, repr=False)
    rendered: Audio | None = field(default=None, repr=False)

    @property
    def is_whole(self) -> bool:
        return all(audio is None or audio.size for audio in (self.heard, self.truth, self.reference, self.rendered))


def pack_examples(
    lessons: Sequence[TrainingObjective],
    examples: Sequence[Mapping[str, ObjectiveExample]],
    sample_rate_hz: int,
    features: FeatureSettings,
    *,
    jacobian: Callable[[ObjectiveExample], Float32] | None = None,
    jacobian_share: float = 0.0,
) -> Shard:
    """Examples as arrays (n, ...); those with a failed render, or that change a sound beyond reason, are left out.

    For each lesson: `heard` and `reference` frames, float16 (n, bands, frames); `target` and, where there is one,
    `rendered`: profiles, float32 (n, 2, bands), absolute mean and spread in dB; `position`, float32 (n, controls),
    NaN where nobody knows it. With a `jacobian_share` above 0 also `jacobian`, float16 (n, controls, 2, bands), of that
    share of the examples and NaN for the others. PluginError when no example rendered.
    """
    whole = [example for example in examples if all(sounded.is_whole for sounded in example.values())]
    if not whole:
        raise PluginError(
            f"All {len(examples)} examples failed to render. Try the chain's plugins: reaper-bridge chain show."
        )
    shard: Shard = {}
    keep = np.ones(len(whole), dtype=bool)
    for lesson in lessons:
        sounds = [example[lesson.name] for example in whole]
        packed = _pack_lesson(sounds, lesson, sample_rate_hz, features)
        if jacobian is not None and jacobian_share > 0 and "rendered" in packed:
            packed["jacobian"] = _jacobians(sounds, jacobian, math.ceil(jacobian_share * len(sounds)))
        shard |= {f"{lesson.name}.{key}": array for key, array in packed.items()}
        if lesson.level_counts:
            heard = profiles(torch.from_numpy(packed["heard"].astype(np.float32)))
            keep &= np.abs(packed["target"][:, 0] - heard[:, 0]).mean(1) <= LOUDEST_CHANGE_DB
    return {key: array[keep] for key, array in shard.items()}


def example_count(shard: Shard) -> int:
    return len(next(iter(shard.values())))


def profiles(frames: torch.Tensor) -> Float32:
    """Absolute mean and spread in dB per band, (batch, 2, bands), of frames (batch, bands, frames)."""
    with torch.inference_mode():
        statistics, _ = mel_statistics(frames)
        both = torch.stack([statistics.mean_db + statistics.level_db, statistics.spread_db], dim=1)
    return np.asarray(both.numpy(), dtype=np.float32)


def clip_frames(clips: Sequence[Audio], sample_rate_hz: int, features: FeatureSettings) -> torch.Tensor:
    """Log-mel frames (n, bands, frames) of clips (channels, samples) of one length."""
    with torch.inference_mode():
        stacked = torch.from_numpy(np.stack(clips))
        return torch.cat([log_mel(chunk, sample_rate_hz, features) for chunk in torch.split(stacked, _CLIPS_AT_ONCE)])


def _pack_lesson(
    sounds: Sequence[ObjectiveExample], lesson: TrainingObjective, rate: int, features: FeatureSettings
) -> Shard:
    truth = [sounded.truth for sounded in sounds]
    rendered = [sounded.rendered for sounded in sounds if sounded.rendered is not None]
    packed: Shard = {
        "heard": clip_frames([sounded.heard for sounded in sounds], rate, features).numpy().astype(np.float16),
        "target": profiles(clip_frames(truth, rate, features)),
        "position": _positions(sounds),
    }
    if lesson.has_reference:
        references = [sounded.reference for sounded in sounds if sounded.reference is not None]
        packed["reference"] = clip_frames(references, rate, features).numpy().astype(np.float16)
    if len(rendered) == len(sounds):
        is_truth = all(a is b for a, b in zip(rendered, truth, strict=True))
        packed["rendered"] = packed["target"] if is_truth else profiles(clip_frames(rendered, rate, features))
    return packed


def _jacobians(
    sounds: Sequence[ObjectiveExample], jacobian: Callable[[ObjectiveExample], Float32], count: int
) -> NDArray[np.float16]:
    """Of the first `count`; NaN for the rest."""
    taken = [jacobian(sounded) for sounded in sounds[:count]]
    rows = np.full((len(sounds), *taken[0].shape), np.nan, np.float16)
    rows[:count] = taken
    return rows


def _positions(sounds: Sequence[ObjectiveExample]) -> Float32:
    known = [sounded.position for sounded in sounds if sounded.position is not None]
    unknown = np.full_like(known[0], np.nan) if known else np.zeros(0, np.float32)
    rows = [unknown if sounded.position is None else sounded.position for sounded in sounds]
    return np.asarray(np.stack(rows), dtype=np.float32)
