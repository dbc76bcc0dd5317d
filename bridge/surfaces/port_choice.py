"""Whether the UDP ports of the settings can be had, by the sockets of this machine and by REAPER's own surfaces."""

from __future__ import annotations

from typing import NamedTuple

from bridge.reaper.install.surface_entry import NAME, ReceivingSurface, receiving_surfaces
from bridge.reaper.install.text_file import TextFile
from bridge.settings import Settings
from bridge.surfaces.udp_ports import find_free, is_free, owner_of

PORTS = {"osc_port": "the daemon listens for OSC", "reaper_osc_port": "REAPER listens for Bridge"}


class PortConflict(NamedTuple):
    """A port that somebody else has. `setting` is its name in config.toml; `free`: one that could take its place."""

    setting: str
    port: int
    holder: str
    free: int | None

    def __str__(self) -> str:
        return f"UDP port {self.port}, on which {PORTS[self.setting]}, is taken by {self.holder}."


def find_port_conflicts(settings: Settings, ini: TextFile, *, daemon_pid: int | None = None) -> list[PortConflict]:
    """Look whether the ports are taken. REAPER's surfaces count by what `reaper.ini` says of them, whether REAPER runs
    or not; the daemon of this home, whose process is `daemon_pid`, may have its port."""
    others = [listener for listener in receiving_surfaces(ini) if listener.name != NAME]
    taken = {listener.port for listener in others} | {getattr(settings, name) for name in PORTS}
    conflicts = []
    for name in PORTS:
        port = getattr(settings, name)
        holder = _holder(port, others, daemon_pid) if port else ""
        if holder:
            free = find_free(port, taken)
            taken |= {free} if free is not None else set()
            conflicts.append(PortConflict(name, port, holder, free))
    return conflicts


def _holder(port: int, others: list[ReceivingSurface], daemon_pid: int | None) -> str:
    """Who else has a port, in words; '' for nobody."""
    surface = next((listener for listener in others if listener.port == port), None)
    if surface is not None:
        return f"REAPER's own control surface {surface.name!r}"
    if is_free(port):
        return ""
    owner = owner_of(port)
    return "" if daemon_pid is not None and owner.pid == daemon_pid else str(owner)
