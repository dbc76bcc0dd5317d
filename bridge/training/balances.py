"""Levels of roles measured on the stems of real mixes, and how far they lead from mixes that were not measured.

Stems are named by their instrument, as `bass.flac` in a folder of the song. What is learned comes from the songs of
the training side alone; the others tell how far a balance made by it is from theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from bridge.audio.measures import loudness_lufs
from bridge.errors import AudioError
from bridge.model.balancing.balance import MixLevels, Track, find_roles, gains_db, measure_mix, scaled
from bridge.model.balancing.names import Role, role_by_name
from bridge.model.balancing.sounds import traits_of
from bridge.model.balancing.targets import SCHEMA, LevelTargets, RoleLevel
from bridge.training.sources.files import FoundFile, find_files, read, split

Traits = NDArray[np.float64]

NEAR_LU = 3.0
LEAST_DEVIATION = 0.3  # of that over all recordings: few songs look more alike than many
STAND_INS: Mapping[Role, tuple[Role, ...]] = {
    "lead": ("vocals",), "vocals": ("lead",), "guitar": ("keys",), "keys": ("guitar",)
}  # fmt: skip
PLAIN_LUFS = -23.0


@dataclass(frozen=True)
class Song:
    """A mix: stems of known roles as loud as they are in it."""

    name: str
    tracks: tuple[Track, ...]
    roles: tuple[Role, ...]
    sample_rate_hz: int

    def levels(self) -> MixLevels:
        return measure_mix(self.tracks, self.roles, self.sample_rate_hz)


@dataclass(frozen=True)
class Distance:
    """How far stems lie from where the real mixes have them, in LU beside the mix, (stems,) each.

    `by_roles` by the levels of roles, `equal` where all are equally loud; `heard` is how many of the roles would have
    been found by sound alone, and `wrong` how many would have been taken for another.
    """

    by_roles: tuple[float, ...]
    equal: tuple[float, ...]
    heard: int
    wrong: int


def find_songs(folders: Sequence[Path]) -> tuple[list[Song], list[Song]]:
    """Songs to learn from, and songs held back. AudioError where no folder holds stems of a song."""
    sides = split(find_files(folders))
    learned, held = _songs(sides["train"]), _songs([*sides["validation"], *sides["test"]])
    if not learned:
        raise AudioError(
            f"No song lies in {', '.join(map(str, folders))}: give folders of songs, each with stems of one length "
            "that are named by their instrument (drums.wav, bass.wav, vocals.wav)."
        )
    return learned, held


def measure_targets(songs: Sequence[Song], source: str) -> LevelTargets:
    """The level and the sound of each role of `songs`."""
    relative: dict[Role, list[float]] = defaultdict(list)
    traits: dict[Role, list[Traits]] = defaultdict(list)
    for song in songs:
        for role, level_lu in song.levels().relative_lu.items():
            relative[role].append(level_lu)
        for track, role in zip(song.tracks, song.roles, strict=True):
            traits[role].append(traits_of(track.parts, song.sample_rate_hz))
    everything = np.concatenate([np.stack(rows) for rows in traits.values()])
    least = np.maximum(LEAST_DEVIATION * everything.std(0), 1e-3)
    roles = {role: _role(levels, np.stack(traits[role]), least) for role, levels in sorted(relative.items())}
    return LevelTargets(schema=SCHEMA, source=source, roles=_with_stand_ins(roles))


def measure_distance(songs: Sequence[Song], targets: LevelTargets) -> Distance:
    """Balances of `songs` made by `targets` and by equal loudness, from stems that are all as loud."""
    by_roles: list[float] = []
    equal: list[float] = []
    heard = wrong = 0
    for song in songs:
        truth, rate = song.levels(), song.sample_rate_hz
        plain = scaled(song.tracks, [_to_plain(track, rate) for track in song.tracks])
        start = measure_mix(plain, song.roles, rate)
        gains = gains_db(plain, song.roles, targets, start, rate)
        made = measure_mix(scaled(plain, [gains[role] for role in song.roles]), song.roles, rate)
        by_roles += [abs(made.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        equal += [abs(start.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        nameless = [Track("", track.parts) for track in song.tracks]
        found = find_roles(nameless, targets, rate)
        heard += sum(one == other for one, other in zip(found, song.roles, strict=True))
        wrong += sum(one not in (None, other) for one, other in zip(found, song.roles, strict=True))
    return Distance(tuple(by_roles), tuple(equal), heard, wrong)


def _songs(files: Sequence[FoundFile]) -> list[Song]:
    groups: dict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        if file.group != file.name and role_by_name(file.path.stem) is not None:
            groups[file.group].append(file)
    return [song for name, members in sorted(groups.items()) if (song := _song(name, members)) is not None]


def _song(name: str, files: Sequence[FoundFile]) -> Song | None:
    stems = read(files, channels=2)
    roles = [role for stem in stems if (role := role_by_name(Path(stem.name).stem)) is not None]
    if len(set(roles)) < 2:
        return None
    length = min(stem.audio.shape[1] for stem in stems)
    tracks = tuple(Track(Path(stem.name).stem, [stem.audio[:, :length]]) for stem in stems)
    return Song(name, tracks, tuple(roles), stems[0].sample_rate_hz)


def _role(levels_lu: Sequence[float], traits: Traits, least: Traits) -> RoleLevel:
    middle = float(np.median(levels_lu))
    return RoleLevel(
        relative_lu=round(middle, 1),
        within_3_lu=round(float(np.mean(np.abs(np.array(levels_lu) - middle) <= NEAR_LU)), 2),
        songs=len(levels_lu),
        sound_mean=tuple(round(float(value), 1) for value in traits.mean(0)),
        sound_deviation=tuple(round(float(value), 2) for value in np.maximum(traits.std(0), least)),
    )


def _with_stand_ins(roles: Mapping[Role, RoleLevel]) -> dict[Role, RoleLevel]:
    """Roles that nobody played take the level of a near one."""
    return {
        role: msgspec.structs.replace(
            level, stands_for=tuple(other for other in STAND_INS.get(role, ()) if other not in roles)
        )
        for role, level in roles.items()
    }


def _to_plain(track: Track, sample_rate_hz: int) -> float:
    loudness = loudness_lufs(np.concatenate(track.parts, axis=1), sample_rate_hz)
    return 0.0 if loudness is None else PLAIN_LUFS - loudness
