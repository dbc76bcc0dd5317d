"""Features of a sound of any length, frame by frame: twice through its blocks, with memory for a stretch of it alone.

The first pass finds how loud the sound is, the second runs the network. Stretches overlap by the network's reach, so
that the output is the same as for all of it at once. Nothing here draws curves or renders.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from bridge.features.mel import check_mel_rate, log_mel
from bridge.features.mel_bands import band_centres_hz
from bridge.features.periodicity import frame_periodicity
from bridge.features.settings import FeatureSettings
from bridge.features.words import Words, find_words
from bridge.model.encoders.frame_encoder import FrameEncoder, frame_loudness_db, loud_frame_db
from bridge.types import Audio, Float32, Float64

Blocks = Callable[[], Iterable[Audio]]
"""Gives all of a sound in blocks (channels, samples), as often as it is called."""

STRETCH_FRAMES = 2000
DECIBELS_PER_NEPER = 4.342944819  # of power
WORD_ENDS_S = (0.03, 0.04)  # of what sounds before and behind a voice belongs to the word, whatever it is
CONSONANTS_S = (0.18, 0.24)  # more of it may


@dataclass(frozen=True)
class FramePredictions:
    """What the network makes of a sound.

    Attributes:
        activity: (controls, frames) 0..1, the probability that the control must act.
        position: (controls, frames) 0..1 over the control's range: where it must be when it acts.
        speech: (frames,) 0..1, the probability that somebody speaks.
        loudness_db: (frames,) of the sound; `loud_db`: of what is loud in it.
        times_s: (frames,) the middle of each frame.
        periodicity: (frames,) 0..1, see `frame_periodicity`.
        centroid_hz: (frames,) the spectrum's centre of gravity.
    """

    activity: Float32
    position: Float32
    speech: Float32
    loudness_db: Float32
    loud_db: float
    times_s: Float64
    periodicity: Float32
    centroid_hz: Float32

    @property
    def hop_s(self) -> float:
        """From one frame to the next."""
        return float(self.times_s[1] - self.times_s[0]) if len(self.times_s) > 1 else 1.0

    @cached_property
    def words(self) -> Words:
        """Where words sound, by the voice in them and by nothing that was learned, with the least around it."""
        return self._words(*WORD_ENDS_S)

    @cached_property
    def whole_words(self) -> Words:
        """The same with all that may be consonants."""
        return self._words(*CONSONANTS_S)

    def _words(self, before_s: float, behind_s: float) -> Words:
        return find_words(self.loudness_db, self.periodicity, self.hop_s, before_s=before_s, behind_s=behind_s)


def predict_frames(
    encoder: FrameEncoder, features: FeatureSettings, blocks: Blocks, sample_rate_hz: int
) -> FramePredictions:
    """Run `encoder` over all frames. Raises AudioError for a foreign sample rate, and what `blocks` raises."""
    check_mel_rate(sample_rate_hz)
    with torch.inference_mode():
        loudness_db, periodicity, centroid_hz = _measured(blocks, sample_rate_hz, features)
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
    return FramePredictions(activity, position, speech, loudness_db, float(loud), times_s, periodicity, centroid_hz)


def _measured(blocks: Blocks, sample_rate_hz: int, features: FeatureSettings) -> tuple[Float32, Float32, Float32]:
    """Loudness in dB, periodicity and centroid in Hz (frames,), each in one growing array: many small ones between
    large ones that come and go would hold memory."""
    window, hop = (round(time_s * sample_rate_hz) for time_s in (features.window_s, features.hop_s))
    centres_hz = torch.from_numpy(band_centres_hz(features)).float()
    arrays = tuple(array("f") for _ in range(3))
    for part in _framed(blocks, sample_rate_hz, features):
        frames = log_mel(torch.from_numpy(part), sample_rate_hz, features)
        measured = (
            frame_loudness_db(frames).numpy(),
            frame_periodicity(part, sample_rate_hz, window=window, hop=hop),
            (torch.softmax(frames / DECIBELS_PER_NEPER, 0) * centres_hz[:, None]).sum(0).numpy(),
        )
        for growing, values in zip(arrays, measured, strict=True):
            growing.frombytes(values.astype(np.float32).tobytes())
    loudness_db, periodicity, centroid_hz = (np.frombuffer(one, dtype=np.float32) for one in arrays)
    return loudness_db, periodicity, centroid_hz


def _frames(blocks: Blocks, sample_rate_hz: int, features: FeatureSettings) -> Iterator[torch.Tensor]:
    """The frames (bands, frames) of the whole sound, a block's worth at a time, as `log_mel` gives them at once."""
    for part in _framed(blocks, sample_rate_hz, features):
        yield log_mel(torch.from_numpy(part), sample_rate_hz, features)


def _framed(blocks: Blocks, sample_rate_hz: int, features: FeatureSettings) -> Iterator[Audio]:
    """The sound in parts that hold whole frames; the last part of one that is shorter than a frame is all of it."""
    window, hop = (round(time_s * sample_rate_hz) for time_s in (features.window_s, features.hop_s))
    waiting: Audio | None = None
    yielded = False
    for block in blocks():
        waiting = block if waiting is None else np.concatenate([waiting, block], axis=1)
        count = (waiting.shape[1] - window) // hop + 1
        if count > 0:
            yield np.ascontiguousarray(waiting[:, : (count - 1) * hop + window])
            waiting = waiting[:, count * hop :]
            yielded = True
    if not yielded and waiting is not None:
        yield np.ascontiguousarray(waiting)


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
