"""The actions of REAPER that Bridge registers, and their named ids, which are known before REAPER has ever started.

REAPER numbers actions anew in each installation, but a script's named id is a hash of its path as `reaper-kb.ini`
writes it: "RS" and the SHA-1 of the path in capitals. This module only knows names; `installing.key_map` edits the
file. Scripts that lie elsewhere say by themselves how REAPER calls them: `reaper_scripts/lib/exchange/command_ids.lua`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bridge.settings import shipped_folder

FOLDER = PurePosixPath("Scripts", "Bridge")
"""Where Bridge's scripts lie in REAPER's resource folder."""

REAPACK_FOLDER = FOLDER / "Tracks"
"""Where ReaPack puts them: in folders called like its index and the category there."""

_DESCRIPTION = re.compile(r"^\s*--\s*@description\s+(.+?)\s*$", re.MULTILINE)


class ReaperAction(NamedTuple):
    """One script that REAPER lists as an action: its file name and its title in the action list."""

    script: str
    title: str

    @property
    def id(self) -> str:
        return action_id(self.script)

    @property
    def path(self) -> str:
        return script_path(self.script)


def action_id(script: str) -> str:
    """The named command id of one of Bridge's scripts as installed, with the underscore that messages want.

    >>> action_id("bridge_automix.lua")
    '_RS2256b907f3d59884c4690540d49fd5fc28ca6bce'
    """
    return "_" + path_id(script_path(script))


def known_ids(script: str) -> tuple[str, ...]:
    """The named command ids that one of Bridge's scripts may have, wherever it came from."""
    return tuple("_" + path_id(script_path(script, folder)) for folder in (FOLDER, REAPACK_FOLDER))


def path_id(path: str) -> str:
    """The id that REAPER gives to a script at `path`, which is as `reaper-kb.ini` writes it: without the underscore."""
    return "RS" + hashlib.sha1(path.upper().encode(), usedforsecurity=False).hexdigest()


def script_path(script: str, folder: PurePosixPath = FOLDER) -> str:
    """A script's path as `reaper-kb.ini` writes it: relative to the folder Scripts, with forward slashes."""
    return (folder.relative_to("Scripts") / script).as_posix()


def actions(folder: Path | None = None) -> Iterator[ReaperAction]:
    """The actions among the scripts that come with Bridge (or lie in `folder`): those with a ReaPack description."""
    for file in sorted((folder or shipped_folder("reaper_scripts")).glob("*.lua")):
        if found := _DESCRIPTION.search(file.read_text("utf-8")):
            yield ReaperAction(file.name, found[1])
