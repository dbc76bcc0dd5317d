"""Puts the ReaScripts into REAPER's resource folder, and takes them out again.

Only files that Bridge itself put there are replaced or removed: a list beside them says which those are. REAPER's own
files are not touched.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec

from bridge import __version__
from bridge.errors import SettingsError
from bridge.settings import shipped_folder

FOLDER = PurePosixPath("Scripts", "Bridge")
HOME_FILE = "home.txt"
LIST_FILE = "installed.json"


class Installed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What lies in REAPER's folder: relative names and the SHA-256 of each file as it was put there."""

    version: str
    files: dict[str, str]


def find_resource_path(given: Path | None = None, *, environment: Mapping[str, str] = os.environ) -> Path:
    """REAPER's resource folder: the given one (portable installations), or the platform's.

    SettingsError where there is none, with the place in REAPER that shows it.
    """
    folder = given or _usual_path(environment)
    if not folder.is_dir():
        raise SettingsError(
            f"REAPER's resource folder is not at {folder}. In REAPER, Options > Show REAPER resource path shows it: "
            "give it with --resource-path."
        )
    return folder


def install(resource_path: Path, home: Path) -> list[Path]:
    """Copy the scripts and note where Bridge's home is. Returns the files written. Running it again renews them.

    SettingsError where a file stands in the way that Bridge did not put there, or where nothing can be written.
    """
    target = resource_path / FOLDER
    known = read_list(resource_path)
    contents = {file.relative_to(scripts()).as_posix(): file.read_bytes() for file in sorted(scripts().rglob("*.lua"))}
    contents[HOME_FILE] = str(home.absolute()).encode() + b"\n"
    foreign = [name for name in contents if (target / name).exists() and not _is_ours(target, name, known)]
    if foreign:
        raise SettingsError(
            f"{target / foreign[0]} is not as Bridge made it: somebody changed it, or put it there. Move it away, then "
            "install again."
        )
    uninstall(resource_path)
    try:
        for name, content in contents.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        listed = msgspec.json.format(msgspec.json.encode(Installed(version=__version__, files=digests)), indent=1)
        (target / LIST_FILE).write_bytes(listed)
    except OSError as error:
        raise SettingsError(f"Cannot write to {target}: {error.strerror}. Check the folder's permissions.") from error
    return [target / name for name in contents]


def uninstall(resource_path: Path) -> list[Path]:
    """Remove what `install` put there, unless somebody changed it since. Returns the files removed."""
    target = resource_path / FOLDER
    removed = []
    known = read_list(resource_path)
    for name in known.files:
        if _is_ours(target, name, known):
            (target / name).unlink()
            removed.append(target / name)
    (target / LIST_FILE).unlink(missing_ok=True)
    for folder in sorted((f for f in target.rglob("*") if f.is_dir()), reverse=True):
        _remove_if_empty(folder)
    _remove_if_empty(target)
    return removed


def read_list(resource_path: Path) -> Installed:
    """What is installed there; an empty list where nothing is."""
    file = resource_path / FOLDER / LIST_FILE
    if not file.is_file():
        return Installed(version="", files={})
    try:
        installed = msgspec.json.decode(file.read_bytes(), type=Installed)
    except msgspec.DecodeError as error:
        raise SettingsError(
            f"{file} is damaged ({error}); remove the folder {file.parent}, then install again."
        ) from error
    if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts for name in installed.files):
        raise SettingsError(f"{file} names files outside of its folder; remove {file.parent}, then install again.")
    return installed


def scripts() -> Path:
    """The scripts that come with this Bridge."""
    return shipped_folder("reaper_scripts")


def _is_ours(target: Path, name: str, known: Installed) -> bool:
    """Whether the file is there just as Bridge put it there."""
    file = target / name
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == known.files.get(name)


def _usual_path(environment: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "REAPER"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "REAPER"
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "REAPER"


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
