"""The OSC surface: a loopback UDP server that turns messages into commands, and sends feedback to who asked.

It answers `/bridge/ping` itself, at once, whatever else runs. What a command does is the caller's: `handle` must
return quickly. Broken packets are answered with `/bridge/error` or dropped; nothing a packet holds ends the server.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from bridge.errors import BridgeError, LinkError
from bridge.reaper.osc import HEARD, Value, message
from bridge.surfaces.commands import Command, is_release, parse_command

log = logging.getLogger(__name__)

Client = tuple[str, int]

PREFIX = "/bridge/"
MAX_DATAGRAM_BYTES = 8_192
MAX_CLIENTS = 8
CLIENT_MEMORY_S = 600.0
_PLAIN_ADDRESS = re.compile(rb"/[A-Za-z0-9_./-]*")  # no wildcard: matching many of them takes forever


class OscSurface:
    """Listens on `host`:`port` (0: any free port) and sends feedback to `feedback_port` and to recent clients.

    `handle` gets every command but ping; `status` gives the line with which a ping is answered.
    """

    def __init__(
        self, host: str, port: int, feedback_port: int, *, handle: Callable[[Command], None], status: Callable[[], str]
    ) -> None:
        self._host, self._wanted_port = host, port
        self._feedback = (host, feedback_port)
        self._handle, self._status = handle, status
        self._clients: dict[Client, float] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port in use, once open."""
        return int(self._server.server_address[1]) if self._server else self._wanted_port

    def open(self) -> None:
        """Bind and start to answer. LinkError for a port that is taken or an address that is not loopback."""
        _check_loopback(self._host)
        dispatcher = Dispatcher(strict_timing=False)
        for path in HEARD:
            dispatcher.map(path, self._on_message, needs_reply_address=True)
        dispatcher.set_default_handler(self._on_unknown, needs_reply_address=True)
        try:
            self._server = _Server((self._host, self._wanted_port), dispatcher)
        except OSError as error:
            raise LinkError(
                f"UDP port {self._wanted_port} on {self._host} cannot be opened: {error.strerror}. "
                "Close the program that uses it, or choose another with --osc-port."
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="osc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def send(self, path: str, *values: Value) -> None:
        """Send feedback (an address of the table) to all who listen. Never raises for a client that is gone."""
        packet = message(path, *values)
        now = time.monotonic()
        with self._lock:
            self._clients = {c: at for c, at in self._clients.items() if now - at < CLIENT_MEMORY_S}
            targets = [*dict.fromkeys((self._feedback, *self._clients))]
        for target in targets:
            self._send_to(target, packet)

    # ------------------------------------------------------------ handlers, on the server's thread

    def _on_message(self, client: Client, path: str, *arguments: Any) -> None:
        self._remember(client)
        name = path.removeprefix(PREFIX)
        try:
            if name == "ping":
                self.send("/bridge/status", self._status())
            elif HEARD[path].types in ("", "i?") and is_release(arguments):
                return  # a button let go
            else:
                self._handle(parse_command(name, arguments))
        except BridgeError as error:
            self.send("/bridge/error", str(error))

    def _on_unknown(self, client: Client, path: str, *_: Any) -> None:
        if path.startswith(PREFIX) and path not in HEARD:
            self._remember(client)
            self.send("/bridge/error", f"{path[:64]} is unknown. Bridge hears {', '.join(HEARD)}.")

    def _remember(self, client: Client) -> None:
        with self._lock:
            self._clients[client] = time.monotonic()
            while len(self._clients) > MAX_CLIENTS:
                self._clients.pop(min(self._clients, key=lambda known: self._clients[known]))

    def _send_to(self, target: Client, packet: bytes) -> None:
        server = self._server
        if server is None:
            return
        try:
            server.socket.sendto(packet, target)
        except OSError as error:
            log.debug("no OSC feedback to %s: %s", target, error)


class _Server(BlockingOSCUDPServer):
    """python-osc's server, which refuses what python-osc would guess at, and logs what goes wrong."""

    max_packet_size = MAX_DATAGRAM_BYTES

    def verify_request(self, request: Any, client_address: Any) -> bool:
        data: bytes = request[0]
        return is_sound_packet(data) and super().verify_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (socketserver's signature)
        log.exception("an OSC packet from %s could not be handled", client_address)


def is_sound_packet(data: bytes, *, depth: int = 0) -> bool:
    """Whether a packet is complete and plain: bundles nest a little, addresses hold no wildcards, no argument of a
    known size is cut off (python-osc pads those with zeros: a cut 0.8 becomes another number)."""
    if len(data) % 4 or depth > 4:
        return False
    if not data.startswith(b"#bundle\0"):
        return _is_sound_message(data)
    at = 16
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size <= 0 or at + 4 + size > len(data) or not is_sound_packet(data[at + 4 : at + 4 + size], depth=depth + 1):
            return False
        at += 4 + size
    return at == len(data)


def _is_sound_message(data: bytes) -> bool:
    address, end = _padded_string(data, 0)
    if address is None or not _PLAIN_ADDRESS.fullmatch(address):
        return False
    if end == len(data):
        return True  # some surfaces leave out the type tags of a message without arguments
    types, at = _padded_string(data, end)
    if types is None or not types.startswith(b","):
        return False
    for kind in types[1:].decode("ascii", "replace"):
        if kind in "ifrmc":
            at += 4
        elif kind in "hdt":
            at += 8
        elif kind in "sS":
            text, at = _padded_string(data, at)
            if text is None:
                return False
        elif kind not in "TFNI":
            return False
    return at == len(data)


def _padded_string(data: bytes, start: int) -> tuple[bytes | None, int]:
    """A zero-terminated string padded to four bytes, and where the next item begins; None where it is cut off."""
    stop = data.find(b"\0", start)
    if stop < 0:
        return None, start
    return data[start:stop], (stop // 4 + 1) * 4


def _check_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise LinkError(
            f"The OSC address {host!r} is not this machine's own, and OSC has no password. Set osc_host to 127.0.0.1."
        )
