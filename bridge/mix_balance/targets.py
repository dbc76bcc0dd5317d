"""How loud the roles of real mixes are: a small file that says where its numbers come from.

`levels.json` beside this is the shipped one; one in the user's home folder takes its place. It is measured by
`reaper-bridge levels measure`, never typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import ModelError
from bridge.mix_balance.role_by_name import Role
from bridge.mix_balance.role_by_sound import FEATURES, RoleFeatures

SCHEMA = 1
FILE = "levels.json"
SHIPPED = Path(__file__).with_name(FILE)
MAX_BYTES = 64 * 1024

Features = Annotated[tuple[float, ...], msgspec.Meta(min_length=FEATURES, max_length=FEATURES)]
Deviations = Annotated[
    tuple[Annotated[float, msgspec.Meta(gt=0.0)], ...], msgspec.Meta(min_length=FEATURES, max_length=FEATURES)
]


class RoleLoudness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One role over the songs it was measured on.

    Attributes:
        relative_lu: how much louder than the whole mix it is, in LU, the median: below 0.
        within_3_lu: the share of songs in which it lies within 3 LU of that.
        songs: how many there were.
        sound_mean, sound_deviation: what it sounds like, see `sounds`.
        stands_for: roles of which there were no recordings, and which take its loudness.
    """

    relative_lu: float
    within_3_lu: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    songs: int
    sound_mean: Features
    sound_deviation: Deviations
    stands_for: tuple[Role, ...] = ()


class MixBalanceTargets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `levels.json` holds. `source` says of which recordings."""

    schema: int
    source: str
    roles: dict[Role, RoleLoudness]

    def of(self, role: Role) -> RoleLoudness | None:
        """Return the loudness of a role, or of the one that stands for it; None where nothing is known."""
        if role in self.roles:
            return self.roles[role]
        return next((target for target in self.roles.values() if role in target.stands_for), None)

    @property
    def sounds(self) -> dict[str, RoleFeatures]:
        return {role: RoleFeatures(one.sound_mean, one.sound_deviation) for role, one in self.roles.items()}


def load_targets(home: Path) -> MixBalanceTargets:
    """Read the user's targets, else the shipped ones. ModelError for a file that holds none."""
    own = home / FILE
    return read_targets(own if own.is_file() else SHIPPED)


def read_targets(file: Path) -> MixBalanceTargets:
    """Read a file of targets. ModelError for one that holds none."""
    try:
        data = file.read_bytes()[: MAX_BYTES + 1]
        targets = msgspec.json.decode(data, type=MixBalanceTargets)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(
            f"{file} holds no levels of roles ({error}). Measure them again: reaper-bridge levels measure DIR -o {file}"
        ) from error
    if targets.schema != SCHEMA or len(data) > MAX_BYTES or not targets.roles:
        raise ModelError(
            f"{file} has schema {targets.schema} and {len(targets.roles)} roles; this Bridge reads schema {SCHEMA} "
            f"with one role or more. Measure it again: reaper-bridge levels measure DIR -o {file}"
        )
    return targets


def write_targets(file: Path, targets: MixBalanceTargets) -> None:
    """Write so that a reader sees the old file or the new one. OSError where the folder refuses."""
    write_file(file, msgspec.json.format(msgspec.json.encode(targets), indent=2) + b"\n")
