"""Mix balance measured on the stems of real mixes, and how far it lies from mixes that were not measured.

Stems are named by their instrument, as `bass.flac` in a folder of the song. What is learned comes from the songs of
the training side alone; the others show how far a balance made by it is from theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.errors import AudioError
from bridge.mix_balance.gains import MixBalance, RoleSums, find_role
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
EQUAL_LUFS = -23.0  # of stems that are all as loud
DIFFERENT_LU = 0.05  # medians that differ by less read the same


@dataclass(frozen=True)
class MixStem:
    """A stem of a song: float32 (channels, samples), and its role in the mix."""

    role: Role
    audio: Audio = field(repr=False)  # (channels, samples)


@dataclass(frozen=True)
class StemSong:
    """A mix: stems as loud as they are in it, of one length."""

    name: str
    stems: tuple[MixStem, ...]
    sample_rate_hz: int

    def mix(self, *, is_equal: bool = False) -> RoleSums:
        """Return the stems together; `is_equal`: each as loud as any other."""
        mix = RoleSums(self.sample_rate_hz)
        for stem in self.stems:
            loudness = loudness_lufs(stem.audio, self.sample_rate_hz) if is_equal else None
            mix.add(stem.role, [stem.audio], 0.0 if loudness is None else EQUAL_LUFS - loudness)
        return mix

    def balance(self) -> MixBalance:
        return self.mix().measure()


class BalanceDistance(msgspec.Struct, frozen=True):
    """How far stems lie from where the real mixes have them, in LU beside the mix, (stems,) each.

    Attributes:
        by_roles: where each is as loud as its role should be.
        equal: where all are equally loud.
        recognised: how many of the roles would have been found by sound alone.
        wrong: how many would have been taken for another.
    """

    by_roles: tuple[float, ...]
    equal: tuple[float, ...]
    recognised: int = msgspec.field(name="heard")
    wrong: int


def closer_balances(own: BalanceDistance, shipped: BalanceDistance) -> dict[str, float]:
    """Return which of "shipped" and "equal" lie closer to the real mixes, and their median distances in LU."""
    own_lu = float(np.median(own.by_roles))
    medians_lu = {
        "shipped": float(np.median(shipped.by_roles)),
        "equal": float(np.median(own.equal)),
    }
    return {name: lu for name, lu in medians_lu.items() if own_lu - lu > DIFFERENT_LU}


def find_songs(folders: Sequence[Path]) -> tuple[list[StemSong], list[StemSong]]:
    """Return songs to learn from, and songs held back. AudioError where no folder holds stems of a song."""
    sides = split_by_song(find_files(folders))
    learned, held = _songs(sides["train"]), _songs([*sides["validation"], *sides["test"]])
    if not learned:
        raise AudioError(
            f"No song lies in {', '.join(map(str, folders))}: give folders of songs, each with stems of one length "
            "that are named by their instrument (drums.wav, bass.wav, vocals.wav)."
        )
    return learned, held


Progress = Callable[[float, str], None]


def measure_targets(
    songs: Sequence[StemSong], source: str, *, progress: Progress = lambda _share, _song: None
) -> MixBalanceTargets:
    """Return the loudness and the sound of each role of `songs`; `progress` is told the share, and the song."""
    relative: dict[Role, list[float]] = defaultdict(list)
    features: dict[Role, list[Float64]] = defaultdict(list)
    for place, song in enumerate(songs):
        progress(place / len(songs), song.name)
        for role, loudness_lu in song.balance().relative_lu.items():
            relative[role].append(loudness_lu)
        for stem in song.stems:
            features[stem.role].append(role_features([stem.audio], song.sample_rate_hz))
    everything = np.concatenate([np.stack(rows) for rows in features.values()])
    least = np.maximum(LEAST_DEVIATION * everything.std(0), 1e-3)
    roles = {
        role: _role(loudness_lu, np.stack(features[role]), least) for role, loudness_lu in sorted(relative.items())
    }
    return MixBalanceTargets(schema=SCHEMA, source=source, roles=_with_stand_ins(roles))


def measure_distance(songs: Sequence[StemSong], targets: MixBalanceTargets) -> BalanceDistance:
    """Compare balances of `songs` made by `targets`, and by equal loudness, with their own."""
    by_roles: list[float] = []
    equal: list[float] = []
    recognised = wrong = 0
    for song in songs:
        truth, rate = song.balance(), song.sample_rate_hz
        mix = song.mix(is_equal=True)
        by_targets, at_start = mix.measure(mix.gains_db(targets)), mix.measure()
        by_roles += [abs(by_targets.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        equal += [abs(at_start.relative_lu[role] - truth.relative_lu[role]) for role in truth.relative_lu]
        found = [(find_role("", [stem.audio], targets, rate), stem.role) for stem in song.stems]
        recognised += sum(one == other for one, other in found)
        wrong += sum(one not in (None, other) for one, other in found)
    return BalanceDistance(tuple(by_roles), tuple(equal), recognised, wrong)


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


def _role(loudness_lu: Sequence[float], features: Float64, least: Float64) -> RoleLoudness:
    middle = float(np.median(loudness_lu))
    return RoleLoudness(
        relative_lu=round(middle, 1),
        within_3_lu=round(float(np.mean(np.abs(np.array(loudness_lu) - middle) <= NEAR_LU)), 2),
        songs=len(loudness_lu),
        sound_mean=tuple(round(float(value), 1) for value in features.mean(0)),
        sound_deviation=tuple(round(float(value), 2) for value in np.maximum(features.std(0), least)),
    )


def _with_stand_ins(roles: Mapping[Role, RoleLoudness]) -> dict[Role, RoleLoudness]:
    """Roles that nobody played take the loudness of a near one."""
    return {
        role: msgspec.structs.replace(
            loudness, stands_for=tuple(other for other in STAND_INS.get(role, ()) if other not in roles)
        )
        for role, loudness in roles.items()
    }
