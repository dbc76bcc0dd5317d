"""Shared buffers: what one side writes the other reads, and nothing stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PluginError
from bridge.plugins.worker import shared_memory
from bridge.plugins.worker.shared_memory import BorrowedBuffers, BufferPool, SharedBuffer, audio_bytes


def test_both_sides_see_the_same_audio() -> None:
    buffer = SharedBuffer(1 << 16)
    region = buffer.region(2, 100)
    buffer.view(region)[:] = np.arange(200, dtype=np.float32).reshape(2, 100)
    borrowed = BorrowedBuffers()
    np.testing.assert_array_equal(borrowed.view(region)[1], np.arange(100, 200))
    borrowed.view(region)[0, 0] = 7.0
    assert buffer.view(region)[0, 0] == 7.0
    borrowed.unmap([region.file])
    buffer.close()
    assert not Path(region.file).exists()


def test_a_view_outlives_the_buffer() -> None:
    buffer = SharedBuffer(1 << 16)
    view = buffer.view(buffer.region(1, 10))
    view[:] = 3.0
    buffer.close()
    assert view.sum() == 30.0
    assert not buffer.path.exists()


def test_the_pool_gives_the_same_room_again() -> None:
    pool = BufferPool(idle_limit_bytes=1 << 24)
    first = pool.acquire(audio_bytes(2, 48_000))
    pool.release(first)
    assert pool.acquire(audio_bytes(2, 48_000) - 100) is first
    assert pool.acquire(audio_bytes(2, 48_000)) is not first
    pool.close()
    pool.release(first)
    assert not first.path.exists()


def test_a_larger_buffer_serves_before_a_new_one_is_made() -> None:
    pool = BufferPool(idle_limit_bytes=1 << 24)
    small, large, huge = (pool.acquire(size) for size in (1 << 18, 3 << 17, 1 << 20))
    for buffer in (huge, small, large):
        pool.release(buffer)
    assert [pool.acquire(1 << 18) for _ in range(2)] == [small, large], "the smallest that fits first"
    assert pool.acquire(1 << 18) is not huge, "four times as large is a waste"
    pool.close()


def test_the_pool_keeps_no_more_than_its_limit_and_tells_what_went() -> None:
    pool = BufferPool(idle_limit_bytes=3 << 20)
    buffers = [pool.acquire(1 << 20) for _ in range(5)]
    for buffer in buffers:
        pool.release(buffer)
    assert pool.deleted_files(0) == tuple(str(buffer.path) for buffer in buffers[:2])
    assert pool.deleted_files(2) == ()
    assert [buffer.path.exists() for buffer in buffers] == [False, False, True, True, True]
    pool.close()


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 576_000, 1_152_000, 10_000_001])
def test_rounding_wastes_an_eighth_at_most(size: int) -> None:
    rounded = shared_memory._size_class(size)
    assert size <= rounded
    assert rounded <= max(size * 1.126, 1 << 16)


def test_a_full_memory_disk_falls_back_to_the_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that takes no file stands for a full /dev/shm: the kernel refuses both with an OSError."""
    full = tmp_path / "full"
    full.mkdir(mode=0o500)
    if os.geteuid() == 0:
        full = Path("/proc")  # where not even root makes files
    monkeypatch.setattr(shared_memory, "_MEMORY_FOLDER", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    buffer = SharedBuffer(1 << 16)
    assert buffer.path.parent == tmp_path
    buffer.close()


@pytest.mark.skipif(sys.platform != "linux", reason="sizes of /dev/shm")
def test_no_room_anywhere_is_one_line() -> None:
    with pytest.raises(PluginError, match=r"No room for .* MiB .*TMPDIR"):
        SharedBuffer(1 << 52)


LEAVER = """
import os
from bridge.plugins.worker.shared_memory import SharedBuffer
buffer = SharedBuffer(1 << 16)
print(buffer.path, buffer.path.exists(), flush=True)
os._exit(1)
"""


def test_what_killed_processes_left_is_swept() -> None:
    mine = SharedBuffer(1 << 16)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    command = [sys.executable, "-c", LEAVER]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    path, existed = done.stdout.split()
    assert existed == "True"
    shared_memory.delete_stale_files()
    assert not Path(path).exists()
    assert mine.path.exists()
    mine.close()
