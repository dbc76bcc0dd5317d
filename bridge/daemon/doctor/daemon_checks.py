"""This installation of Bridge: its version and command, its folder, the daemon and the ports it answers on."""

from __future__ import annotations

import platform
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from bridge import __version__
from bridge.daemon.doctor.findings import Finding, fault, ok
from bridge.errors import LinkError, SettingsError
from bridge.reaper.protocol.messages import SCHEMA, Heartbeat, decode
from bridge.reaper.protocol.spool import HEARTBEAT_FILE, MIB
from bridge.settings import Settings
from bridge.surfaces.udp_ports import find_free, is_free, owner_of

STALE_S = 5.0
PING_LIMIT_S = 1.0
_PING = b"/bridge/ping\0\0\0\0,\0\0\0"


def check_version(_settings: Settings) -> Iterator[Finding]:
    yield ok("version", f"Bridge {__version__}, Python {platform.python_version()}, {platform.platform()}")


def check_command(_settings: Settings) -> Iterator[Finding]:
    """Linux has a `bridge` of its own, from iproute2. None of it is a fault: who reads this has found the command."""
    ours, other = shutil.which("reaper-bridge"), shutil.which("bridge")
    found = ok("command", ours or "")
    if other is not None and not _is_python_script(Path(other)):
        found = fault("command taken", path=other)
    elif ours is None:
        found = fault("command not found")
    yield ok("command", found.finding, found.remedy)


def check_home(settings: Settings) -> Iterator[Finding]:
    folder = settings.home
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        free_mib = shutil.disk_usage(folder).free // MIB
    except OSError as error:
        yield fault("home", folder=folder, reason=error.strerror)
        return
    yield ok("home", str(folder))
    if free_mib < settings.spool_free_mib:
        yield fault("disk", free=free_mib, folder=folder, needed=settings.spool_free_mib)
    else:
        yield ok("disk", f"{free_mib:,} MiB free")


def read_heartbeat(settings: Settings) -> Heartbeat | None:
    """The daemon's last sign of life, however old, and of whatever release."""
    file = settings.spool / HEARTBEAT_FILE
    return decode(file.read_bytes(), Heartbeat, source=str(file), oldest=1) if file.is_file() else None


def is_alive(sign: Heartbeat | None) -> bool:
    return sign is not None and abs(time.time() - sign.time_s) <= STALE_S


def check_daemon(settings: Settings) -> Iterator[Finding]:
    sign = read_heartbeat(settings)
    if sign is None:
        yield fault("daemon off")
    elif not is_alive(sign):
        yield fault("daemon silent", pid=sign.pid, age=round(time.time() - sign.time_s))
    elif (sign.version, sign.schema) != (__version__, SCHEMA):
        running, this = f"{sign.version} (schema {sign.schema})", f"{__version__} (schema {SCHEMA})"
        yield fault("daemon old", running=running, this=this)
    else:
        yield ok("daemon", f"process {sign.pid}, {f'OSC port {sign.osc_port}' if sign.osc_port else 'without OSC'}")


def check_osc(settings: Settings) -> Iterator[Finding]:
    """Whoever listens on the OSC port must answer a ping as the daemon does."""
    host, port = settings.osc_host, settings.osc_port
    if host == "0.0.0.0":
        host = "127.0.0.1"  # all addresses of this machine: no other system takes that for one to send to
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PING_LIMIT_S)
        try:
            client.connect((host, port))
            client.send(_PING)
            is_ours = client.recv(4096).startswith(b"/bridge/")
        except (TimeoutError, ConnectionError):
            yield _silent(settings, host, port)
            return
    sign = read_heartbeat(settings)
    if not is_ours:
        yield fault("osc foreign", port=port, owner=owner_of(port))
    elif sign is None or not is_alive(sign) or sign.osc_port != port:
        yield fault("osc elsewhere", port=port, home=settings.home)
    else:
        yield ok("OSC", f"{host}:{port} answers")


def _silent(settings: Settings, host: str, port: int) -> Finding:
    """Nobody answers: nobody is there, or a program that speaks no OSC of Bridge's, such as REAPER's own surface."""
    sign, owner = read_heartbeat(settings), owner_of(port)
    if is_free(port, host) or (sign is not None and owner.pid == sign.pid):
        return fault("osc silent", host=host, port=port)
    return fault("osc taken", port=port, owner=owner, free=find_free(port))


def check_midi(settings: Settings) -> Iterator[Finding]:
    """A MIDI surface, where one is asked for."""
    if not settings.midi_input:
        yield ok("MIDI", "no surface chosen", "midi_input in config.toml, if there should be one: docs/surfaces.md")
        return
    from bridge.surfaces.midi.bindings import load_bindings
    from bridge.surfaces.midi.ports import find_port, input_names  # mido looks for its backend

    try:
        name, controls = find_port(settings.midi_input, input_names()), load_bindings(settings.home).control
        yield ok("MIDI", f"{name} is connected, {len(controls)} controls are bound")
    except (LinkError, SettingsError) as error:
        yield fault("midi", error=error)


def _is_python_script(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(4096)
    return b"python" in head.lower() or file.with_name("reaper-bridge" + file.suffix).exists()
