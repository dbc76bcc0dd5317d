"""The version is written once, in `bridge/__init__.py`; what Lua and ReaPack read is compared with it."""

import re
import tomllib
from pathlib import Path

import pytest

from bridge import __version__

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "reaper_scripts"


def test_the_package_takes_its_version_from_the_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "bridge/__init__.py"


def written_in_lua() -> list[Path]:
    return [*sorted(SCRIPTS.glob("*.lua")), next(SCRIPTS.glob("lib/**/version.lua")), SCRIPTS / "index.xml"]


@pytest.mark.parametrize("file", written_in_lua(), ids=lambda file: file.name)
def test_scripts_and_their_index_carry_the_same_version(file: Path) -> None:
    found = re.findall(r'(?:@version |script = "|<version name=")([\w.]+)', file.read_text("utf-8"))
    assert found == [__version__], f"write {__version__} into {file.relative_to(ROOT)}"


def test_the_changelog_begins_with_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest
    assert newest[1] == __version__
