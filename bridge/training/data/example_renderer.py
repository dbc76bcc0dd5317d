"""Recordings, a chain and the host to render through it: what a task draws its examples with.

A plugin that fails costs the example, not the run: its render comes back empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bridge.audio.resampling import resample_to
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError, PluginError, RenderNotTried
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.recordings import SILENCE_RMS, Recording, rms
from bridge.training.data.settings_sampler import SettingsSampler
from bridge.types import Audio, Float64, NormalizedArray

GAIN_DB = 8.0
RETUNED_SHARE = 0.5
RETUNING_SEMITONES = 3.0
MIXED_SHARE = 0.1
_FAST_LENGTH = 3600  # multiples of it are transformed fast
_TRIES = 1000


@dataclass
class RenderFailures:
    """What plugins have cost so far: how many renders failed, and what the latest error said."""

    renders: int = 0
    latest: str = ""

    def add(self, count: int, latest: PluginError | None) -> None:
        self.renders += count
        self.latest = str(latest) if count else self.latest


@dataclass(frozen=True)
class ExampleRenderer:
    """What examples of a task are drawn from.

    Attributes:
        chain: the plugins to render through.
        host: renders; not closed here.
        recordings: of one side of the split.
        sample_rate_hz, clip_s: of the clips that are drawn.
        augment: off, recordings stay as they are (validation).
        failures: counts the renders that plugins failed at.
    """

    chain: Chain
    host: PluginHost
    recordings: Sequence[Recording]
    sample_rate_hz: int
    clip_s: float
    augment: bool = True
    failures: RenderFailures = field(default_factory=RenderFailures, compare=False)

    @cached_property
    def sampler(self) -> SettingsSampler:
        return SettingsSampler(self.chain)

    def draw_clips(self, generator: np.random.Generator) -> tuple[Audio, Audio]:
        """Draw two clips from different places of one recording (or mix), at one random gain.

        Returns:
            Both (channels, samples), of `clip_s`.

        Raises:
            AudioError: no two places of one recording sound.
        """
        length = round(self.clip_s * self.sample_rate_hz)
        for _ in range(_TRIES):
            sources = self._draw_sources(generator)
            retuning = 0.0
            if self.augment and generator.random() < RETUNED_SHARE:
                retuning = generator.uniform(-RETUNING_SEMITONES, RETUNING_SEMITONES)
            places = generator.random(2)
            gain = db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB))
            first, second = (
                gain * _sum([cut_clip(source, self.sample_rate_hz, length, place, retuning) for source in sources])
                for place in (places[0], places[0] + 0.5 + 0.2 * (places[1] - 0.5))
            )
            if min(rms(first), rms(second)) > SILENCE_RMS:
                return first.astype(np.float32), second.astype(np.float32)
        raise AudioError(
            f"{_TRIES} draws from {len(self.recordings)} recordings found no two clips of {self.clip_s:g} s that both "
            "sound. Give recordings with fewer pauses, or longer clips (clip_s in the recipe)."
        )

    def render(self, clips: Sequence[Audio], positions: NormalizedArray) -> list[Audio]:
        """Render each clip at its row of positions.

        Args:
            clips: (channels, samples) each; what is empty stays empty.
            positions: (clips, controls), 0..1 over each control's range.

        Returns:
            One array per clip, of its shape; empty (1, 0) where a plugin failed.
        """
        normalized = positions_to_normalized(self.chain, positions)
        whole = [n for n, clip in enumerate(clips) if clip.size]
        renders = [RenderInput(clips[n], self.sample_rate_hz, normalized[n]) for n in whole]
        results = render_with_retry(self.host, self.chain, renders)
        errors = [result for result in results if isinstance(result, PluginError)]
        self.failures.add(len(errors), errors[-1] if errors else None)
        rendered = [np.zeros((1, 0), np.float32) for _ in clips]
        for n, result in zip(whole, results, strict=True):
            if not isinstance(result, PluginError):
                rendered[n] = result
        return rendered

    def _draw_sources(self, generator: np.random.Generator) -> list[Recording]:
        chosen = self.recordings[int(generator.integers(len(self.recordings)))]
        stems = [recording for recording in self.recordings if recording.group == chosen.group]
        if len(stems) > 1 and generator.random() < MIXED_SHARE:
            return stems
        return [chosen]


def render_with_retry(host: PluginHost, chain: Chain, renders: Sequence[RenderInput]) -> list[Audio | PluginError]:
    """Render a batch in which one bad setting does not take the others with it.

    A host gives up a batch after three crashes or hangs. What it left untried is sent again, as long as anything comes
    out; a chain that only crashes ends soon all the same.

    Returns:
        The results in order: audio, the error of a render that failed itself, or RenderNotTried where nothing came
        out any more.
    """
    results: list[Audio | PluginError] = host.render(chain, renders, return_errors=True)
    while waiting := [n for n, result in enumerate(results) if isinstance(result, RenderNotTried)]:
        again = host.render(chain, [renders[n] for n in waiting], return_errors=True)
        for n, result in zip(waiting, again, strict=True):
            results[n] = result
        if all(isinstance(result, PluginError) for result in again):
            break
    return results


def cut_clip(recording: Recording, sample_rate_hz: int, length: int, place: float, retuning: float = 0.0) -> Audio:
    """Return (channels, length) from `place` (in recordings from the start, wrapping around), retuned by semitones."""
    samples = recording.audio.shape[-1]
    factor = sample_rate_hz / recording.sample_rate_hz * 2 ** (-retuning / 12)
    needed = _FAST_LENGTH * int(np.ceil(length / factor / _FAST_LENGTH) + 1)
    start = int(place * samples) % samples
    taken = np.take(recording.audio, np.arange(start, start + needed), axis=-1, mode="wrap")
    if factor == 1:
        return taken[:, :length]
    wanted = round(needed * factor / _FAST_LENGTH) * _FAST_LENGTH
    return resample_to(taken, wanted)[:, :length]


def _sum(clips: Sequence[Audio]) -> Float64:
    """Clips of one or two channels together; mono ones stand in the middle."""
    channels = max(len(clip) for clip in clips)
    return np.asarray(sum(np.broadcast_to(clip, (channels, clip.shape[-1])) for clip in clips), dtype=np.float64)
