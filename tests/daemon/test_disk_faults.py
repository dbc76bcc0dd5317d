"""Disks that take nothing more, or nothing at all: each is said in a line, and what was accepted is answered later."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import Home, surface, wait_for

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and mounts of another process")


def limit_files(pid: int, size: int | None) -> None:
    """No file of the process may become longer; None: any may."""
    import resource

    unlimited = resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited if size is None else size, unlimited))


def test_a_job_that_cannot_be_answered_waits_and_is_answered_once_it_can(home: Home) -> None:
    """As on a full disk, but for any user: every write fails. The log takes nothing either, which must not matter."""
    with home.daemon() as daemon, surface(daemon) as send:
        assert home.ask().status == "apply"
        send("/bridge/ping", until="/bridge/status")
        limit_files(daemon.process.pid, 0)
        request_id = home.send(home.request())
        client = send.client  # type: ignore[attr-defined]
        while b"/bridge/error" not in (heard := client.recv(65536)):
            pass
        assert b"Free some space" in heard
        beat = home.spool.folder / "heartbeat.json"
        for _ in range(200):  # hundreds of lines for the log, none of which it can take
            send("/bridge/nonsense", until="/bridge/error")
        assert not home.spool.has("replies", request_id)
        limit_files(daemon.process.pid, None)
        reply = home.reply(request_id)
        assert reply.status in ("apply", "error")
        before = beat.stat().st_mtime_ns
        wait_for(lambda: beat.stat().st_mtime_ns != before, "a heartbeat")
        assert home.ask().status == "apply"
        wait_for(lambda: not home.spool.pending(), "the requests to be tidied up")


@pytest.fixture
def own_disk(home: Home) -> Iterator[Path]:
    """The spool on a disk of its own, which can be made read-only under the daemon."""
    spool = home.spool.folder
    shutil.rmtree(spool)
    spool.mkdir()
    if os.geteuid() or not shutil.which("mount") or mount(spool, "-t", "tmpfs", "-o", "size=32m", "tmpfs"):
        pytest.skip("mounting a disk needs root")
    home.spool.create()
    yield spool
    subprocess.run(["umount", "-l", str(spool)], check=True)


def mount(folder: Path, *options: str) -> int:
    return subprocess.run(["mount", *options, str(folder)], check=False, capture_output=True).returncode


def test_a_disk_that_is_read_only_for_a_while(home: Home, own_disk: Path) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        assert home.ask().status == "apply"
        request = home.request()
        text_before = (home.folder / "logs" / "daemon.log").read_text("utf-8")
        request_id = home.send(request)
        assert mount(own_disk, "-o", "remount,ro") == 0
        log = home.folder / "logs" / "daemon.log"
        wait_for(lambda: "Cannot write" in log.read_text("utf-8")[len(text_before) :], "the line about it")
        assert send("/bridge/ping", until="/bridge/status") < 5.0
        with contextlib.suppress(OSError):
            (own_disk / "probe").touch()
            raise AssertionError("the disk can be written")
        assert mount(own_disk, "-o", "remount,rw") == 0
        assert home.reply(request_id).status == "apply"
        wait_for(lambda: not home.spool.pending(), "the request to be tidied up")
        assert home.ask().status == "apply"
