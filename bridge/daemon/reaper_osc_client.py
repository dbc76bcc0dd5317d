"""REAPER's OSC surface as the daemon sends to it: actions by name, and bundles of values. REAPER sends no answer."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable

from bridge.errors import LinkError
from bridge.reaper.install.actions import known_ids
from bridge.reaper.protocol.osc import action, actions
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


class ReaperOscClient:
    """Sends to REAPER's port on this machine. LinkError where no port is set, or it cannot be sent to."""

    def __init__(self, settings: Settings, spool: Spool) -> None:
        self._settings, self._spool = settings, spool
        self._fault = ""

    @property
    def is_configured(self) -> bool:
        return bool(self._settings.reaper_osc_port)

    def check(self) -> None:
        if not self.is_configured:
            raise LinkError(
                "Bridge cannot reach REAPER's OSC surface: run `reaper-bridge install` while REAPER is closed, or set "
                f"reaper_osc_port in {self._settings.home / 'config.toml'} to the port of a surface in REAPER."
            )

    def run_script(self, script: str) -> None:
        """Start one of Bridge's scripts, under all the names that it may have. Where two copies of it are installed,
        both start: one takes what is asked, the other finds nothing and ends."""
        noted = self._noted_ids().get(script)
        self.send(actions(dict.fromkeys([*([noted] if noted else []), *known_ids(script)])))

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

    def _noted_ids(self) -> dict[str, str]:
        """The ids that the scripts have noted, by file name. A note that cannot be read is logged once."""
        try:
            noted, fault = self._spool.read_commands(), ""
        except LinkError as error:
            noted, fault = {}, str(error)
        if fault and fault != self._fault:
            log.warning("%s", fault)
        self._fault = fault
        return noted
