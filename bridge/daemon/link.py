"""REAPER's OSC surface as the daemon sends to it: actions by name, and bundles of values. REAPER sends no answer."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from bridge.errors import LinkError
from bridge.reaper.actions import action_id
from bridge.reaper.osc import action
from bridge.settings import Settings

LOOPBACK = "127.0.0.1"


class ReaperLink:
    """Sends to REAPER's port on this machine. LinkError where no port is set, or it cannot be sent to."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def is_set(self) -> bool:
        return bool(self._settings.reaper_osc_port)

    def check(self) -> None:
        if not self.is_set:
            raise LinkError(
                "Bridge cannot reach REAPER's OSC surface: run `reaper-bridge install` while REAPER is closed, or set "
                f"reaper_osc_port in {self._settings.home / 'config.toml'} to the port of a surface in REAPER."
            )

    def run(self, script: str) -> None:
        """Start one of Bridge's scripts."""
        self.run_action(action_id(script))

    def run_action(self, command_id: str) -> None:
        """Start any action by its named id."""
        self.send([action(command_id)])

    def send(self, packets: Iterable[bytes]) -> None:
        self.check()
        port = self._settings.reaper_osc_port
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                for packet in packets:
                    out.sendto(packet, (LOOPBACK, port))
        except OSError as error:
            raise LinkError(f"REAPER's OSC port {port} cannot be reached: {error.strerror}. Check the port.") from error
