"""Features of a sound of any length, frame by frame: twice through its blocks, with memory for a stretch of it alone.

The first pass finds how loud the sound is, the second runs the network. Stretches overlap by the network's reach, so
that the output is the same as for all of it at once. Nothing here draws curves or renders.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from bridge.features.mel import check_mel_rate, log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.encoders.frame_encoder import FrameEncoder, frame_loudness_db, loud_frame_db
from bridge.types import Audio, Float32, Float64

Blocks = Callable[[], Iterable[Audio]]
"""Gives all of a sound in blocks (channels, samples), as often as it is called."""

STRETCH_FRAMES = 2000


@dataclass(frozen=True)
class FramePredictions:
    """What the network makes of a sound.

    Attributes:
        activity: (controls, frames) 0..1, the probability that the control must act.
        position: (controls, frames) 0..1 over the control's range: where it must be when it acts.
        speech: (frames,) 0..1, the probability that somebody speaks.
        loudness_db: (frames,) of the sound; `loud_db`: of what is loud in it.
        times_s: (frames,) the middle of each frame.
    """

    activity: Float32
    position: Float32
    speech: Float32
    loudness_db: Float32
    loud_db: float
    times_s: Float64


def predict_frames(
    encoder: FrameEncoder, features: FeatureSettings, blocks: Blocks, sample_rate_hz: int
) -> FramePredictions:
    """Run `encoder` over all frames. Raises AudioError for a foreign sample rate, and what `blocks` raises."""
    check_mel_rate(sample_rate_hz)
    with torch.inference_mode():
        loudness_db = _loudness_db(_frames(blocks, sample_rate_hz, features))
        loud = loud_frame_db(torch.from_numpy(loudness_db))
        activity, position = (np.empty((encoder.controls, len(loudness_db)), np.float32) for _ in range(2))
        speech, done = np.empty(len(loudness_db), np.float32), 0
        for stretch, kept in _stretches(_frames(blocks, sample_rate_hz, features), encoder.reach):
            output = encoder(stretch[None], loud[None])
            span = slice(done, done + output.speech[0, kept].shape[0])
            activity[:, span] = torch.sigmoid(output.activity[0, :, kept]).numpy()
            position[:, span] = output.position[0, :, kept].numpy()
            speech[span] = torch.sigmoid(output.speech[0, kept]).numpy()
            done = span.stop
    window, hop = (round(time_s * sample_rate_hz) for time_s in (features.window_s, features.hop_s))
    times_s = (np.arange(len(speech)) * hop + window // 2) / sample_rate_hz
    return FramePredictions(activity, position, speech, loudness_db, float(loud), times_s)


def _loudness_db(parts: Iterator[torch.Tensor]) -> Float32:
    """(frames,), in one growing array: many small ones between large ones that come and go would hold memory."""
    loudness_db = array("f")
    for part in parts:
        loudness_db.frombytes(frame_loudness_db(part).numpy().astype(np.float32).tobytes())
    return np.frombuffer(loudness_db, dtype=np.float32)


def _frames(blocks: Blocks, sample_rate_hz: int, features: FeatureSettings) -> Iterator[torch.Tensor]:
    """The frames (bands, frames) of the whole sound, a block's worth at a time, as `log_mel` gives them at once."""
    window, hop = (round(time_s * sample_rate_hz) for time_s in (features.window_s, features.hop_s))
    waiting: Audio | None = None
    yielded = False
    for block in blocks():
        waiting = block if waiting is None else np.concatenate([waiting, block], axis=1)
        count = (waiting.shape[1] - window) // hop + 1
        if count > 0:
            used = waiting[:, : (count - 1) * hop + window]
            yield log_mel(torch.from_numpy(np.ascontiguousarray(used)), sample_rate_hz, features)
            waiting = waiting[:, count * hop :]
            yielded = True
    if not yielded and waiting is not None:
        yield log_mel(torch.from_numpy(np.ascontiguousarray(waiting)), sample_rate_hz, features)


def _stretches(parts: Iterator[torch.Tensor], reach: int) -> Iterator[tuple[torch.Tensor, slice]]:
    """Stretches with the frames that the network needs beside them, and which of their frames count."""
    held: list[torch.Tensor] = []
    before = count = 0
    for part in parts:
        held.append(part)
        count += part.shape[-1]
        while count >= before + STRETCH_FRAMES + reach:
            joined = torch.cat(held, -1)
            end = before + STRETCH_FRAMES
            yield joined[:, : end + reach], slice(before, end)
            rest = joined[:, end - min(reach, end) :]
            held, before, count = [rest], min(reach, end), rest.shape[-1]
    if count > before:
        yield torch.cat(held, -1), slice(before, None)
