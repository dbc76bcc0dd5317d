"""New chain files made of plugins, that load again."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.errors import ChainError
from bridge.plugins.chain.calibration import ParameterReport
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.new_chain import new_chain


def test_a_new_chain_has_the_live_parameters_and_loads(host: PluginHost, zam: Catalog) -> None:
    text = new_chain(host, ["ZamCompX2", "builtin:PeakFilter", "vst3:ZamCompX2"], name="my chain")
    chain = parse_chain(text, source="new", calibrate=host.calibrate)
    assert chain.name == "my chain"
    assert [slot.name for slot in chain.slots] == ["zamcompx2", "peakfilter", "zamcompx2_2"]
    names = {control.name for control in chain.slots[0].controls}
    assert {"Attack", "Threshold", "Stereo Detection"} <= names
    assert not names & {"Buffer Size", "Current Program", "Gain Reduction", "Output Level", "Sidechain"}
    assert "# left out: Sidechain (for monitoring)" in text
    assert "# left out: Output Level (not automatable)" in text
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 20_000)).astype(np.float32)
    (rendered,) = host.render(chain, [RenderInput(audio, 48_000, chain.neutral)])
    assert np.isfinite(rendered).all()


def test_every_built_in_effect_makes_a_chain(host: PluginHost) -> None:
    from bridge.plugins.chain.builtin import EFFECTS

    text = new_chain(host, [f"builtin:{name}" for name in EFFECTS], name="all")
    chain = parse_chain(text, source="new")
    assert len(chain.slots) == len(EFFECTS)


def test_what_cannot_be_made(host: PluginHost) -> None:
    with pytest.raises(ChainError, match="at least one"):
        new_chain(host, [], name="x")
    with pytest.raises(ChainError, match="Did you mean Gain"):
        new_chain(host, ["builtin:Gian"], name="x")


@pytest.mark.parametrize(
    ("name", "is_monitoring"),
    [
        ("Listen 2", True),
        ("Listen to", True),
        ("Solo band 3", True),
        ("Sidechain", True),
        ("External Side-Chain", True),
        ("Sidechain Input", True),
        ("Report Latency to DAW", True),
        ("Sidechain HPF", False),
        ("Side level", False),
        ("Soloist", False),
        ("Resolution", False),
        ("Latency", False),
    ],
)
def test_what_serves_monitoring_or_the_host_is_told_by_its_name(name: str, is_monitoring: bool) -> None:
    report = ParameterReport(name=name, index=0, unit="", default=0.0, kind="switch", choices=("off", "on"))
    assert report.is_monitoring is is_monitoring
    assert report.is_controllable is not is_monitoring


def test_a_chain_file_of_before_may_keep_what_a_new_one_leaves_out(host: PluginHost, zam: Catalog) -> None:
    text = '[[slot]]\nname = "c"\nplugin = "vst3:ZamCompX2"\n[slot.control.Sidechain]\n'
    assert parse_chain(text, source="old", calibrate=host.calibrate).controls[0].name == "Sidechain"
