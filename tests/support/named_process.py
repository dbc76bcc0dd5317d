"""A process of a chosen name, for tests that look for one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(program: Path) -> Iterator[int]:
    """Run something that waits, as `program`; its process id, once the system knows it by that name."""
    waiter = shutil.which("timeout" if sys.platform == "win32" else "cat")
    assert waiter is not None
    shutil.copy(waiter, program)
    command = [program, "60"] if sys.platform == "win32" else [program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if sys.platform != "win32":  # what it answers, it answers after the system has named it
                process.stdin.write(b"there\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"there\n"
            yield process.pid
        finally:
            process.kill()
