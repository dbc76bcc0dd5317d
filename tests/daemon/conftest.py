"""Home folders with a model whose answer is known, and a daemon shared by tests that leave it as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daemon_process import Daemon, Home
from small_model import save_neutral_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "channel-strip"
    save_neutral_model(folder)
    return folder


@pytest.fixture(scope="session")
def make_home(model_folder: Path) -> Callable[[Path], Home]:
    def make(folder: Path) -> Home:
        shutil.copytree(model_folder, folder / "models" / "channel-strip")
        return Home(folder)

    return make


@pytest.fixture
def home(tmp_path: Path, make_home: Callable[[Path], Home]) -> Home:
    """A home of its own for tests that start, kill or starve daemons."""
    return make_home(tmp_path / "Bridge hömé")


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, make_home: Callable[[Path], Home]
) -> Iterator[tuple[Home, Daemon]]:
    """One daemon for all tests of a module."""
    home = make_home(tmp_path_factory.mktemp("home") / "Bridge hömé")
    with home.daemon() as daemon:
        yield home, daemon
