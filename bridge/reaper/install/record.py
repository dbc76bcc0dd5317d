"""What an installation notes of itself, in REAPER's folder beside the scripts: what it put where, and what was there.

Uninstalling goes by it. A note that is gone or damaged is said; one that names files elsewhere is refused.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from bridge.errors import SettingsError
from bridge.reaper.install.actions import FOLDER
from bridge.reaper.install.resource_path import PATTERNS
from bridge.reaper.install.surface_entry import SurfaceRecord

FILE = (FOLDER / "installed.json").as_posix()


class InstallRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`files`: names in the resource folder and the SHA-256 of each as it was put there. `created`: REAPER's own files
    that did not exist before; `surface`: how `reaper.ini` was; `actions`: the ids that were added."""

    version: str = ""
    files: dict[str, str] = {}
    created: tuple[str, ...] = ()
    surface: SurfaceRecord | None = None
    actions: tuple[str, ...] = ()


def read_record(resource_path: Path) -> InstallRecord:
    """What is installed there; an empty record where nothing is. SettingsError for a damaged one."""
    file = resource_path / FILE
    if not file.is_file():
        return InstallRecord()
    try:
        installed = msgspec.json.decode(file.read_bytes(), type=InstallRecord)
    except msgspec.DecodeError as error:
        raise SettingsError(
            f"{file} is damaged ({error}); remove the folder {file.parent}, then install again."
        ) from error
    if not all(_is_a_place_of_ours(name) for name in installed.files):
        raise SettingsError(f"{file} names files outside of its folder; remove {file.parent}, then install again.")
    return installed


def encode_record(installed: InstallRecord) -> bytes:
    return msgspec.json.format(msgspec.json.encode(installed), indent=1)


def _is_a_place_of_ours(name: str) -> bool:
    path = PurePosixPath(name)
    return name == PATTERNS or (FOLDER in path.parents and ".." not in path.parts)
