"""The folder of a portable REAPER is given once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.reaper.install import known_resource_path as rooms
from bridge.reaper.install.known_resource_path import (
    FILE,
    forget_resource_path,
    known_resource_path,
    remember_resource_path,
)


@pytest.fixture(autouse=True)
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rooms, "usual_path", lambda: tmp_path / "usual")
    return tmp_path / "usual"


@pytest.mark.parametrize("name", ["REAPER (portable)", "Räper ü", pytest.param(os.fsdecode(b"r\xe9aper"), id="latin")])
def test_a_folder_is_remembered_until_it_is_forgotten(tmp_path: Path, name: str) -> None:
    home, folder = tmp_path / "home", tmp_path / name
    assert known_resource_path(home) is None
    remember_resource_path(folder, home)
    assert known_resource_path(home) == folder
    forget_resource_path(tmp_path / "another", home)
    assert known_resource_path(home) == folder
    forget_resource_path(folder, home)
    assert known_resource_path(home) is None
    assert list(home.iterdir()) == []


def test_the_usual_folder_takes_the_place_of_a_remembered_one(tmp_path: Path, usual: Path) -> None:
    remember_resource_path(tmp_path / "stick", tmp_path)
    forget_resource_path(usual, tmp_path)
    assert known_resource_path(tmp_path) == tmp_path / "stick"
    remember_resource_path(usual, tmp_path)
    assert known_resource_path(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"relative/folder", b"/a\0b"])
def test_a_note_that_names_no_folder_is_said_and_can_be_replaced(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(SettingsError, match="names no folder"):
        known_resource_path(tmp_path)
    remember_resource_path(tmp_path / "stick", tmp_path)
    assert known_resource_path(tmp_path) == tmp_path / "stick"


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="Bridge is installed, but"):
        remember_resource_path(tmp_path / "stick", tmp_path / "file")
