"""Writes a set of files together: each replaced in one step, all put back if one fails, REAPER's own ones backed up."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from bridge.atomic_files import replace_when_written, write_new
from bridge.errors import SettingsError

KEPT_BACKUPS = 10


def write_all(contents: Mapping[Path, bytes | None]) -> None:
    """Give each file its content (None: remove it), or leave all as they were: SettingsError."""
    before = {path: path.read_bytes() if path.is_file() else None for path in contents}
    folders = {folder for parent in {path.parent for path in contents} for folder in (parent, *parent.parents)}
    missing = [folder for folder in folders if not folder.exists()]
    done: list[Path] = []
    try:
        for path, content in contents.items():
            done.append(path)
            _write(path, content)
    except OSError as error:
        for path in done:
            _put_back(path, before[path])
        for folder in sorted(missing, reverse=True):  # the innermost first
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise SettingsError(
            f"Cannot write {error.filename}: {error.strerror}. Nothing was changed; check the folder's permissions."
        ) from error


def back_up(files: Mapping[str, Path], folder: Path) -> Path | None:
    """Copy files, by name, into a new folder in `folder`, named after the time; the oldest go when there are many."""
    if not files:
        return None
    try:
        target = _new_folder(folder)
        for name, path in files.items():
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        for old in sorted(f for f in folder.iterdir() if f.is_dir())[:-KEPT_BACKUPS]:
            shutil.rmtree(old)
    except OSError as error:
        raise SettingsError(
            f"Cannot back up REAPER's files in {folder}: {error.strerror}. Make room or make it writable, then retry."
        ) from error
    return target


def remove_empty_folders(folder: Path) -> None:
    """Remove a folder and those in it, as far as nothing lies in them."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for inner in list(folder.iterdir()):
        remove_empty_folders(inner)
    if not any(folder.iterdir()):
        folder.rmdir()


def _new_folder(folder: Path) -> Path:
    stamp = time.strftime("%Y-%m-%d %H.%M.%S")
    for number in range(1000):
        target = folder / (f"{stamp}.{number}" if number else stamp)
        try:
            target.mkdir(parents=True)
        except FileExistsError:
            continue
        return target
    raise FileExistsError(17, "too many backups of this second", str(folder))


def _write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve() if path.is_symlink() else path  # a link stays one
    with replace_when_written(target, suffix=".bridge-part") as part:
        write_new(part, content)
        if target.exists():
            shutil.copymode(target, part)


def _put_back(path: Path, content: bytes | None) -> None:
    try:
        _write(path, content)
    except OSError:
        # What could not be written now could not before either; the first error is the one to tell.
        return
