"""ReaPack's index: every script of the package is in it, once, where it will be fetched from."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bridge.errors import SettingsError
from bridge.reaper.install.reapack import PACKAGE, UNPUBLISHED, index, read_header, sources
from bridge.settings import shipped_folder

FOLDER = shipped_folder("reaper_scripts")


def test_the_index_in_the_folder_is_the_one_that_the_headers_make() -> None:
    text = (FOLDER / "index.xml").read_text(encoding="utf-8")
    stamp = ElementTree.fromstring(text).find(".//version").attrib["time"]
    time = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert text == index(FOLDER, UNPUBLISHED, time=time), (
        "run python -m bridge.reaper.install.reapack > reaper_scripts/index.xml"
    )


def test_every_script_is_provided_and_the_actions_are_main() -> None:
    root = ElementTree.fromstring(index(FOLDER, "https://host.example/a b", time=datetime(2026, 1, 1, tzinfo=UTC)))
    assert root.attrib == {"version": "1", "name": "Bridge"}
    named = {source.get("file", PACKAGE): source.get("main") == "main" for source in root.iter("source")}
    files = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.lua")}
    assert set(named) == files
    assert {name for name, is_action in named.items() if is_action} == {name for name in files if "/" not in name}
    assert all(source.text.startswith("https://host.example/a b/") for source in root.iter("source"))


def test_versions_of_all_headers_agree() -> None:
    versions = {read_header(file)[0]["version"] for file in FOLDER.glob("*.lua")}
    assert len(versions) == 1
    module = (FOLDER / "lib" / "exchange" / "version.lua").read_text(encoding="utf-8")
    assert f'script = "{versions.pop()}"' in module


@pytest.mark.parametrize(("line", "what"), [("--   lib/gone.lua", "no such file"), ("--   [main] other.lua", "twice")])
def test_a_wrong_header_is_named(tmp_path: Path, line: str, what: str) -> None:
    head = ["-- @description x", "-- @version 1", "-- @author x", "-- @provides", "--   [main] other.lua", line]
    (tmp_path / PACKAGE).write_text("\n".join(head), encoding="utf-8")
    (tmp_path / "other.lua").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match=what):
        sources(tmp_path)
