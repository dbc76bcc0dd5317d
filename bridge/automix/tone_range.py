"""Where the tone of good recordings lies, by the role of a track: a range for each octave, and what is outside of it.

Without a reference there is no one right tone: recordings of one role differ by more than most mistakes do. So only
what lies outside of the range of all of them is moved, to the nearest edge. `tone_ranges.toml` holds the ranges; it is
measured by `bridge.training.fit_tone_ranges`, never typed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from bridge.features.mel_bands import band_centres_hz
from bridge.features.profile import SpectralProfile, loudness_db
from bridge.features.settings import FeatureSettings
from bridge.types import Float32, Float64

EDGES_HZ = (0.0, 60.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 20000.0)  # of the regions
ANY = "any"  # the range of all recordings, for a track without a role
AUDIBLE_DB = 45.0  # regions so far below the loudest hold nothing to bring up
CAPPINGS = 4
LEAST_DB = 0.25  # outside in the mean; less is nothing to do
SHIPPED = Path(__file__).with_name("tone_ranges.toml")


class ToneRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The levels of each region beside the loudness, in dB, that good recordings have.

    Attributes:
        families: of how many families of recordings it is.
        low_db, high_db: (regions,) the edges.
        most_db: the most that a tone is moved by, in the mean over the bands at equal loudness.
    """

    families: int
    low_db: tuple[float, ...]
    high_db: tuple[float, ...]
    most_db: float = 2.0

    def outside_db(self, levels_db: Float64) -> Float64:
        """(regions,) how far levels lie above (positive) or below the range; 0 within it, or where nothing sounds."""
        above = np.maximum(levels_db - np.array(self.high_db), 0.0)
        below = np.maximum(np.array(self.low_db) - levels_db, 0.0)
        return np.where(levels_db > levels_db.max() - AUDIBLE_DB, above - below, 0.0)


@dataclass(frozen=True)
class ToneRangeTarget:
    """A range as something to come close to. `role` is the track's, None where it has none that is known."""

    range: ToneRange
    features: FeatureSettings
    role: str | None = None

    def distance_db(self, sound: SpectralProfile) -> float:
        """How far the regions of a sound lie outside, in the mean."""
        return float(np.abs(self.range.outside_db(region_levels_db(sound, self.features))).mean())

    def moves_db(self, sound: SpectralProfile) -> Float32:
        """(bands,) what brings a sound to the nearest edges, within the most that the range allows."""
        outside_db = self.range.outside_db(region_levels_db(sound, self.features))
        octaves = np.log2(band_centres_hz(self.features))
        moves_db = -np.interp(octaves, _region_octaves(self.features), outside_db)
        for _ in range(CAPPINGS):  # the loudness that a change is judged beside moves with it
            moves_db *= min(1.0, self.range.most_db / max(_change_db(sound, moves_db, self.features), 1e-9))
        return np.asarray(moves_db, dtype=np.float32)


def region_levels_db(sound: SpectralProfile, features: FeatureSettings) -> Float64:
    """Return the mean level of each region (regions,) of a sound, beside its loudness."""
    loudness = loudness_db(sound.mean_db, sound.spread_db, features)
    return _region_weights(features) @ (sound.mean_db.astype(np.float64) - float(loudness))


def _change_db(sound: SpectralProfile, moves_db: Float64, features: FeatureSettings) -> float:
    """How far moves take a sound from what it was, at equal loudness, in the mean over its bands."""
    moved_db = sound.mean_db + moves_db.astype(np.float32)
    louder = float(
        loudness_db(moved_db, sound.spread_db, features) - loudness_db(sound.mean_db, sound.spread_db, features)
    )
    return float(np.abs(moves_db - louder)[: sound.valid_bands].mean())


def load_tone_ranges(file: Path = SHIPPED) -> dict[str, ToneRange]:
    """Return the ranges by role, `ANY` among them."""
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, ToneRange])


def tone_range_target(role: str | None, features: FeatureSettings) -> ToneRangeTarget:
    """Return the range of a role, or of any sound where the role has none."""
    ranges = _shipped()
    known = role if role in ranges else None
    return ToneRangeTarget(ranges[known or ANY], features, known)


@cache
def _shipped() -> dict[str, ToneRange]:
    return load_tone_ranges()


@cache
def _region_weights(features: FeatureSettings) -> Float64:
    """(regions, bands): the mean over the bands of each region; its nearest band for one that has none."""
    hertz = band_centres_hz(features)
    rows = []
    for low, high in itertools.pairwise(EDGES_HZ):
        row = ((hertz >= low) & (hertz < high)).astype(np.float64)
        if not row.any():
            row[np.argmin(np.abs(hertz - high))] = 1.0
        rows.append(row / row.sum())
    return np.stack(rows)


@cache
def _region_octaves(features: FeatureSettings) -> Float64:
    return _region_weights(features) @ np.log2(band_centres_hz(features))
