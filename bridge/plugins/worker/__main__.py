"""The worker process: `python -m bridge.plugins.worker`. Plugins live and die here, never in the program itself.

It keeps its pipe to the host to itself: before any plugin is loaded, standard output and error go to nowhere (or
to the file named by BRIDGE_WORKER_LOG), as plugins write there. It ends when the host does, in whatever state.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import math
import os
import queue
import signal
import sys
import threading
import time

from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import delete_files_of

LOG_VARIABLE = "BRIDGE_WORKER_LOG"
_READ_BYTES = 1 << 16


class Pipe:
    """The worker's end: frames in through a thread of its own, so that the end of the host is always noticed."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._requests: queue.SimpleQueue[protocol.AnyRequest] = queue.SimpleQueue()
        self._host_pid = os.getppid()

    def start(self) -> None:
        threading.Thread(target=self._read, name="host", daemon=True).start()

    def next(self) -> protocol.AnyRequest:
        return self._requests.get()

    @property
    def is_idle(self) -> bool:
        return self._requests.empty()

    def send(self, reply: protocol.WorkerReply) -> None:
        data = memoryview(protocol.encode_frame(reply))
        try:
            while data:
                data = data[os.write(self._target, data) :]
        except OSError:
            self._leave()

    def _read(self) -> None:
        reader = protocol.FrameReader()
        while data := self._read_some():
            for body in reader.feed(data):
                self._requests.put(protocol.request_decoder.decode(body))
        self._leave()

    def _read_some(self) -> bytes:
        try:
            return os.read(self._source, _READ_BYTES)
        except OSError:
            return b""

    def _leave(self) -> None:
        """The host is gone. No farewell to the plugins: some write, hang or crash at exit."""
        delete_files_of(self._host_pid)
        os._exit(0)


def main() -> None:
    options = argparse.ArgumentParser(prog="bridge.plugins.worker.__main__")
    options.add_argument("--own-limit-s", type=float, required=True, help="end by itself after this long in one step")
    options.add_argument("--module", action="append", default=[], help="imported first: it adds plugin schemes")
    arguments = options.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to answer
    pipe = Pipe(*_keep_pipes())

    from bridge.plugins.worker.handler import WorkerHandler  # only now: pedalboard may not write into the pipe

    for module in arguments.module:
        importlib.import_module(module)

    watchdog = StepWatchdog(arguments.own_limit_s)

    def announce(progress: protocol.ProgressReply) -> None:
        pipe.send(progress)
        watchdog.begin()

    handler = WorkerHandler(announce)
    pipe.start()
    pipe.send(protocol.ReadyReply())
    while True:
        if pipe.is_idle:
            watchdog.end()
        request = pipe.next()
        watchdog.begin()
        if (reply := handler.reply(request)) is not None:
            pipe.send(reply)


class StepWatchdog:
    """Ends the process after `limit_s` in one step, by a thread of C: a plugin that hangs holding Python's lock would
    otherwise outlive a killed host. Winding it up costs 40 us, so that a busy worker does it once a second."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._begun_s = -math.inf

    def begin(self) -> None:
        now_s = time.monotonic()
        if now_s - self._begun_s > 1.0:
            faulthandler.dump_traceback_later(self._limit_s, exit=True, file=2)
            self._begun_s = now_s

    def end(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._begun_s = -math.inf


def _keep_pipes() -> tuple[int, int]:
    """Private copies of the pipes to the host; 0, 1 and 2 then lead nowhere."""
    source, target = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (source, target):
            msvcrt.setmode(descriptor, os.O_BINARY)
    nowhere = os.open(os.devnull, os.O_RDWR)
    log = os.environ.get(LOG_VARIABLE)
    noise = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else nowhere
    os.dup2(nowhere, 0)
    os.dup2(noise, 1)
    os.dup2(noise, 2)
    return source, target


if __name__ == "__main__":
    main()
