"""ReaPack's index of the scripts, made from the header of the package's main script.

    python -m bridge.reaper.install.reapack https://HOST/PATH/ > reaper_scripts/index.xml

The address is where the folder `reaper_scripts` of this release can be fetched from; ReaPack knows no relative ones.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from bridge.errors import SettingsError
from bridge.reaper.install.actions import REAPACK_FOLDER
from bridge.settings import shipped_folder

PACKAGE = "bridge_automix.lua"
NAME, CATEGORY = REAPACK_FOLDER.parts[-2:]
UNPUBLISHED = "https://bridge.example/reaper_scripts/"
"""Stands in the index of a checkout: a name that is kept free for examples."""

_TAG = re.compile(r"-- @(\w+) ?(.*)")
_PROVIDED = re.compile(r"--   (?:\[(main|nomain)\] )?(\S+)")


def read_header(script: Path) -> tuple[dict[str, str], list[tuple[str, bool]]]:
    """The tags of a script's header, and what it provides: (pattern, whether it is an action)."""
    tags: dict[str, str] = {}
    provided: list[tuple[str, bool]] = []
    last = ""
    for line in script.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        if match := _TAG.fullmatch(line):
            last = match[1]
            tags[last] = match[2]
        elif last == "provides" and (match := _PROVIDED.fullmatch(line)):
            provided.append((match[2], match[1] == "main"))
    return tags, provided


def sources(folder: Path) -> list[tuple[str, bool]]:
    """Every file of the package by its path below `folder`, and whether it is an action; the main script first.

    SettingsError where the header names a file that is not there, or one twice.
    """
    found = [(PACKAGE, True)]
    for pattern, is_action in read_header(folder / PACKAGE)[1]:
        files = sorted(folder.glob(pattern))
        if not files:
            raise SettingsError(f"{PACKAGE} provides {pattern}, and there is no such file. Correct its header.")
        found += [(file.relative_to(folder).as_posix(), is_action) for file in files]
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SettingsError(f"{PACKAGE} provides {twice} twice. Correct its header.")
    return found


def index(folder: Path, address: str, *, time: datetime) -> str:
    """The text of `index.xml`, with every source below `address`."""
    tags, _ = read_header(folder / PACKAGE)
    root = ElementTree.Element("index", version="1", name=NAME)
    category = ElementTree.SubElement(root, "category", name=CATEGORY)
    package = ElementTree.SubElement(category, "reapack", name=PACKAGE, type="script", desc=tags["description"])
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    version = ElementTree.SubElement(package, "version", name=tags["version"], author=tags["author"], time=stamp)
    for name, is_action in sources(folder):
        source = ElementTree.SubElement(version, "source")
        if name != PACKAGE:
            source.set("file", name)
        if is_action:
            source.set("main", "main")
        source.text = address.rstrip("/") + "/" + quote(name)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def main() -> None:
    address = sys.argv[1] if len(sys.argv) > 1 else UNPUBLISHED
    sys.stdout.write(index(shipped_folder("reaper_scripts"), address, time=datetime.now(tz=UTC)))


if __name__ == "__main__":
    main()
