"""Bundles that hold several plugins, and an instrument, made of real plugins by `composed_bundle.c`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PluginError, SeveralPlugins
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.new_chain import new_chain
from bridge.plugins.plugin_list import list_plugins
from bridge.plugins.worker.vst3_loader import refusal_of_channels
from bridge.reaper.mapping.bundle_member import named_in_bundle
from bridge.reaper.mapping.context_slot import ContextSlot
from bridge.reaper.mapping.hosted_fx import HostedFx
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot

SOURCE = Path(__file__).parent / "composed_bundle.c"


@pytest.fixture(scope="module")
def folder(zam: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles: `Both` with ZamComp and ZamEQ2, and `Synth` with ZamComp as an instrument."""
    made = tmp_path_factory.mktemp("plug ins")
    comp, equaliser = (str(next(zam.find(name).glob("Contents/*/*.so"))) for name in ("ZamComp", "ZamEQ2"))
    for name, second, categories in (("Both", equaliser, "Fx"), ("Synth", "", "Instrument|Synth")):
        library = made / f"{name}.vst3" / "Contents" / "x86_64-linux" / f"{name}.so"
        library.parent.mkdir(parents=True)
        texts = {"FIRST": comp, "SECOND": second, "SUB_CATEGORIES": categories}
        defined = [f'-D{key}="{text}"' for key, text in texts.items()]
        command = ["gcc", "-shared", "-fPIC", "-nostdlib", "-o", str(library), str(SOURCE), *defined]
        subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture
def several(folder: Path, tmp_path: Path) -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=Catalog(cache_folder=tmp_path, folders=[folder])) as host:
        yield host


def test_one_plugin_of_a_bundle_makes_a_chain_and_renders(
    several: PluginHost, noise: Callable[..., np.ndarray]
) -> None:
    text = new_chain(several, ["Both/ZamEQ2", "vst3:Both/ZamComp"], name="two")
    chain = parse_chain(text, source="new", calibrate=several.calibrate)
    assert [slot.plugin for slot in chain.slots] == ["vst3:Both/ZamEQ2", "vst3:Both/ZamComp"]
    assert [slot.name for slot in chain.slots] == ["zameq2", "zamcomp"]
    assert {control.name for control in chain.slots[0].controls} >= {"Boost/Cut 1"}
    assert {control.name for control in chain.slots[1].controls} >= {"Threshold"}
    louder = chain.neutral.copy()
    louder[chain.index("zameq2.Boost/Cut 1")] = 1.0
    audio = noise(1)
    plain, boosted = several.render(chain, [RenderInput(audio, 48_000, row) for row in (chain.neutral, louder)])
    assert np.square(boosted).mean() > 1.05 * np.square(plain).mean()


def test_its_path_is_a_name_as_well(several: PluginHost, folder: Path) -> None:
    by_name = several.identify("vst3:Both/ZamEQ2")
    by_path = several.identify(f"vst3:{folder / 'Both.vst3'}/ZamEQ2")
    assert by_name.fingerprint == by_path.fingerprint
    assert by_name.fingerprint.identifier.startswith("VST3-ZamEQ2")


def test_a_bundle_without_a_name_says_how_to_name_one(several: PluginHost) -> None:
    with pytest.raises(SeveralPlugins, match=r"holds 2 plugins: ZamComp, ZamEQ2\. Name one.*vst3:Both/ZamComp"):
        several.identify("vst3:Both")
    with pytest.raises(PluginError, match=r"vst3:Both holds no plugin 'ZamEQ'\. Did you mean ZamEQ2\?"):
        several.identify("vst3:Both/ZamEQ")
    with pytest.raises(PluginError, match=r"vst3:Synth holds no plugin 'Organ'"):
        several.identify("vst3:Synth/Organ")


def test_an_fx_of_a_track_is_the_plugin_of_the_bundle_that_it_is_called_after(several: PluginHost) -> None:
    """As `chain from-snapshot` names it, and as the guard renders it in its place on the track."""
    name = "VST3: ZamEQ2 (Damien Zammit)"
    assert named_in_bundle(several, "vst3:Both", name) == "vst3:Both/ZamEQ2"
    assert named_in_bundle(several, "vst3:Synth", name) == "vst3:Synth"
    with pytest.raises(SeveralPlugins):
        named_in_bundle(several, "vst3:Both", "VST3: Organ (Damien Zammit)")
    parameters = tuple(
        ParameterSnapshot(index, str(index), shown.name, shown.normalized, shown.text, 0.0, 1.0, 0.5)
        for index, shown in enumerate(several.try_state("vst3:Both/ZamEQ2", {}).parameters)
    )
    fx = FxSnapshot("{1}", "/opt/Both.vst3<1", "VST3", "EQ", name, 0, True, False, parameters=parameters)
    found = HostedFx(several)(fx)
    assert isinstance(found, ContextSlot) and found.slot.plugin == "vst3:Both/ZamEQ2"


def test_each_is_listed_and_an_instrument_called_one(several: PluginHost) -> None:
    for _ in range(2):  # the second time from the cache
        rows = {row.name: row for row in list_plugins(several) if row.name.startswith("vst3:")}
        assert sorted(rows) == ["vst3:Both/ZamComp", "vst3:Both/ZamEQ2", "vst3:Synth"]
        assert rows["vst3:Both/ZamComp"].note == ""
        assert "is an instrument" in rows["vst3:Synth"].note
        assert "nstall it again" not in rows["vst3:Synth"].note


def test_mono_in_and_stereo_out_is_named_as_that() -> None:
    message = (
        "Plugin 'MaBitcrush' does not support 1-channel output. "
        "(Main bus currently expects 1 input channels and 2 output channels.)"
    )
    refusal = refusal_of_channels("vst3:MaBitcrush", message)
    assert refusal is not None
    assert str(refusal).startswith("vst3:MaBitcrush takes mono and gives stereo; a chain needs")
    assert refusal_of_channels("vst3:X", "(Main bus currently expects 1 input channels and 1 output channels.)") is None
