"""Small chains, sounds, and hosts, some of whose plugins fail on demand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost

FAULTS = Path(__file__).parents[2] / "plugins"  # the module `faults` there adds the scheme `fault:` to workers

MakeChain = Callable[..., Chain]
MakeNoise = Callable[..., torch.Tensor]


@pytest.fixture(scope="session")
def builtin() -> MakeChain:
    """builtin(("Gain", "gain_db"), ("PeakFilter", "q", "gain_db")): slots and what is controlled of each."""

    def make(*slots: tuple[str, ...]) -> Chain:
        text = "".join(
            f'[[slot]]\nplugin = "builtin:{plugin}"\n' + "".join(f"[slot.control.{control}]\n" for control in controls)
            for plugin, *controls in slots
        )
        return parse_chain(text, source="test")

    return make


@pytest.fixture(scope="session")
def faulty() -> MakeChain:
    """faulty("Crash"): a plugin that fails where its control is above a half, before a gain."""

    def make(fault: str) -> Chain:
        law = RangeLaw(low=0.0, high=1.0)
        trigger = Control(slot="fault", name="trigger", unit="", law=law)
        gain = Control(slot="gain", name="gain_db", unit="dB", law=RangeLaw(low=-18.0, high=18.0))
        return Chain(
            name="faults",
            slots=(
                Slot(name="fault", plugin=f"fault:{fault}", controls=(trigger,)),
                Slot(name="gain", plugin="builtin:Gain", controls=(gain,)),
            ),
        )

    return make


@pytest.fixture(scope="session")
def faulty_host() -> Iterator[PluginHost]:
    with PluginHost(workers=2, modules=["faults"], module_folders=[FAULTS]) as host:
        yield host


@pytest.fixture
def noise() -> MakeNoise:
    """White, (batch, channels, samples), louder and softer by turns, so that dynamics have something to do."""

    def make(batch: int = 3, channels: int = 1, samples: int = 12_000, *, seed: int = 0) -> torch.Tensor:
        generator = np.random.default_rng(seed)
        swell = 1 + 0.9 * np.sin(np.arange(samples) / 800)
        return torch.from_numpy((generator.normal(0, 0.1, (batch, channels, samples)) * swell).astype(np.float32))

    return make
