"""The list of installed plugins, and chains made of them that load again."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.errors import ChainError, PluginHung
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.plugins.inventory import list_plugins, new_chain


def test_good_and_bad_plugins_are_listed(zam: Catalog, tmp_path: Path) -> None:
    """One that works, one that takes too long, one that is no plugin: all told, and told again without loading."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name in ("ZamEQ2", "ZamVerb"):
        (folder / f"{name}.vst3").symlink_to(zam.find(f"vst3:{name}"), target_is_directory=True)
    (folder / "Broken.vst3").write_bytes(b"no plugin")
    catalog = Catalog(cache_folder=tmp_path / "cache", folders=[folder])
    with PluginHost(workers=1, load_limit_s=1.5, catalog=catalog) as host:
        rows = list_plugins(host)
    found = {row.name: row for row in rows}
    assert found["builtin:PeakFilter"].vendor == "pedalboard"
    assert found["vst3:ZamEQ2"].version.startswith("4.")
    assert found["vst3:ZamEQ2"].vendor == "Damien Zammit"
    assert found["vst3:ZamEQ2"].note == ""
    assert "did not load within 1.5 s" in found["vst3:ZamVerb"].note
    assert "cannot be loaded" in found["vst3:Broken"].note
    assert re.search(
        r"\(tried \d{4}-\d\d-\d\d; `reaper-bridge plugins --again` tries again\)", found["vst3:ZamVerb"].note
    )
    with PluginHost(workers=1, load_limit_s=1.5, catalog=catalog) as host:
        assert list_plugins(host) == rows
        with pytest.raises(PluginHung, match="did not load within"):
            new_chain(host, ["ZamVerb"], name="x")
        assert host.worker_pids == []
    with PluginHost(workers=1, load_limit_s=2.0, catalog=catalog) as host:  # more time than it had
        longer = {row.name: row for row in list_plugins(host)}
    assert "did not load within 2 s" in longer["vst3:ZamVerb"].note
    with PluginHost(workers=1, load_limit_s=2.0, catalog=catalog) as host:
        catalog.remember_entry(
            folder / "Broken.vst3", msgspec.structs.replace(longer["vst3:Broken"], tried="2001-01-01")
        )
        again = {row.name: row for row in list_plugins(host, again=True)}
    assert again["vst3:Broken"].tried > "2001-01-01"


def test_a_new_chain_has_the_live_parameters_and_loads(host: PluginHost, zam: Catalog) -> None:
    text = new_chain(host, ["ZamCompX2", "builtin:PeakFilter", "vst3:ZamCompX2"], name="my chain")
    chain = parse_chain(text, source="new", calibrate=host.calibrate)
    assert chain.name == "my chain"
    assert [slot.name for slot in chain.slots] == ["zamcompx2", "peakfilter", "zamcompx2_2"]
    names = {control.name for control in chain.slots[0].controls}
    assert {"Attack", "Threshold", "Sidechain"} <= names
    assert not names & {"Buffer Size", "Current Program", "Gain Reduction", "Output Level"}
    assert "# left out: Output Level (not automatable)" in text
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 20_000)).astype(np.float32)
    (rendered,) = host.render(chain, [Render(audio, 48_000, chain.neutral)])
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
