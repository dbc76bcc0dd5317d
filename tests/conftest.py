"""The chain of the default model, and a host for it: what many rooms' tests render through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost

pytest_plugins = ["small_model"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def chain() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


@pytest.fixture(scope="session")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=2, load_limit_s=20.0, render_limit_s=20.0) as host:
        yield host
