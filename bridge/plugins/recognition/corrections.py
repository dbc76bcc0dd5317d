"""What users have said of plugins whose parameters were read wrong: kept in the home folder, by fingerprint.

A fingerprint is made of the parameters' names alone, so that a correction holds for the plugin in every project, under
whatever name it stands there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import ChainError, quoted
from bridge.plugins.recognition.reading import NONE, ROLES
from bridge.plugins.recognition.recognise import ControlReading, ParameterList, PluginReading

FOLDER = "roles"


def fingerprint(plugin: ParameterList) -> str:
    """Return what tells plugins with other parameters apart, as 32 hex digits."""
    names = "\0".join(f"{parameter.index}\1{parameter.name}" for parameter in plugin.parameters)
    return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Corrections:
    """The corrections under a home folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def add(self, plugins: Sequence[ParameterList], texts: Sequence[str]) -> None:
        """Keep corrections of the form "INDEX=ROLE" for the one plugin of a file.

        Raises:
            ChainError: There are several plugins, or a text has no such form, index or role.
        """
        if len(plugins) != 1:
            raise ChainError(f"--correct needs a file of one plugin; this one holds {len(plugins)}.")
        plugin = plugins[0]
        roles = self._roles(plugin) | dict(_parsed(text, plugin) for text in texts)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_file(self._file(plugin), msgspec.json.encode(roles))

    def apply(self, reading: PluginReading, plugin: ParameterList) -> PluginReading:
        """Return a reading with what the user has said in it, which is sure."""
        roles = self._roles(plugin)
        return msgspec.structs.replace(
            reading, parameters=tuple(_corrected(row, roles.get(row.index)) for row in reading.parameters)
        )

    def _roles(self, plugin: ParameterList) -> dict[int, str]:
        file = self._file(plugin)
        try:
            roles = msgspec.json.decode(file.read_bytes(), type=dict[int, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise ChainError(f"{file} cannot be read: {error}. Remove it, and correct the roles again.") from error
        if unknown := sorted(set(roles.values()) - set(ROLES)):
            raise ChainError(
                f"{file} holds {quoted(unknown[0])}, which is no role. Remove it, and correct the roles again."
            )
        return roles

    def _file(self, plugin: ParameterList) -> Path:
        return self.folder / f"{fingerprint(plugin)}.json"


def _parsed(text: str, plugin: ParameterList) -> tuple[int, str]:
    index, _, role = text.partition("=")
    known = {str(parameter.index): parameter.index for parameter in plugin.parameters}
    if index.strip() not in known:
        raise ChainError(
            f"{quoted(text)} names no parameter of {quoted(plugin.fx_name)}. Write INDEX=ROLE, as in 4=threshold."
        )
    if role.strip() not in ROLES:
        raise ChainError(f"{quoted(role)} is no role. Roles: {', '.join(sorted(ROLES))}.")
    return known[index.strip()], role.strip()


def _corrected(row: ControlReading, role: str | None) -> ControlReading:
    if role is None:
        return row
    band = None if role == NONE else row.band
    return msgspec.structs.replace(row, role=role, band=band, confidence=1.0)
