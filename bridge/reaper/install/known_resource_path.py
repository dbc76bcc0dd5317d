"""Which REAPER Bridge was put into last, where that is not the usual one: a note in Bridge's own folder.

With it a portable installation is named once: later installs, the doctor and `uninstall` find it by themselves.
"""

from __future__ import annotations

import os
from pathlib import Path

from bridge.atomic_files import write_file
from bridge.errors import SettingsError
from bridge.reaper.install.resource_path import usual_path

FILE = "reaper.txt"


def known_resource_path(home: Path) -> Path | None:
    """The resource folder of the last installation; None where it is the usual one. SettingsError for a note that
    cannot be read."""
    note = home / FILE
    if not os.path.lexists(note):
        return None
    path = _noted(note)
    if path is None:
        raise SettingsError(f"{note} names no folder. Remove it, and give --resource-path once.")
    return path


def remember_resource_path(resource_path: Path, home: Path) -> None:
    """Note the folder, absolute; nothing is noted of the usual one."""
    note = home / FILE
    try:
        if resource_path == usual_path().absolute():
            note.unlink(missing_ok=True)
            return
        home.mkdir(parents=True, exist_ok=True)
        write_file(note, os.fsencode(resource_path) + b"\n")
    except OSError as error:
        raise SettingsError(
            f"Bridge is installed, but {note} cannot be written: {error.strerror}. Make the folder writable, or give "
            "--resource-path each time."
        ) from error


def forget_resource_path(resource_path: Path, home: Path) -> None:
    """Take the note of this folder away, and one that names none."""
    note = home / FILE
    if os.path.lexists(note) and _noted(note) in (None, resource_path):
        note.unlink()


def _noted(note: Path) -> Path | None:
    try:
        path = Path(os.fsdecode(note.read_bytes()).strip())
    except (OSError, ValueError):  # a folder in its place; a text that is none
        return None
    return path if path.is_absolute() and "\0" not in str(path) else None
