"""A mido backend for tests: one input, fed with raw MIDI bytes over UDP. MIDO_BACKEND=socket_midi selects it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import mido

NAME = "Test surface"
PORT_VARIABLE = "SOCKET_MIDI_PORT"


class Input:
    def __init__(self, name: str, *, callback: Callable[[mido.Message], None], **_: object) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", int(os.environ[PORT_VARIABLE])))
        self._callback = callback
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while data := self._socket.recv(64):
            self._callback(mido.Message.from_bytes(data))

    def close(self) -> None:
        self._socket.close()


def get_devices(**_: object) -> list[dict[str, object]]:
    return [{"name": NAME, "is_input": True, "is_output": False}]
