"""Examples to learn from, made once and kept: a clip, how settings changed it, and what it sounded like before.

Each example serves both uses of a model. `match`: a clip, and another part of the same recording through hidden
settings. `automix`: the clip degraded, and the profile it had before. Shards are written whole and read back, so
that a resumed training starts where it stopped; a shard depends on its seed and number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray

from bridge.errors import PluginError
from bridge.model.bundle import positions_to_normalized
from bridge.model.encoders import statistics_of
from bridge.model.features import log_mel
from bridge.model.manifest import FeatureSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost, Render
from bridge.training.sources.files import SILENCE_RMS, Recording
from bridge.training.sources.sampling import SettingsSampler
from bridge.training.sources.speech import resample

Audio = NDArray[np.float32]
Shard = dict[str, NDArray[np.floating]]

SHARD_EXAMPLES = 64
CLIP_S = 8.0
GAIN_DB = 8.0
COLOURED_SHARE = 0.5  # of the match clips are degraded ones
RETUNED_SHARE = 0.5
RETUNING_SEMITONES = 3.0
MIXED_SHARE = 0.1
_CLIPS_AT_ONCE = 2  # as many as the processor's cache holds: four times as fast as all together
_FAST_LENGTH = 3600  # multiples of it are transformed fast
LOUDEST_CHANGE_DB = 24.0  # examples that change a clip's profile by more are nothing that people do


@dataclass(frozen=True)
class PoolMaker:
    """Makes shards from recordings. `augment` off leaves recordings as they are (validation)."""

    chain: Chain
    host: PluginHost
    features: FeatureSettings
    recordings: Sequence[Recording]
    sample_rate_hz: int
    seed: int
    augment: bool = True

    def make(self, number: int) -> Shard:
        """Shard `number`: always the same for the same seed, chain and recordings. See `Shard` keys in `_pack`."""
        generator = np.random.default_rng([self.seed, number])
        sampler = SettingsSampler(self.chain)
        clips = [self._draw_clips(generator) for _ in range(SHARD_EXAMPLES)]
        hidden = np.stack([sampler.draw(generator) for _ in clips])
        pairs = [sampler.draw_undoable(generator) for _ in clips]
        degrading, undoing = (np.stack(side) for side in zip(*pairs, strict=True))
        coloured = generator.random(len(clips)) < COLOURED_SHARE * sampler.can_undo

        clean = [first for first, _ in clips]
        degraded = self._render(clean, degrading)
        others = self._render([second for _, second in clips], np.where(coloured[:, None], degrading, sampler.neutral))
        dry = [d if c else a for a, d, c in zip(clean, degraded, coloured, strict=True)]
        wet, reference = self._render(dry, hidden), self._render(others, hidden)
        good = [i for i, group in enumerate(zip(degraded, wet, reference, strict=True)) if all(x.size for x in group)]
        return self._pack(
            {
                "clean": [clean[i] for i in good],
                "degraded": [degraded[i] for i in good],
                "dry": [dry[i] for i in good],
                "wet": [wet[i] for i in good],
                "reference": [reference[i] for i in good],
            },
            {"hidden": hidden[good], "undoing": undoing[good], "degrading": degrading[good]},
        )

    def _render(self, clips: Sequence[Audio], positions: NDArray[np.float32]) -> list[Audio]:
        """(1, samples) each; an empty array where a plugin failed: that costs an example, not the run."""
        settings = positions_to_normalized(self.chain, positions)
        renders = [
            Render(clip if clip.size else np.zeros((1, 64), np.float32), self.sample_rate_hz, setting)
            for clip, setting in zip(clips, settings, strict=True)
        ]
        answers = self.host.render(self.chain, renders, return_errors=True)
        empty = np.zeros((1, 0), np.float32)
        return [
            empty if isinstance(answer, PluginError) or not clip.size else answer
            for clip, answer in zip(clips, answers, strict=True)
        ]

    def _draw_clips(self, generator: np.random.Generator) -> tuple[Audio, Audio]:
        """Two clips (1, samples) from different places of one recording (or mix), at one random gain."""
        length = round(CLIP_S * self.sample_rate_hz)
        while True:
            sources = self._draw_sources(generator)
            retuning = 0.0
            if self.augment and generator.random() < RETUNED_SHARE:
                retuning = generator.uniform(-RETUNING_SEMITONES, RETUNING_SEMITONES)
            places = generator.random(2)
            gain = 10 ** (generator.uniform(-GAIN_DB, GAIN_DB) / 20)
            first, second = (
                sum(
                    (_cut(source, self.sample_rate_hz, length, place, retuning) for source in sources), np.zeros(length)
                )
                for place in (places[0], places[0] + 0.5 + 0.2 * (places[1] - 0.5))
            )
            if min(np.sqrt(np.mean(first**2)), np.sqrt(np.mean(second**2))) * gain > SILENCE_RMS:
                return (np.float32(gain) * first[None]).astype(np.float32), (gain * second[None]).astype(np.float32)

    def _draw_sources(self, generator: np.random.Generator) -> list[Recording]:
        chosen = self.recordings[int(generator.integers(len(self.recordings)))]
        stems = [recording for recording in self.recordings if recording.group == chosen.group]
        if len(stems) > 1 and generator.random() < MIXED_SHARE:
            return stems
        return [chosen]

    def _pack(self, clips: dict[str, list[Audio]], positions: dict[str, NDArray[np.float32]]) -> Shard:
        """Frames as float16 (n, bands, frames): `dry`, `reference`, `degraded`. Profiles as float32 (n, 2, bands),
        absolute mean and spread in dB: `wet_profile`, `clean_profile`. Positions (n, controls)."""
        shard: Shard = dict(positions)
        frames = {name: self._frames(audio) for name, audio in clips.items()}
        for name in ("wet", "clean"):
            shard[f"{name}_profile"] = profiles(frames[name])
        for name in ("dry", "reference", "degraded"):
            shard[name] = frames[name].numpy().astype(np.float16)
        change = np.abs(shard["wet_profile"][:, 0] - profiles(frames["dry"])[:, 0]).mean(1)
        keep = change <= LOUDEST_CHANGE_DB
        return {name: array[keep] for name, array in shard.items()}

    def _frames(self, clips: Sequence[Audio]) -> torch.Tensor:
        with torch.inference_mode():
            stacked = torch.from_numpy(np.stack(clips))
            chunks = torch.split(stacked, _CLIPS_AT_ONCE)
            parts = [log_mel(chunk, self.sample_rate_hz, self.features) for chunk in chunks]
            return torch.cat(parts)


def profiles(frames: torch.Tensor) -> NDArray[np.float32]:
    """Absolute mean and spread in dB per band, (batch, 2, bands), of frames (batch, bands, frames)."""
    with torch.inference_mode():
        statistics, _ = statistics_of(frames)
        both = torch.stack([statistics.mean_db + statistics.level_db, statistics.spread_db], dim=1)
    return np.asarray(both.numpy(), dtype=np.float32)


def fill_pool(
    maker: PoolMaker, folder: Path, count: int, *, notify: Callable[[int], None], must_stop: Callable[[], bool]
) -> Shard:
    """`count` shards as one, each made or read from `folder`. Fewer once `must_stop` says so, never none."""
    folder.mkdir(parents=True, exist_ok=True)
    shards: list[Shard] = []
    for number in range(count):
        file = folder / f"{number:05d}.safetensors"
        if file.is_file():
            shards.append(safetensors.numpy.load_file(file))
        elif must_stop() and shards:
            break
        else:
            shards.append(maker.make(number))
            part = file.with_name(file.name + ".part")
            part.write_bytes(safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in shards[-1].items()}))
            part.replace(file)
        notify(number + 1)
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}


def _cut(recording: Recording, sample_rate_hz: int, length: int, place: float, retuning: float) -> NDArray[np.float32]:
    """`length` samples from `place` (in recordings from the start, wrapping around), retuned by semitones."""
    factor = sample_rate_hz / recording.sample_rate_hz * 2 ** (-retuning / 12)
    needed = _FAST_LENGTH * int(np.ceil(length / factor / _FAST_LENGTH) + 1)
    start = int(place * recording.audio.size) % recording.audio.size
    taken = np.take(recording.audio, np.arange(start, start + needed), mode="wrap")
    if factor == 1:
        return taken[:length]
    return resample(taken, round(needed * factor / _FAST_LENGTH) * _FAST_LENGTH)[:length]
