"""One daemon for each home: the lock names its owner and dies with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.daemon.lock import DaemonLock
from bridge.errors import DaemonRunning, LinkError

HOLDER = """
import sys
from pathlib import Path
from bridge.daemon.lock import DaemonLock
lock = DaemonLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Bridge hömé" / "daemon.lock"


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=30)


def test_a_second_process_is_refused_by_the_pid_of_the_first(path: Path) -> None:
    process = hold(path)
    try:
        with pytest.raises(DaemonRunning, match=rf"process {process.pid}, since \d{{4}}-"):
            DaemonLock(path).acquire()
    finally:
        finish(process)


def test_the_lock_of_a_killed_process_is_taken_over(path: Path) -> None:
    process = hold(path)
    finish(process)
    lock = DaemonLock(path)
    assert lock.owner() is not None
    with lock:
        owner = lock.owner()
        assert owner is not None
        assert owner.pid != process.pid


def test_two_locks_of_one_process_exclude_each_other(path: Path) -> None:
    with DaemonLock(path), pytest.raises(DaemonRunning):
        DaemonLock(path).acquire()
    with DaemonLock(path):
        pass


def test_rubbish_in_the_note_is_nobody(path: Path) -> None:
    note = DaemonLock(path).note
    path.parent.mkdir()
    note.write_bytes(b"\x00rubbish")
    assert DaemonLock(path).owner() is None
    with DaemonLock(path) as lock:
        assert lock.owner() is not None
    assert not note.exists()


def test_the_lock_file_of_an_older_daemon_is_taken(path: Path) -> None:
    """Bridge 0.1.0 wrote its owner into the lock file itself."""
    path.parent.mkdir()
    path.write_bytes(b'{"pid":1,"started_s":0.0}')
    with DaemonLock(path) as lock:
        owner = lock.owner()
        assert owner is not None
        assert owner.pid != 1


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LinkError, match="BRIDGE_HOME"):
        DaemonLock(tmp_path / "file" / "daemon.lock").acquire()


def test_a_link_in_the_place_of_the_lock_is_refused_and_its_target_stays(tmp_path: Path) -> None:
    victim = tmp_path / "letter.txt"
    victim.write_text("dear friend")
    lock = tmp_path / "home" / "daemon.lock"
    lock.parent.mkdir()
    try:
        lock.symlink_to(victim)
    except OSError:
        pytest.skip("links need a right that this user lacks")
    with pytest.raises(LinkError, match="is a link"):
        DaemonLock(lock).acquire()
    assert victim.read_text() == "dear friend"


def test_a_disk_that_knows_no_locks_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As older versions of filelock say it."""

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock; use SoftFileLock instead")

    monkeypatch.setattr("bridge.daemon.lock.FileLock.acquire", refuse)
    with pytest.raises(LinkError, match="on a local disk"):
        DaemonLock(path).acquire()
