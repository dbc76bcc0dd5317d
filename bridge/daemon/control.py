"""What the surfaces' commands do: defaults for the next job, and REAPER's own actions over its OSC surface.

Whatever a command cannot do it says, as `/bridge/error`: nothing here pretends.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, replace

from bridge.daemon.signs import Feedback
from bridge.errors import LinkError
from bridge.reaper.osc import action
from bridge.settings import Settings
from bridge.surfaces.commands import Command

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Defaults:
    """What surfaces chose for coming jobs; a request that says something else has its way."""

    amount_percent: float = 100.0
    style: str | None = None


class Control:
    """Carries out commands, on the thread of the surface that sent them. Every method returns at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._defaults = Defaults()

    @property
    def defaults(self) -> Defaults:
        with self._lock:
            return self._defaults

    def handle(self, command: Command, feedback: Feedback) -> None:
        """Do what the command asks and acknowledge it; LinkError where it cannot be done."""
        match command.name:
            case "automix":
                self._run_action(command)
                feedback("/bridge/status", "asked REAPER to run the action")
            case "amount":
                percent = 100.0 * float(command.value or 0.0)
                with self._lock:
                    self._defaults = replace(self._defaults, amount_percent=percent)
                feedback("/bridge/status", f"amount {percent:.0f} % for the next auto-mix")
            case "style":
                with self._lock:
                    self._defaults = replace(self._defaults, style=str(command.value or "") or None)
                chosen = f"style {command.value!r}" if command.value else "no style"
                feedback("/bridge/status", f"{chosen} for the next auto-mix")
            case "compare" | "undo":
                raise LinkError(f"{command.name} is done in REAPER: one auto-mix is one step of its undo history.")
            case "ping":
                feedback("/bridge/status", "ready")

    def _run_action(self, command: Command) -> None:
        """Ask REAPER to run the action on the selected track. REAPER sends no answer: the request will show."""
        if command.value is not None:
            raise LinkError(f"The action sets the selected track: select track {command.value} and send no number.")
        port, command_id = self._settings.reaper_osc_port, self._settings.reaper_automix_action
        if not port or not command_id:
            raise LinkError(
                "Bridge cannot reach REAPER's OSC surface: set reaper_osc_port and reaper_automix_action in "
                f"{self._settings.home / 'config.toml'}, or run the action in REAPER."
            )
        packet = action(command_id)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.sendto(packet, (LOOPBACK, port))
        except OSError as error:
            raise LinkError(f"REAPER's OSC port {port} cannot be reached: {error.strerror}. Check the port.") from error
