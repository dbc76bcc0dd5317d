"""The real daemon as a process of its own, for the length of a `with` block."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from bridge.errors import LinkError
from bridge.settings import Settings

READY = "Bridge daemon ready on"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0


@contextmanager
def running_daemon(home: Path, settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Start `bridge daemon` on a free OSC port, wait until it is ready, and stop it at the end.

    Args:
        home: Bridge's folder: spool, models, logs.
        settings: of which the number of workers is used.

    Raises:
        LinkError: the daemon does not start; with its output.
    """
    command = [sys.executable, "-P", "-m", "bridge", "--home", str(home), "daemon", "--osc-port", "0"]
    command += ["--workers", str(settings.workers)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace"
    ) as process:
        try:
            _wait_until_ready(process)
            yield process
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    lines: SimpleQueue[str] = SimpleQueue()
    assert process.stdout is not None
    stream = process.stdout

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, name="daemon output", daemon=True).start()
    output = []
    try:
        while line := lines.get(timeout=START_LIMIT_S):
            output.append(line.strip())
            if READY in line:
                return
    except Empty:
        raise LinkError(f"The daemon did not start within {START_LIMIT_S:.0f} s. Run `reaper-bridge doctor`.") from None
    raise LinkError(f"The daemon ended at once: {' '.join(output) or f'exit status {process.wait()}'}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
