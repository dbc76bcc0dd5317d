"""Which UDP ports are free, and who has one that is not, as far as the system tells."""

from __future__ import annotations

import socket
from collections.abc import Container, Iterator
from typing import NamedTuple

import psutil

MAX_TRIED = 100  # ports above the wanted one


class PortOwner(NamedTuple):
    """A program that has a port. No name, no id: the system does not tell them."""

    name: str = ""
    pid: int | None = None

    def __str__(self) -> str:
        if self.pid is None:
            return "a program that the system does not name (as administrator it may)"
        return f"{self.name or 'a program'} (process {self.pid})"


def is_free(port: int, host: str = "0.0.0.0") -> bool:
    """Whether a UDP port can be bound. On all addresses: a program that has it on one of them counts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def find_free(wanted: int, taken: Container[int] = ()) -> int | None:
    """The next free UDP port above `wanted` that is not in `taken`; None where there is none near."""
    above = range(wanted + 1, min(wanted + MAX_TRIED, 65_535) + 1)
    return next((port for port in above if port not in taken and is_free(port)), None)


def owner_of(port: int) -> PortOwner:
    """The program that has a UDP port; one without a name where the system does not tell."""
    pids = {pid for local_port, pid in _udp_sockets() if local_port == port and pid is not None}
    for pid in sorted(pids):
        try:
            return PortOwner(psutil.Process(pid).name(), pid)
        except psutil.AccessDenied:
            return PortOwner("", pid)
        except psutil.Error:
            continue  # it has ended meanwhile
    return PortOwner()


def _udp_sockets() -> Iterator[tuple[int, int | None]]:
    """Local port and process of every UDP socket that the system shows; macOS shows only one's own processes'."""
    try:
        for found in psutil.net_connections(kind="udp"):
            if found.laddr:
                yield found.laddr.port, found.pid
    except (psutil.Error, OSError):
        for process in psutil.process_iter():
            try:
                for found in process.net_connections(kind="udp"):
                    if found.laddr:
                        yield found.laddr.port, process.pid
            except (psutil.Error, OSError):
                continue  # somebody else's process, or one that has ended
