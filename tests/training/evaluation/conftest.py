"""The shipped model, loaded once."""

from pathlib import Path

import pytest

from bridge.automix.pipeline import Automix
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost

MODEL = Path(__file__).parents[3] / "models" / "channel-strip"


@pytest.fixture(scope="session")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(MODEL), host)
