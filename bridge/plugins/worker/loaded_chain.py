"""A loaded chain inside a worker: renders whole buffers, buffers whose settings move, and endless streams.

Consecutive built-in effects run as one pedalboard; every other plugin runs alone, so that a fault has a name. State
is reset for every render. Latency is taken out of each slot, so that row k of moving settings meets block k of the
audio in every slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol, cast

import numpy as np
import pedalboard

from bridge.errors import PluginError, PluginOutputInvalid
from bridge.plugins.chain.chain import BUILTIN, Slot
from bridge.plugins.worker.instances import LOADERS, Instance, Processor, check_output, run_processors
from bridge.types import Float32

WHOLE_FRAMES = 1 << 19  # longer audio goes through in stretches of this, each a sign of progress
LONGEST_LATENCY_FRAMES = 1 << 20


class ShowProgress(Protocol):
    """Called with a plugin's name before each step that may take long."""

    def __call__(self, plugin: str, *, is_loading: bool = False) -> None: ...


class Stage:
    """What runs in one go: one plugin, or consecutive built-in effects as a pedalboard."""

    def __init__(self, instances: list[Instance], first_control: int) -> None:
        self.name = ", ".join(instance.slot.plugin for instance in instances)
        self.accepts = instances[0].channels
        self._instances = instances
        self._first_control = first_control
        self._board = (
            pedalboard.Chain([cast(pedalboard.Plugin, i.processors(2)[0]) for i in instances])
            if len(instances) > 1
            else None
        )

    def set(self, normalized: Float32, sample_rate_hz: int, *, is_moving: bool = False) -> None:
        """`normalized`: the whole chain's row."""
        at = self._first_control
        for instance in self._instances:
            count = len(instance.slot.controls)
            instance.set(normalized[at : at + count].tolist(), sample_rate_hz, is_moving=is_moving)
            at += count

    def processors(self, channels: int) -> list[Processor]:
        return self._instances[0].processors(channels) if self._board is None else [self._board]


class LoadedChain:
    """A chain's plugins, loaded once and used for many renders."""

    def __init__(self, slots: Sequence[Slot], paths: Sequence[str], show_progress: ShowProgress) -> None:
        self._show_progress = show_progress
        self.instances = [self._load(slot, path) for slot, path in zip(slots, paths, strict=True)]
        self._stages = _stages(self.instances)
        foreign = [stage.name for stage in self._stages if not stage.name.startswith(BUILTIN)]
        self.suspects = ", ".join(foreign or [stage.name for stage in self._stages])  # what may crash or hang
        self._needs_names = len(foreign) > 1

    def render(self, audio: Float32, normalized: Float32, *, sample_rate_hz: int, block_frames: int) -> Float32:
        """(channels, frames) in and out. `normalized` is (rows, controls): row k holds from frame k * block_frames."""
        if len(normalized) > 1 or audio.shape[1] > WHOLE_FRAMES or audio.shape[1] < 3:
            return self._render_in_blocks(audio, normalized, sample_rate_hz, block_frames)
        for stage in self._stages:
            self._announce(stage)
            frames = audio.shape[1]
            processors = stage.processors(audio.shape[0])
            stage.set(normalized[0], sample_rate_hz)
            audio = run_processors(processors, audio, sample_rate_hz, accepts=stage.accepts, reset=True)
            check_output(audio, frames, stage.name)
        return audio

    def stream(self, normalized: Float32, *, sample_rate_hz: int, block_frames: int, channels: int) -> ChainStream:
        """Return a fresh stream through the chain."""
        stages = [_StageStream(stage, normalized, sample_rate_hz, block_frames, channels) for stage in self._stages]
        return ChainStream(stages, self._announce)

    def _render_in_blocks(self, audio: Float32, normalized: Float32, sample_rate_hz: int, block_frames: int) -> Float32:
        channels, frames = audio.shape
        block = block_frames if len(normalized) > 1 else WHOLE_FRAMES
        stream = self.stream(normalized, sample_rate_hz=sample_rate_hz, block_frames=block, channels=channels)
        step = max(WHOLE_FRAMES // block, 1) * block
        parts = []
        for start in range(0, frames, step):
            self._show_progress(self.suspects)
            parts.append(stream.push(audio[:, start : start + step]))
        missing = frames - sum(part.shape[1] for part in parts)
        silence = np.zeros((channels, block), dtype=np.float32)
        for _ in range(0, LONGEST_LATENCY_FRAMES, block):
            if missing <= 0:
                break
            parts.append(stream.push(silence))
            missing -= parts[-1].shape[1]
        rendered = np.concatenate(parts, axis=1)[:, :frames]
        check_output(rendered, frames, self._stages[-1].name)
        return rendered

    def _announce(self, stage: Stage) -> None:
        if self._needs_names:
            self._show_progress(stage.name)

    def _load(self, slot: Slot, path: str) -> Instance:
        self._show_progress(slot.plugin, is_loading=True)
        if slot.scheme not in LOADERS:
            raise PluginError(
                f"{slot.plugin}: no plugins of the kind {slot.scheme!r}; write builtin:NAME or vst3:NAME."
            )
        return LOADERS[slot.scheme](slot, path)


class ChainStream:
    """Audio of any length through a chain, a stretch at a time, latency taken out.

    `push` returns what is ready; push silence at the end until nothing is missing.
    """

    def __init__(self, stages: Sequence[_StageStream], announce: Callable[[Stage], None]) -> None:
        self._stages = stages
        self._announce = announce

    def push(self, audio: Float32) -> Float32:
        for stage in self._stages:
            self._announce(stage.stage)
            audio = stage.push(audio)
        return audio


class _StageStream:
    """One stage of a stream: collects whole blocks and lets the settings move between them.

    Every block has one length: a longer one than the first would make pedalboard prepare its effects again and lose
    their state.
    """

    def __init__(
        self, stage: Stage, normalized: Float32, sample_rate_hz: int, block_frames: int, channels: int
    ) -> None:
        self.stage = stage
        self._normalized = normalized
        self._sample_rate_hz = sample_rate_hz
        self._block_frames = block_frames
        self._processors = stage.processors(channels)
        self._pending = np.zeros((channels, 0), dtype=np.float32)
        self._next_row = 0
        stage.set(normalized[0], sample_rate_hz)
        silence = np.zeros((channels, block_frames), dtype=np.float32)
        self._run(silence, reset=True)  # prepares every effect for the block length that will come
        for processor in self._processors:
            processor.reset()

    def push(self, audio: Float32) -> Float32:
        waiting = np.concatenate([self._pending, audio], axis=1) if self._pending.shape[1] else audio
        block = self._block_frames
        whole = waiting.shape[1] - waiting.shape[1] % block
        done = [self._block(waiting[:, start : start + block]) for start in range(0, whole, block)]
        self._pending = waiting[:, whole:].copy()
        result = np.concatenate(done, axis=1) if done else self._pending[:, :0]
        check_output(result, result.shape[1], self.stage.name)
        return result

    def _block(self, audio: Float32) -> Float32:
        row = min(self._next_row, len(self._normalized) - 1)
        if 0 < self._next_row == row and not np.array_equal(self._normalized[row], self._normalized[row - 1]):
            self.stage.set(self._normalized[row], self._sample_rate_hz, is_moving=True)
        self._next_row += 1
        return self._run(audio, reset=False)

    def _run(self, audio: Float32, *, reset: bool) -> Float32:
        output = run_processors(self._processors, audio, self._sample_rate_hz, accepts=self.stage.accepts, reset=reset)
        if output.shape[1] > audio.shape[1]:
            raise PluginOutputInvalid(f"{self.stage.name} returned more samples than it was given; it cannot be used.")
        return output


def _stages(instances: Sequence[Instance]) -> list[Stage]:
    groups: list[list[Instance]] = []
    for instance in instances:
        if groups and instance.slot.scheme == groups[-1][-1].slot.scheme == BUILTIN:
            groups[-1].append(instance)
        else:
            groups.append([instance])
    counts = [sum(len(instance.slot.controls) for instance in group) for group in groups]
    return [Stage(group, first) for group, first in zip(groups, accumulate(counts, initial=0), strict=False)]
