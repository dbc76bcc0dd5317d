"""The list of installed plugins, with what is wrong with each."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from bridge.errors import PluginHung
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.host.host import PluginHost
from bridge.plugins.new_chain import new_chain
from bridge.plugins.plugin_list import list_plugins


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
