"""Puts Bridge into REAPER's resource folder, and takes it out again without a trace.

Scripts, layouts and the OSC pattern file are copied; actions, the control surface and (if asked for) the start of the
daemon are lines in files of REAPER's. All is computed first and written together. A file of ours that somebody changed
is neither replaced nor removed; lines of others stay, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bridge import __version__
from bridge.errors import SettingsError
from bridge.reaper.install import key_map, startup, surface_entry
from bridge.reaper.install.actions import FOLDER, actions
from bridge.reaper.install.file_changes import back_up, remove_empty_folders, write_all
from bridge.reaper.install.record import FILE, InstallRecord, encode_record, read_record
from bridge.reaper.install.resource_path import INI, KEY_MAP, PATTERNS, STARTUP, find_file, find_resource_path
from bridge.reaper.install.surface_entry import SurfaceEntry, SurfaceRecord
from bridge.reaper.install.text_file import TextFile, parse, serialise
from bridge.settings import Settings, shipped_folder

__all__ = [
    "FOLDER",
    "HOME_FILE",
    "InstallChanges",
    "find_resource_path",
    "install",
    "own_files",
    "read_text",
    "surface_of",
    "uninstall",
]

HOME_FILE = "home.txt"
BACKUPS = "backups"
OWN_KINDS = (".lua", ".tosc", ".json")


class InstallChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `kept`: files of ours that stay because somebody changed them; `backup`: its folder, if any."""

    written: list[Path] = []
    removed: list[Path] = []
    kept: list[Path] = []
    backup: Path | None = None


def surface_of(settings: Settings) -> SurfaceEntry | None:
    """The control surface through which REAPER hears this daemon; none where the settings name no port for it."""
    if not settings.reaper_osc_port:
        return None
    return SurfaceEntry(settings.reaper_osc_port, settings.reaper_feedback_port)


def install(
    resource_path: Path, home: Path, *, surface: SurfaceEntry | None = None, start_command: Sequence[str] | None = None
) -> InstallChanges:
    """Bring REAPER's folder into the state asked for; running it again changes nothing.

    `surface`: Bridge's entry among REAPER's control surfaces; None: no entry. `start_command`: the command that REAPER
    runs at its start; None: none. SettingsError where a file stands in the way that Bridge did not put there, or where
    nothing can be written; then all is as it was.
    """
    before = read_record(resource_path)
    own = own_files(home)
    _refuse_foreign(resource_path, own, before)
    texts = {name: read_text(resource_path, name) for name in (INI, KEY_MAP, STARTUP)}
    edited, surface_record = dict(texts), None
    if surface is not None:
        edited[INI], surface_record = surface_entry.add(texts[INI], surface, before.surface)
    else:
        edited[INI] = surface_entry.take_out(texts[INI], before.surface or SurfaceRecord())
    edited[KEY_MAP], ids = key_map.add(texts[KEY_MAP], list(actions()), before.actions)
    edited[STARTUP] = startup.take_out(texts[STARTUP], source=str(resource_path / STARTUP))
    if start_command is not None:
        edited[STARTUP] = startup.add(edited[STARTUP], start_command)
    contents, created = _contents(resource_path, edited, before.created)
    after = InstallRecord(
        version=__version__,
        files={name: hashlib.sha256(content).hexdigest() for name, content in own.items()},
        created=(*created, *_new_folders(resource_path, before.created)),
        surface=surface_record,
        actions=tuple(ids),
    )
    contents |= {resource_path / name: None for name in before.files if _is_ours(resource_path, name, before)}
    contents |= {resource_path / name: content for name, content in own.items()}
    contents[resource_path / FILE] = encode_record(after)
    return _carry_out(resource_path, home, contents)


def uninstall(resource_path: Path, home: Path) -> InstallChanges:
    """Remove what `install` put there, unless somebody changed it since; what was there before is as it was."""
    record = read_record(resource_path)
    ini, key_lines, start = (read_text(resource_path, name) for name in (INI, KEY_MAP, STARTUP))
    edited = {
        INI: surface_entry.take_out(ini, record.surface or SurfaceRecord()),
        KEY_MAP: key_map.take_out(key_lines, record.actions),
        STARTUP: startup.take_out(start, source=str(resource_path / STARTUP)),
    }
    contents, _ = _contents(resource_path, edited, record.created)
    gone = [name for name in record.files if _is_ours(resource_path, name, record)]
    contents |= {resource_path / name: None for name in (*gone, FILE)}
    changes = _carry_out(resource_path, home, contents)
    for name in record.created:
        folder = resource_path / name
        if name.endswith("/") and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    kept = [resource_path / name for name in record.files if (resource_path / name).is_file()]
    return msgspec.structs.replace(changes, kept=kept)


def read_text(resource_path: Path, name: str) -> TextFile:
    """One of REAPER's text files; empty where there is none."""
    file = find_file(resource_path, name)
    return parse(file.read_bytes(), source=str(file)) if file.is_file() else TextFile()


def scripts() -> Path:
    """The scripts that come with this Bridge."""
    return shipped_folder("reaper_scripts")


def own_files(home: Path) -> dict[str, bytes]:
    """All files that are Bridge's alone, by their names in the resource folder."""
    source = scripts()
    shipped = (file for file in sorted(source.rglob("*")) if file.suffix in OWN_KINDS)
    contents = {(FOLDER / file.relative_to(source).as_posix()).as_posix(): file.read_bytes() for file in shipped}
    contents[(FOLDER / HOME_FILE).as_posix()] = os.fsencode(home.absolute()) + b"\n"
    contents[PATTERNS] = (source / Path(PATTERNS).name).read_bytes()
    return contents


def _refuse_foreign(resource_path: Path, own: Mapping[str, bytes], record: InstallRecord) -> None:
    for name, content in own.items():
        file = resource_path / name
        if file.exists() and not _is_ours(resource_path, name, record):
            if file.is_file() and file.read_bytes() == content:
                continue
            raise SettingsError(
                f"{file} is not as Bridge made it: somebody changed it, or put it there. Move it away, then "
                "install again."
            )


def _is_ours(resource_path: Path, name: str, record: InstallRecord) -> bool:
    """Whether the file is there just as Bridge put it there."""
    file = resource_path / name
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == record.files.get(name)


def _contents(
    resource_path: Path, edited: Mapping[str, TextFile], created: Sequence[str]
) -> tuple[dict[Path, bytes | None], list[str]]:
    """What to write into REAPER's own files (None: remove), and the names of those that Bridge has brought about."""
    contents: dict[Path, bytes | None] = {}
    ours: list[str] = []
    for name, text in edited.items():
        file = find_file(resource_path, name)
        if not file.is_file():
            if text.is_empty:
                continue
            ours.append(name)
        elif name in created:
            if text.is_empty:
                contents[file] = None
                continue
            ours.append(name)
        contents[file] = serialise(text)
    return contents, ours


def _new_folders(resource_path: Path, created: Sequence[str]) -> list[str]:
    """Folders that Bridge brings about outside of its own, with a slash at the end."""
    names = ("Scripts/", "OSC/")
    return [name for name in names if name in created or not (resource_path / name).is_dir()]


def _carry_out(resource_path: Path, home: Path, contents: Mapping[Path, bytes | None]) -> InstallChanges:
    """Write what differs, after a backup of the files of REAPER's among it."""
    now = {path: path.read_bytes() if path.is_file() else None for path in contents}
    differing = {path: content for path, content in contents.items() if content != now[path]}
    foreign = {find_file(resource_path, name) for name in (INI, KEY_MAP, STARTUP)}
    at_risk = {str(p.relative_to(resource_path)): p for p in differing if p in foreign and now[p] is not None}
    backup = back_up(at_risk, home / BACKUPS)
    write_all(differing)
    remove_empty_folders(resource_path / FOLDER)
    return InstallChanges(
        written=[path for path, content in differing.items() if content is not None],
        removed=[path for path, content in differing.items() if content is None],
        backup=backup,
    )
