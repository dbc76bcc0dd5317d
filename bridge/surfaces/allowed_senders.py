"""Who may send commands: this machine, and the addresses and networks that the user has named.

UDP's sender can be forged by whoever is in the same network; an allow-list keeps strangers and accidents out, and
nothing that a command does reaches beyond Bridge's own actions.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from bridge.errors import LinkError, quoted

log = logging.getLogger(__name__)

Client = tuple[str, int]
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_NAMED = 32  # refused senders that are named in the log, each once


class AllowedSenders:
    """The addresses from which packets are accepted. LinkError for an entry of the allow-list that is no address."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._networks = [_network(entry) for entry in allowed]
        self._refused: set[str] = set()

    def check_host(self, host: str) -> None:
        """LinkError where the daemon would listen beyond this machine and nobody is named who may send."""
        address = _address(host)
        if host == "localhost" or (address is not None and (address.is_loopback or self._networks)):
            return
        raise LinkError(
            f"The OSC address {quoted(host)} is not this machine's own, and OSC has no password. Set osc_host to "
            '127.0.0.1, or to 0.0.0.0 and name those who may send in osc_allow, as in ["192.168.1.20"].'
        )

    def is_allowed(self, address: str) -> bool:
        """Return whether a sender is accepted. Those that are not are logged once."""
        sender = _address(address)
        if sender is None:
            return False
        if sender.is_loopback or any(sender in network for network in self._networks):
            return True
        if address not in self._refused and len(self._refused) < MAX_NAMED:
            self._refused.add(address)
            log.warning(
                'OSC from %s was refused. To accept it, add "%s" to osc_allow in config.toml.', address, address
            )
        return False


def parse_client(text: str) -> Client:
    """'192.168.1.20:9001' -> its address and port. LinkError for anything else."""
    address, _, port = text.rpartition(":")
    if _address(address) and port.isdecimal() and 0 < int(port) < 65536:
        return address, int(port)
    raise LinkError(f"osc_clients holds {quoted(text)}, which is no address and port. Write it as 192.168.1.20:9001.")


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise LinkError(
            f"osc_allow holds {quoted(text)}, which is no address. Write 192.168.1.20, or 192.168.1.0/24 for a network."
        ) from error


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
