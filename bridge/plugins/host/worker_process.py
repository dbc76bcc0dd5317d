"""The host's handle on one worker: start it, talk to it, notice its death, end it.

It knows processes and pipes, not chains. A deadline that passes kills the worker (`Deadlines`); the thread that
waits for a reply then reads the end of the pipe, on every operating system alike.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import bridge
from bridge.plugins.worker import protocol

_READ_BYTES = 1 << 16
_PACKAGE_PARENT = Path(bridge.__file__).resolve().parents[1]

_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
"""For glibc, ignored elsewhere: freed audio stays with the worker. Fresh pages each time cost 0.5 ms a render."""


class WorkerGone(Exception):
    """The worker ended. `was_hung`: it was killed for passing its time limit."""

    def __init__(self, *, was_hung: bool, exit_code: int | None) -> None:
        super().__init__(f"worker ended with {exit_code}")
        self.was_hung = was_hung
        self.exit_code = exit_code


class WorkerProcess:
    """One running worker. `send` and `receive` belong to one thread; `kill` may come from any."""

    def __init__(self, *, own_limit_s: float, modules: Sequence[str] = (), folders: Sequence[Path] = ()) -> None:
        command = [sys.executable, "-P", "-m", "bridge.plugins.worker", "--own-limit-s", f"{own_limit_s:g}"]
        for module in modules:
            command += ["--module", module]
        environment = _KEEP_MEMORY | dict(os.environ)
        paths = [str(_PACKAGE_PARENT), *map(str, folders), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self._process = subprocess.Popen(  # the same interpreter, no shell, nothing from outside in the command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._reader = protocol.FrameReader()
        self._replies: list[bytes] = []
        self._was_hung = False
        self.known_chains: set[str] = set()
        self.deletions_sent = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, *requests: protocol.WorkerRequest) -> None:
        """Raises WorkerGone."""
        data = memoryview(b"".join(map(protocol.encode_frame, requests)))
        assert self._process.stdin is not None
        try:
            while data:
                data = data[self._process.stdin.write(data) or 0 :]
        except OSError as error:
            raise self._gone() from error

    def receive(self) -> protocol.AnyReply:
        """Wait for the next reply. Raises WorkerGone."""
        assert self._process.stdout is not None
        while not self._replies:
            try:
                data = os.read(self._process.stdout.fileno(), _READ_BYTES)
            except (OSError, ValueError) as error:
                raise self._gone() from error
            if not data:
                raise self._gone()
            try:
                self._replies = self._reader.feed(data)
            except ValueError as error:  # no message: memory was overwritten in there
                raise self._gone() from error
        reply: protocol.AnyReply = protocol.reply_decoder.decode(self._replies.pop(0))
        return reply

    def kill(self, *, is_hung: bool = False) -> None:
        self._was_hung = self._was_hung or is_hung
        self._process.kill()

    def close(self) -> None:
        """End the process and collect it. Nothing of it is left afterwards."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a pipe whose other end is dead
                    pipe.close()
        self._process.wait()

    def _gone(self) -> WorkerGone:
        self.close()
        return WorkerGone(was_hung=self._was_hung, exit_code=self._process.returncode)


class Deadlines:
    """One thread that kills workers whose deadline has passed, and sleeps while there is none."""

    def __init__(self) -> None:
        self._deadlines: dict[WorkerProcess, float] = {}  # in time.monotonic()
        self._wakes_at_s = math.inf
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def watch(self, worker: WorkerProcess, limit_s: float) -> None:
        """Kill `worker` unless within `limit_s` it is watched anew, after a sign of progress, or released."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="plugin deadlines", daemon=True)
                self._thread.start()
            self._deadlines[worker] = deadline
            if deadline < self._wakes_at_s:
                self._changed.notify()

    def release(self, worker: WorkerProcess) -> None:
        with self._changed:
            self._deadlines.pop(worker, None)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                for worker in [worker for worker, deadline in self._deadlines.items() if deadline <= now]:
                    del self._deadlines[worker]
                    worker.kill(is_hung=True)
                self._wakes_at_s = min(self._deadlines.values(), default=math.inf)
                self._changed.wait(None if self._wakes_at_s == math.inf else self._wakes_at_s - now)
