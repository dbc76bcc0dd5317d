"""The catalog finds and names plugins without running any of their code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.errors import PluginMissing
from bridge.plugins.chain.catalog import Catalog, CatalogEntry, module_entry, plugin_folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bundles of every shape: of a vendor's folder, a bare file as on Windows, and one that says its own name."""
    root = tmp_path / "VST 3 plugins ü"
    (root / "Vendor" / "Deep.vst3" / "Contents").mkdir(parents=True)
    (root / "Bare.vst3").parent.mkdir(exist_ok=True)
    (root / "Bare.vst3").write_bytes(b"MZ")
    (root / "file1.vst3" / "Contents" / "Resources").mkdir(parents=True)
    (root / "readme.txt").write_text("hello")
    return root


def write_info(bundle: Path, classes: list[dict[str, str]], *, trailing_comma: bool = False) -> None:
    text = json.dumps({"Name": "file1", "Version": "2.0", "Classes": classes})
    if trailing_comma:
        text = text[:-1] + ",\n}"
    (bundle / "Contents" / "Resources" / "moduleinfo.json").write_text(text)


EFFECT = {"Category": "Audio Module Class", "Name": "Super EQ", "Vendor": "Maker", "Version": "2.1.0", "CID": "00"}
CONTROLLER = {"Category": "Component Controller Class", "Name": "Super EQ", "Vendor": "Maker", "Version": "2.1.0"}


def test_bundles_are_found_in_folders_of_vendors(folder: Path) -> None:
    catalog = Catalog(folders=[folder, folder / "missing"])
    assert set(catalog.bundles()) == {"Bare", "file1", "Deep"}
    assert catalog.find("vst3:Deep") == folder / "Vendor" / "Deep.vst3"
    assert catalog.find("vst3:bARE") == folder / "Bare.vst3"
    assert catalog.find(f"vst3:{folder / 'Bare.vst3'}") == folder / "Bare.vst3"


def test_a_bundle_is_found_by_its_own_name_whatever_that_ends_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among those that are installed: what lies in the working folder is none of them."""
    (folder / "x.vst3.vst3").mkdir()
    (tmp_path / "here" / "x.vst3").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    for name in ("x.vst3", "x.vst3.vst3", "X.VST3"):
        assert Catalog(folders=[folder]).find(f"vst3:{name}") == folder / "x.vst3.vst3"
    assert Catalog(folders=[folder]).locate("vst3:x.vst3/Gate") == f"{folder / 'x.vst3.vst3'}/Gate"
    assert Catalog(folders=[folder]).find("vst3:Bare.vst3") == folder / "Bare.vst3"


def test_a_link_that_outlived_its_plugin_is_no_bundle(folder: Path) -> None:
    (folder / "Gone.vst3").symlink_to(folder / "nowhere")
    assert "Gone" not in Catalog(folders=[folder]).bundles()


def test_a_plugin_is_found_by_the_name_it_gives_itself(folder: Path) -> None:
    write_info(folder / "file1.vst3", [EFFECT, CONTROLLER], trailing_comma=True)
    assert Catalog(folders=[folder]).find("vst3:super eq") == folder / "file1.vst3"
    assert module_entry(folder / "file1.vst3") == CatalogEntry(
        name="Super EQ", version="2.1.0", vendor="Maker", path=str(folder / "file1.vst3")
    )


def test_a_bundle_of_several_plugins_says_so(folder: Path) -> None:
    write_info(folder / "file1.vst3", [EFFECT, EFFECT | {"Name": "Super Comp"}])
    entry = module_entry(folder / "file1.vst3")
    assert entry is not None
    assert entry.holds == ("Super EQ", "Super Comp")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Classes": 3}'])
def test_a_damaged_moduleinfo_is_none(folder: Path, content: str) -> None:
    (folder / "file1.vst3" / "Contents" / "Resources" / "moduleinfo.json").write_text(content)
    assert module_entry(folder / "file1.vst3") is None


def test_the_first_folder_wins(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "Bare.vst3").mkdir(parents=True)
    assert Catalog(folders=[mine, folder]).find("vst3:Bare") == mine / "Bare.vst3"


def test_what_is_missing_is_named_with_its_neighbours(folder: Path) -> None:
    with pytest.raises(PluginMissing, match=r"'Dep'.*Did you mean Deep\?.*BRIDGE_PLUGIN_PATH"):
        Catalog(folders=[folder]).find("vst3:Dep")
    with pytest.raises(PluginMissing, match="no plugin at"):
        Catalog(folders=[folder]).find(f"vst3:{folder / 'No.vst3'}")


def test_a_plugin_installed_since_is_found(folder: Path) -> None:
    catalog = Catalog(folders=[folder])
    assert "New" not in catalog.bundles()
    (folder / "New.vst3").mkdir()
    assert catalog.find("vst3:New") == folder / "New.vst3"


def test_entries_are_remembered_until_the_bundle_changes(folder: Path, tmp_path: Path) -> None:
    bundle = folder / "Bare.vst3"
    entry = CatalogEntry(name="vst3:Bare", version="1", vendor="V", path=str(bundle), note="takes 48 s to load")
    catalog = Catalog(cache_folder=tmp_path / "cache", folders=[folder])
    assert catalog.known_entry(bundle) is None
    catalog.remember_entry(bundle, entry)
    assert Catalog(cache_folder=tmp_path / "cache", folders=[folder]).known_entry(bundle) == entry
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_text("{ damaged")
    assert catalog.known_entry(bundle) is None
    catalog.remember_entry(bundle, entry)
    bundle.write_bytes(b"MZ, a newer one")
    assert catalog.known_entry(bundle) is None


@pytest.mark.parametrize(
    ("platform", "environment", "wanted"),
    [
        ("linux", {}, "/usr/lib/vst3"),
        ("darwin", {}, "/Library/Audio/Plug-Ins/VST3"),
        ("win32", {"COMMONPROGRAMFILES": "C:/Common"}, "C:/Common/VST3"),
        ("win32", {"LOCALAPPDATA": "C:/Local"}, "C:/Local/Programs/Common/VST3"),
    ],
)
def test_the_standards_folders(platform: str, environment: dict[str, str], wanted: str) -> None:
    assert Path(wanted) in plugin_folders(platform, environment)


def test_the_users_folders_come_first(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("BRIDGE_PLUGIN_PATH", str(folder))
    assert plugin_folders()[0] == folder
    assert Catalog().find("vst3:Deep") == folder / "Vendor" / "Deep.vst3"
