"""liblo, an OSC library that shares no code with Bridge: its programs oscsend and oscdump, its bundles by ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LIMIT_S = 20.0
IMMEDIATELY = (0, 1)  # the timetag that means now
IS_THERE = shutil.which("oscsend") is not None and shutil.which("oscdump") is not None
_CREATE = {"i": "int32", "f": "float", "s": "string", "d": "double", "h": "int64"}


class TimeTag(ctypes.Structure):
    """Seconds since 1900 and their fraction in 1 / 2^32."""

    _fields_ = (("seconds", ctypes.c_uint32), ("fraction", ctypes.c_uint32))


def oscsend(port: int, path: str, types: str = "", *values: object) -> None:
    """Send one message with the program oscsend."""
    command = ["oscsend", "127.0.0.1", str(port), path, *([types] if types else []), *map(str, values)]
    subprocess.run(command, check=True, timeout=LIMIT_S)


@contextmanager
def oscdump(port: int) -> Iterator[queue.Queue[str]]:
    """What the program oscdump hears at `port`: 'path types values', message by message."""
    lines: queue.Queue[str] = queue.Queue()
    process = subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.split(" ", 1)[1].strip())  # behind the time

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        process.kill()
        process.wait(LIMIT_S)
        thread.join(LIMIT_S)
        assert process.stdout is not None
        process.stdout.close()


class Library:
    """liblo itself, for what oscsend cannot send: blobs, bundles, timetags."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("lo") or "liblo.so.7"
        self._lo = ctypes.CDLL(name)
        for function in ("lo_address_new", "lo_message_new", "lo_bundle_new", "lo_blob_new"):
            getattr(self._lo, function).restype = ctypes.c_void_p
        self._lo.lo_bundle_new.argtypes = (TimeTag,)

    def message(self, types: str, *values: object) -> ctypes.c_void_p:
        made = ctypes.c_void_p(self._lo.lo_message_new())
        for kind, value in zip(types, values, strict=True):
            if kind == "b":
                assert isinstance(value, bytes)
                blob = ctypes.c_void_p(self._lo.lo_blob_new(ctypes.c_int32(len(value)), value))
                self._lo.lo_message_add_blob(made, blob)
            elif kind in "TF":
                getattr(self._lo, "lo_message_add_true" if kind == "T" else "lo_message_add_false")(made)
            else:
                self._add_number_or_text(made, kind, value)
        return made

    def send(self, port: int, path: str, message: ctypes.c_void_p) -> None:
        assert self._lo.lo_send_message(self._address(port), path.encode(), message) > 0

    def send_bundle(
        self, port: int, messages: Sequence[tuple[str, ctypes.c_void_p]], time: tuple[int, int] = IMMEDIATELY
    ) -> None:
        bundle = ctypes.c_void_p(self._lo.lo_bundle_new(TimeTag(*time)))
        for path, message in messages:
            self._lo.lo_bundle_add_message(bundle, path.encode(), message)
        assert self._lo.lo_send_bundle(self._address(port), bundle) > 0

    def _address(self, port: int) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._lo.lo_address_new(b"127.0.0.1", str(port).encode()))

    def _add_number_or_text(self, message: ctypes.c_void_p, kind: str, value: object) -> None:
        kinds = {"i": ctypes.c_int32, "f": ctypes.c_float, "d": ctypes.c_double, "h": ctypes.c_int64}
        converted = str(value).encode() if kind == "s" else kinds[kind](value)
        getattr(self._lo, f"lo_message_add_{_CREATE[kind]}")(message, converted)
