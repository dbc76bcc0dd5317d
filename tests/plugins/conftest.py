"""Hosts with real workers, and real plugins, for the tests of this room."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bridge.plugins.chain.catalog import Catalog, plugin_folders
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost
from bridge.types import Float32

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FETCHED = ROOT / "plugins-for-tests"
PLACES = [FETCHED / "stable", *plugin_folders()]
RATE_HZ = 48_000


@pytest.fixture(scope="session")
def faults() -> ModuleType:
    """The module that workers load as `faults`; see there."""
    spec = importlib.util.spec_from_file_location("faults", HERE / "faults.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["faults"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fault_host() -> Iterator[Callable[..., PluginHost]]:
    """Makes hosts whose workers know `fault:` plugins; all are closed at the end."""
    hosts: list[PluginHost] = []

    def make(*, workers: int = 2, load_limit_s: float = 20.0, render_limit_s: float = 20.0) -> PluginHost:
        host = PluginHost(
            workers=workers,
            load_limit_s=load_limit_s,
            render_limit_s=render_limit_s,
            modules=["faults"],
            module_folders=[HERE],
        )
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        host.close()


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    """Two workers, and the plugins fetched for tests."""
    with PluginHost(workers=2, catalog=Catalog(folders=PLACES)) as opened:
        yield opened


@pytest.fixture(scope="session")
def zam() -> Catalog:
    """A catalog with zam-plugins of this Debian release in it."""
    if sys.platform != "linux":
        pytest.skip("zam-plugins are fetched from Debian")
    folders = [folder for folder in PLACES if (folder / "ZamCompX2.vst3").exists()]
    assert folders, "the real plugins are missing: run python tests/prepare_machine.py"
    return Catalog(folders=folders[:1])


@pytest.fixture(scope="session")
def next_release() -> Catalog:
    """A catalog with zam-plugins 4.2 and Dragonfly Reverb, where they have been fetched."""
    folder = FETCHED / "trixie"
    if not (folder / "DragonflyRoomReverb.vst3").exists():
        pytest.skip("run python tests/prepare_machine.py for the second vendor")
    return Catalog(folders=[folder])


@pytest.fixture(scope="session")
def channel_strip() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


@pytest.fixture
def noise() -> Callable[..., Float32]:
    def make(channels: int = 1, *, seconds: float = 1.0, seed: int = 0) -> Float32:
        generator = np.random.default_rng(seed)
        return (generator.standard_normal((channels, round(seconds * RATE_HZ))) * 0.1).astype(np.float32)

    return make
