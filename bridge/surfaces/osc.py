"""The OSC surface: a UDP server that turns packets into commands, and sends feedback to its clients.

It is bound to this machine alone, unless other addresses are allowed by name: OSC has no password.

`/bridge/ping` is replied to here, at once, whatever else runs. What a command does is the caller's: `handle` must
return quickly. Broken packets are dropped, wrong values lead to `/bridge/error`; no packet ends the server.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from bridge.errors import BridgeError, PortTaken
from bridge.surfaces.allowed_senders import AllowedSenders, Client, parse_client
from bridge.surfaces.commands import COMMANDS, Command, is_release
from bridge.surfaces.feedback import Value, feedback_message
from bridge.surfaces.osc_packets import is_valid_packet
from bridge.surfaces.udp_ports import owner_of

log = logging.getLogger(__name__)

PREFIX = "/bridge/"
SPECS = {spec.address: spec for spec in COMMANDS.values()}
MAX_DATAGRAM_BYTES = 8_192
MAX_CLIENTS = 32
CLIENT_MEMORY_S = 600.0
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024  # as much of it as the system grants: a flood is read later, not lost
LOOPBACK = "127.0.0.1"


class OscServer:
    """A UDP server for control surfaces.

    Feedback goes to the `feedback_port` of this machine, to `clients`, and to whoever has sent something in the last
    ten minutes: at the port it sent from, and at the feedback port of its address.

    Args:
        host, port: where it is bound; port 0 is any free one.
        handle: gets every command but ping.
        status: gives the text that is the reply to a ping.
        allowed: the addresses and networks beside this machine from which packets are accepted.
        clients: "address:port" of those who always get feedback.

    Raises:
        LinkError: an address that makes no sense.
    """

    def __init__(
        self,
        host: str,
        port: int,
        feedback_port: int,
        *,
        handle: Callable[[Command], None],
        status: Callable[[], str],
        allowed: Sequence[str] = (),
        clients: Sequence[str] = (),
    ) -> None:
        self._host, self._wanted_port, self._feedback_port = host, port, feedback_port
        self._senders = AllowedSenders(allowed)
        self._lasting = [(LOOPBACK, feedback_port), *(parse_client(client) for client in clients)]
        self._handle, self._status = handle, status
        self._clients: dict[Client, float] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._out: socket.socket | None = None  # what feedback goes out by

    @property
    def is_open(self) -> bool:
        """Whether commands can come in."""
        return self._server is not None

    @property
    def port(self) -> int:
        """The port in use, once open."""
        return int(self._server.server_address[1]) if self._server else self._wanted_port

    def open(self) -> None:
        """Bind the socket and start the thread. Where the port is taken, feedback goes out all the same.

        Raises:
            PortTaken: another program has the port.
            LinkError: an address that others reach while nobody is allowed.
        """
        self._senders.check_host(self._host)
        dispatcher = Dispatcher(strict_timing=False)
        for path in SPECS:
            dispatcher.map(path, self._on_message, needs_reply_address=True)
        dispatcher.set_default_handler(self._on_unknown, needs_reply_address=True)
        try:
            self._server = _Server((self._host, self._wanted_port), dispatcher, self._senders)
        except OSError as error:
            self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            port, owner = self._wanted_port, owner_of(self._wanted_port)
            raise PortTaken(
                f"UDP port {port} on {self._host} cannot be opened: {error.strerror}. It is taken by {owner}. "
                "Close that, or choose another port: --osc-port, or osc_port in config.toml."
            ) from error
        self._out = self._server.socket
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="osc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None
        if (out := self._out) is not None:
            self._out = None
            out.close()

    def send(self, path: str, *values: Value) -> None:
        """Send a message of `FEEDBACK` to all clients. Never raises for one that is gone."""
        packet = feedback_message(path, *values)
        now = time.monotonic()
        with self._lock:
            self._clients = {c: at for c, at in self._clients.items() if now - at < CLIENT_MEMORY_S}
            recent = [*self._clients, *((address, self._feedback_port) for address, _ in self._clients)]
        for target in dict.fromkeys((*self._lasting, *recent)):
            self._send_to(target, packet)

    # ------------------------------------------------------------ handlers, on the server's thread

    def _on_message(self, client: Client, path: str, *arguments: Any) -> None:
        self._remember(client)
        spec = SPECS[path]
        try:
            if spec.name == "ping":
                self.send("/bridge/status", self._status())
            elif not (spec.is_trigger and is_release(arguments)):
                self._handle(Command(spec.name, spec.parse(arguments)))
        except BridgeError as error:
            self.send("/bridge/error", str(error))

    def _on_unknown(self, client: Client, path: str, *_: Any) -> None:
        if path.startswith(PREFIX):
            self._remember(client)
            self.send("/bridge/error", f"{path[:64]} is unknown. Bridge knows {', '.join(SPECS)}.")

    def _remember(self, client: Client) -> None:
        with self._lock:
            self._clients[client] = time.monotonic()
            while len(self._clients) > MAX_CLIENTS:
                self._clients.pop(min(self._clients, key=lambda known: self._clients[known]))

    def _send_to(self, target: Client, packet: bytes) -> None:
        if (out := self._out) is None:
            return
        try:
            out.sendto(packet, target)
        except OSError as error:
            log.debug("no OSC feedback to %s: %s", target, error)


class _Server(BlockingOSCUDPServer):
    """python-osc's server, for allowed senders and sound packets only; what goes wrong is logged."""

    max_packet_size = MAX_DATAGRAM_BYTES

    def __init__(self, address: Client, dispatcher: Dispatcher, senders: AllowedSenders) -> None:
        super().__init__(address, dispatcher)
        self._senders = senders
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)

    def end(self) -> None:
        """Shut down without waiting for the poll: an empty datagram, which means nothing, wakes the loop."""
        ending = threading.Thread(target=self.shutdown, name="osc end")
        ending.start()
        host, port = self.server_address[:2]
        while ending.is_alive():
            with suppress(OSError):
                self.socket.sendto(b"", (LOOPBACK if host == "0.0.0.0" else host, port))
            ending.join(0.01)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        data: bytes = request[0]
        return (
            self._senders.is_allowed(client_address[0])
            and is_valid_packet(data)
            and super().verify_request(request, client_address)
        )

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (socketserver's signature)
        log.exception("an OSC packet from %s could not be handled", client_address)
