"""What the surfaces' commands do: at once where nobody else is needed, else by `live`, which talks to REAPER.

So a style is chosen, and a command that cannot be is refused, also while something waits for REAPER.

Whatever a command cannot do is said, as `/bridge/error`: nothing here pretends.
"""

from __future__ import annotations

from bridge.daemon.amount_control import AmountControl
from bridge.daemon.heartbeat import Feedback
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.daemon.session_defaults import SessionDefaults
from bridge.surfaces.commands import Command


class CommandRouter:
    """Takes commands on the thread of the surface that sent them. Every method returns at once."""

    def __init__(self, link: ReaperOscClient, defaults: SessionDefaults, live: AmountControl) -> None:
        self._link, self._defaults, self._live = link, defaults, live

    def handle(self, command: Command, feedback: Feedback) -> None:
        """Do what the command asks, or see to it that it is done; LinkError where it cannot be."""
        match command.name:
            case "ping":
                feedback("/bridge/status", "ready")
            case "amount" if not self._link.is_configured:
                self._defaults.choose_amount(100.0 * float(command.value or 0.0))
                feedback("/bridge/status", self._defaults.amount_text)
            case "style":
                self._defaults.choose_style(str(command.value or ""))
                feedback("/bridge/status", self._defaults.style_text)
            case _:
                self._link.check()
                if command.name == "next":
                    self._defaults.check_styles()
                self._live.submit(command)
