"""What lies in REAPER's folder: scripts, actions, control surface, start of the daemon; and whether REAPER listens."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge import __version__
from bridge.daemon.doctor.findings import Finding, fault, ok
from bridge.errors import SettingsError
from bridge.reaper.install import key_map, startup, surface_entry
from bridge.reaper.install.actions import FOLDER, REAPACK_FOLDER, actions, known_ids
from bridge.reaper.install.install import HOME_FILE, find_resource_path, own_files, read_text
from bridge.reaper.install.known_resource_path import known_resource_path
from bridge.reaper.install.reapack import PACKAGE, read_header
from bridge.reaper.install.record import InstallRecord, read_record
from bridge.reaper.install.resource_path import INI, KEY_MAP, PATTERNS, STARTUP, is_running
from bridge.settings import Settings
from bridge.surfaces.udp_ports import is_free, owner_of

_HOME_NAME = (FOLDER / HOME_FILE).as_posix()


def check_reaper(settings: Settings, resource_path: Path | None) -> Iterator[Finding]:
    """Every check of REAPER's side; where its folder is not found, only that."""
    try:
        folder = find_resource_path(resource_path or known_resource_path(settings.home))
    except SettingsError as error:
        yield fault("reaper", error=error)
        return
    yield ok("REAPER", f"{folder}, {'running' if is_running() else 'not running'}")
    record = read_record(folder)
    yield _scripts(settings, folder, record)
    yield _actions(folder)
    if settings.reaper_osc_port:
        yield _surface(settings, folder, record)
        yield _port(settings)
    yield from _startup(folder)


def _scripts(settings: Settings, folder: Path, record: InstallRecord) -> Finding:
    if not record.version:
        return _packaged(folder)
    if record.version != __version__:
        return fault("scripts old", installed=record.version, this=__version__)
    if _digests(own_files(settings.home)) != {name: d for name, d in record.files.items() if name != _HOME_NAME}:
        return fault("scripts other")  # of another state of the same version
    home = Path(os.fsdecode((folder / FOLDER / HOME_FILE).read_bytes()).strip())
    if home != settings.home.absolute():
        return fault("scripts home", theirs=home, ours=settings.home.absolute())
    for name, digest in record.files.items():
        file = folder / name
        if name != PATTERNS and (not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest):
            return fault("scripts changed", file=file)
    return ok("scripts", f"{folder / FOLDER}, version {record.version}")


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file that is the same in all installations, by its name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != _HOME_NAME}


def _packaged(folder: Path) -> Finding:
    """Scripts that ReaPack has brought; a fault where it has not either."""
    script = folder / REAPACK_FOLDER / PACKAGE
    if not script.is_file():
        return fault("scripts missing", folder=folder / FOLDER)
    version = read_header(script)[0].get("version", "unknown")
    if version != __version__:
        return fault("package old", installed=version, this=__version__)
    return ok("scripts", f"{script.parent}, version {version}, by ReaPack")


def _actions(folder: Path) -> Finding:
    known = key_map.registered(read_text(folder, KEY_MAP))
    wanted = {action.id for action in actions()}
    packaged = {known_ids(action.script)[1] for action in actions()}
    if packaged <= known:
        return ok("actions", f"{len(packaged)} in REAPER's list, by ReaPack")
    if missing := wanted - known:
        return fault("actions", count=len(missing), all=len(wanted))
    return ok("actions", f"{len(wanted)} in REAPER's list")


def _surface(settings: Settings, folder: Path, record: InstallRecord) -> Finding:
    text = read_text(folder, INI)
    surface = surface_entry.find(text)
    if surface is None:
        return fault("surface missing")
    if surface.receive_port != settings.reaper_osc_port:
        return fault("surface ports", theirs=surface.receive_port, ours=settings.reaper_osc_port)
    receiving_surfaces = surface_entry.receiving_surfaces(text)
    if [listener.port for listener in receiving_surfaces].count(surface.receive_port) > 1:
        return fault("surface shared", port=surface.receive_port)
    if other := next((listener for listener in receiving_surfaces if listener.port == settings.osc_port), None):
        return fault("surface on osc port", surface=other.name, port=settings.osc_port)
    if surface.flags != surface_entry.RECEIVES:
        return fault("surface sends")
    patterns = folder / PATTERNS
    is_there = patterns.is_file()
    if not is_there or hashlib.sha256(patterns.read_bytes()).hexdigest() != record.files.get(PATTERNS):
        return fault("patterns", file=patterns)
    return ok("surface", f"REAPER listens on port {surface.receive_port}, which is open to your network: see the docs")


def _port(settings: Settings) -> Finding:
    port = settings.reaper_osc_port
    if is_running():
        is_closed = is_free(port)
        return (
            fault("port closed", port=port) if is_closed else ok("REAPER's port", f"REAPER runs, port {port} is in use")
        )
    if not is_free(port):
        return fault("port taken", port=port, owner=owner_of(port))
    return ok("REAPER's port", f"REAPER is closed, port {port} is free")


def _startup(folder: Path) -> Iterator[Finding]:
    command = startup.command_in(read_text(folder, STARTUP))
    if command is None:
        yield ok("startup", "REAPER does not start the daemon", "reaper-bridge install --start-daemon, if it should")
        return
    found = re.match(r'"([^"]+)"|(\S+)', command)
    program = Path((found[1] or found[2]) if found else "")
    yield ok("startup", "REAPER starts the daemon") if program.is_file() else fault("startup", program=program)
