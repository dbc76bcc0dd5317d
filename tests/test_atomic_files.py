"""Files written whole or not at all: after any fault the old content stands, and nothing unfinished lies about."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bridge.atomic_files import replace_when_written, sync_folder, write_file, write_new


@pytest.mark.parametrize("is_durable", [False, True])
def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path, is_durable: bool) -> None:
    file = tmp_path / "model.json"
    for content in (b"old", b"", b"new \0 content"):
        write_file(file, content, is_durable=is_durable)
        assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_disk_that_refuses_the_bytes_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.json"
    write_file(file, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(file, b"new", is_durable=True)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "model.json" / "inner").mkdir(parents=True)  # a folder that is not empty, where the file should go
    with pytest.raises(OSError):
        write_file(tmp_path / "model.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def test_an_interruption_leaves_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    write_file(file, b"old")

    def interrupted() -> None:
        with replace_when_written(file) as part:
            part.write_bytes(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_unfinished_file_of_before_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "model.json.part").write_bytes(b"from a crash")
    write_file(tmp_path / "model.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "model.json.part").symlink_to(victim)
    write_file(tmp_path / "model.json", b"new")
    assert victim.read_bytes() == b"precious"
    with pytest.raises(FileExistsError):
        write_new(victim, b"new")


def test_files_that_belong_together_are_all_written_before_the_first_is_replaced(tmp_path: Path) -> None:
    weights, manifest = tmp_path / "weights", tmp_path / "manifest"
    for file in (weights, manifest):
        write_file(file, b"old")
    with replace_when_written(manifest) as manifest_part, replace_when_written(weights) as weights_part:
        write_new(weights_part, b"new")
        write_new(manifest_part, b"new")
        assert (weights.read_bytes(), manifest.read_bytes()) == (b"old", b"old")
    assert (weights.read_bytes(), manifest.read_bytes()) == (b"new", b"new")

    def fail() -> None:
        with replace_when_written(manifest) as manifest_part, replace_when_written(weights) as weights_part:
            write_new(weights_part, b"newer")
            write_new(manifest_part.parent / "no folder" / "manifest", b"newer")

    with pytest.raises(FileNotFoundError):
        fail()
    assert (weights.read_bytes(), manifest.read_bytes()) == (b"new", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest", "weights"]


def test_a_reader_that_holds_the_file_open_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses a rename over an open file: it is tried again."""
    tries = 0
    rename = Path.replace

    def refuse_twice(part: Path, target: Path) -> Path:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise PermissionError(13, "in use")
        return rename(part, target)

    monkeypatch.setattr(Path, "replace", refuse_twice)
    write_file(tmp_path / "reply.json", b"new")
    assert tries == 3
    assert (tmp_path / "reply.json").read_bytes() == b"new"


def test_a_folder_can_be_waited_for(tmp_path: Path) -> None:
    write_file(tmp_path / "checkpoint", b"new", is_durable=True)
    sync_folder(tmp_path)
    if os.name != "nt":
        with pytest.raises(FileNotFoundError):
            sync_folder(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            write_file(tmp_path / "model.json", bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []
