"""Levels of roles measured on the stems of real mixes, and how far they lead from mixes that were not measured.

Stems are named by their instrument, as `bass.flac` in a folder of the song. What is learned comes from the songs of
the training side alone; the others tell how far a balance made by it is from theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.errors import AudioError
from bridge.mix_balance.gains import MixBalance, MixRoles, find_role
from bridge.mix_balance.role_by_name import Role, role_by_name
from bridge.mix_balance.role_by_sound import role_features
from bridge.mix_balance.targets import SCHEMA, MixBalanceTargets, RoleLoudness
from bridge.training.data.recordings import AudioFileEntry, find_files, read_recordings, split_by_song
from bridge.types import Audio, Float64

NEAR_LU = 3.0
LEAST_DEVIATION = 0.3  # of that over all recordings: few songs look more alike than many
STAND_INS: Mapping[Role, tuple[Role, ...]] = {
    "lead": ("vocals",), "vocals": ("lead",), "guitar": ("keys",), "keys": ("guitar",)
}  # fmt: skip
LEVELLED_LUFS = -23.0
TELLING_LU = 0.05  # medians that differ by less read the same


@dataclass(frozen=True)
class MixStem:
    role: Role
    audio: Audio = field(repr=False)  # (channels, samples)


@dataclass(frozen=True)
class StemSong:
    """A mix: stems as loud as they are in it, of one length."""

    name: str
    stems: tuple[MixStem, ...]
    sample_rate_hz: int

    def mix(self, *, is_levelled: bool = False) -> MixRoles:
        """The stems together; `is_levelled`: each as loud as any other."""
        mix = MixRoles(self.sample_rate_hz)
        for stem in self.stems:
            loudness = loudness_lufs(stem.audio, self.sample_rate_hz) if is_levelled else None
            mix.add(stem.role, [stem.audio], 0.0 if loudness is None else LEVELLED_LUFS - loudness)
        return mix

    def levels(self) -> MixBalance:
        return self.mix().measure()


@dataclass(frozen=True)
class BalanceDistance:
    """How far stems lie from where the real mixes have them, in LU beside the mix, (stems,) each.

    `by_roles` by the levels of roles, `equal` where all are equally loud; `heard` is how many of the roles would have
    been found by sound alone, and `wrong` how many would have been taken for another.
    """

    by_roles: tuple[float, ...]
    equal: tuple[float, ...]
    heard: int
    wrong: int


def is_worse_than(own: BalanceDistance, shipped: BalanceDistance) -> str:
    """What the measured levels are farther from the real mixes than, in words with the medians; '' for nothing."""
    levels_lu = float(np.median(own.by_roles))
    rivals = {"the shipped levels": shipped.by_roles, "stems that are all equally loud": own.equal}
    medians = {name: float(np.median(values)) for name, values in rivals.items()}
    better = [f"{name} ({lu:.1f} LU)" for name, lu in medians.items() if levels_lu - lu > TELLING_LU]
    return f"{levels_lu:.1f} LU from the real mixes, farther than {' and '.join(better)}" if better else ""


def find_songs(folders: Sequence[Path]) -> tuple[list[StemSong], list[StemSong]]:
    """Songs to learn from, and songs held back. AudioError where no folder holds stems of a song."""
    sides = split_by_song(find_files(folders))
    learned, held = _songs(sides["train"]), _songs([*sides["validation"], *sides["test"]])
    if not learned:
        raise AudioError(
            f"No song lies in {', '.join(map(str, folders))}: give folders of songs, each with stems of one length "
            "that are named by their instrument (drums.wav, bass.wav, vocals.wav)."
        )
    return learned, held


def measure_targets(songs: Sequence[StemSong], source: str) -> MixBalanceTargets:
    """The level and the sound of each role of `songs`."""
    relative: dict[Role, list[float]] = defaultdict(list)
    traits: dict[Role, list[Float64]] = defaultdict(list)
    for song in songs:
        for role, level_lu in song.levels().relative_lu.items():
            relative[role].append(level_lu)
        for stem in song.stems:
            traits[stem.role].append(role_features([stem.audio], song.sample_rate_hz))
    everything = np.concatenate([np.stack(rows) for rows in traits.values()])
    least = np.maximum(LEAST_DEVIATION * everything.std(0), 1e-3)
    roles = {role: _role(levels, np.stack(traits[role]), least) for role, levels in sorted(relative.items())}
    return MixBalanceTargets(schema=SCHEMA, source=source, roles=_with_stand_ins(roles))


def measure_distance(songs: Sequence[StemSong], targets: MixBalanceTargets) -> BalanceDistance:
    """Balances of `songs` made by `targets` and by equal loudness, from stems that are all as loud."""
    by_roles: list[float] = []
    equal: list[float] = []
    heard = wrong = 0
    for song in songs:
        truth, rate = song.levels(), song.sample_rate_hz
        mix = song.mix(is_levelled=True)
        made, start = mix.measure(mix.gains_db(targets)), mix.measure()
        by_roles += [abs(made.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        equal += [abs(start.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        found = [(find_role("", [stem.audio], targets, rate), stem.role) for stem in song.stems]
        heard += sum(one == other for one, other in found)
        wrong += sum(one not in (None, other) for one, other in found)
    return BalanceDistance(tuple(by_roles), tuple(equal), heard, wrong)


def _songs(files: Sequence[AudioFileEntry]) -> list[StemSong]:
    groups: dict[str, list[AudioFileEntry]] = defaultdict(list)
    for file in files:
        if file.group != file.name and role_by_name(file.path.stem) is not None:
            groups[file.group].append(file)
    return [song for name, members in sorted(groups.items()) if (song := _song(name, members)) is not None]


def _song(name: str, files: Sequence[AudioFileEntry]) -> StemSong | None:
    found = [(role_by_name(Path(one.name).stem), one) for one in read_recordings(files, channels=2)]
    length = min((one.audio.shape[1] for _, one in found), default=0)
    stems = tuple(MixStem(role, one.audio[:, :length]) for role, one in found if role is not None)
    rates = {one.sample_rate_hz for _, one in found}
    return StemSong(name, stems, rates.pop()) if len({stem.role for stem in stems}) > 1 and len(rates) == 1 else None


def _role(levels_lu: Sequence[float], traits: Float64, least: Float64) -> RoleLoudness:
    middle = float(np.median(levels_lu))
    return RoleLoudness(
        relative_lu=round(middle, 1),
        within_3_lu=round(float(np.mean(np.abs(np.array(levels_lu) - middle) <= NEAR_LU)), 2),
        songs=len(levels_lu),
        sound_mean=tuple(round(float(value), 1) for value in traits.mean(0)),
        sound_deviation=tuple(round(float(value), 2) for value in np.maximum(traits.std(0), least)),
    )


def _with_stand_ins(roles: Mapping[Role, RoleLoudness]) -> dict[Role, RoleLoudness]:
    """Roles that nobody played take the level of a near one."""
    return {
        role: msgspec.structs.replace(
            level, stands_for=tuple(other for other in STAND_INS.get(role, ()) if other not in roles)
        )
        for role, level in roles.items()
    }
