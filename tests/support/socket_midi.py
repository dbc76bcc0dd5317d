"""A mido backend for tests, over mido's own socket ports. MIDO_BACKEND=socket_midi selects it.

Each file in the folder SOCKET_MIDI_FOLDER is a port that is plugged in: its name is the port's, its text the TCP port
of the device behind it. `Device` is such a device.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import mido
from mido.sockets import PortServer, SocketPort

HOST = "127.0.0.1"
FOLDER_VARIABLE = "SOCKET_MIDI_FOLDER"


def _connect(name: str) -> SocketPort:
    return SocketPort(HOST, int((Path(os.environ[FOLDER_VARIABLE]) / name).read_text("utf-8")))


def _close(port: SocketPort) -> None:
    """Close all of a socket port: mido leaves its two files open, and with them the connection."""
    port.close()
    for file in (port._rfile, port._wfile):
        with suppress(OSError):
            file.close()


class Input:
    def __init__(self, name: str, *, callback: Callable[[mido.Message], None], **_: object) -> None:
        self._port = _connect(name)
        self._callback = callback
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        pause = threading.Event()
        while not self._is_closed and not self._port.closed:
            for message in self._port.iter_pending():
                self._callback(message)
            pause.wait(0.001)

    def close(self) -> None:
        self._is_closed = True
        self._thread.join(10)
        _close(self._port)


class Output:
    def __init__(self, name: str, **_: object) -> None:
        self._port = _connect(name)

    def send(self, message: mido.Message) -> None:
        self._port.send(message)

    def close(self) -> None:
        _close(self._port)


def get_devices(**_: object) -> list[dict[str, object]]:
    folder = Path(os.environ[FOLDER_VARIABLE])
    return [{"name": file.name, "is_input": True, "is_output": True} for file in sorted(folder.iterdir())]


class Device:
    """A control surface at the other end: plug it in, move its controls, look at its lights."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / name
        self._server: PortServer | None = None
        self._ports: list[SocketPort] = []
        self.received: list[mido.Message] = []

    def plug_in(self) -> None:
        self._server = PortServer(HOST, 0)
        self._file.write_text(str(self._server._socket.getsockname()[1]), encoding="utf-8")

    def unplug(self) -> None:
        self._file.unlink(missing_ok=True)
        for port in self._ports:
            _close(port)
        self._ports.clear()
        if self._server is not None:
            self._server.close()
            self._server = None

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = 20.0) -> None:
        """Take in what comes until `condition` holds."""
        end_s = time.monotonic() + limit_s
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < end_s, f"waited {limit_s:g} s for {what}; received {self.received}"
            self.received += self._pending()
            pause.wait(0.002)

    def connections(self, count: int) -> None:
        """Wait until Bridge has opened so many of the device's ports."""
        self.wait(lambda: len(self._ports) >= count, f"{count} connections")

    def send(self, *messages: mido.Message) -> None:
        for port in self._ports:
            for message in messages:
                port.send(message)

    def shows(self, *messages: mido.Message) -> None:
        """Wait until these messages have come, as the last ones."""
        wanted = list(messages)
        self.wait(lambda: self.received[-len(wanted) :] == wanted, f"{wanted}")

    def _pending(self) -> list[mido.Message]:
        if self._server is not None and (port := self._server.accept(block=False)) is not None:
            self._ports.append(port)
        return [message for port in self._ports for message in port.iter_pending()]


@contextmanager
def backend(folder: Path) -> Iterator[None]:
    """mido in this process has the ports in `folder` and no others, by its own way of choosing a backend."""
    folder.mkdir(exist_ok=True)
    with patch.dict(os.environ, {FOLDER_VARIABLE: str(folder)}):
        mido.set_backend("socket_midi")
        yield
    mido.set_backend()


@contextmanager
def plugged_in(folder: Path, name: str) -> Iterator[Device]:
    """A device whose port is in `folder`, made where it is not there."""
    folder.mkdir(exist_ok=True)
    device = Device(folder, name)
    device.plug_in()
    try:
        yield device
    finally:
        device.unplug()
