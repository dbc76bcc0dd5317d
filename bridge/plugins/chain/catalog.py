"""Installed VST3 plugins: where they are, and what their files tell without running any of their code.

Finds and names; what only loading a plugin can tell comes from a worker (`plugin_list`). Holds the cache of both.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import PluginMissing
from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.chain import VST3, suggest_names

PATH_VARIABLE = "BRIDGE_PLUGIN_PATH"
SUFFIX = ".vst3"
_METHOD: Literal[3] = 3  # of what is kept in the cache
_EFFECT_CATEGORY = "Audio Module Class"


class CatalogEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One installed plugin as `bridge plugins` lists it. `note` says what a user should know, '' mostly.

    Of one that could not be loaded, `tried` is the day; where it hung, `hung_s` is for how long that was waited for.
    `holds`: the names of the plugins of a bundle of several, which are listed in its place.
    """

    name: str
    version: str
    vendor: str
    path: str
    note: str = ""
    load_s: float = 0.0
    tried: str = ""
    hung_s: float = 0.0
    holds: tuple[str, ...] = ()


class _CachedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stamp: int
    entry: CatalogEntry
    method: Literal[3]  # how it was found out: of an older one nothing is taken


class _CachedCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stamp: int
    calibration: Calibration
    method: Literal[3]  # how it was measured: of an older one nothing is taken


class _ModuleClass(msgspec.Struct, frozen=True):
    name: str = msgspec.field(name="Name", default="")
    category: str = msgspec.field(name="Category", default="")
    version: str = msgspec.field(name="Version", default="")
    vendor: str = msgspec.field(name="Vendor", default="")


class _ModuleInfo(msgspec.Struct, frozen=True):
    name: str = msgspec.field(name="Name", default="")
    version: str = msgspec.field(name="Version", default="")
    classes: tuple[_ModuleClass, ...] = msgspec.field(name="Classes", default=())


def plugin_folders(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where plugins are looked for: `BRIDGE_PLUGIN_PATH` first, then the VST3 standard's folders."""
    folders = [Path(part) for part in environment.get(PATH_VARIABLE, "").split(os.pathsep) if part]
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        folders += [Path(local) / "Programs" / "Common" / "VST3"] if local else []
        folders.append(Path(environment.get("COMMONPROGRAMFILES", r"C:\Program Files\Common Files")) / "VST3")
    elif platform == "darwin":
        plug_ins = Path("Library", "Audio", "Plug-Ins", "VST3")
        folders += [Path.home() / plug_ins, Path("/") / plug_ins]
    else:
        folders += [Path.home() / ".vst3", Path("/usr/lib/vst3"), Path("/usr/local/lib/vst3")]
    return folders


class Catalog:
    """The plugins in `folders`, and what is remembered of them in `cache_folder` (nothing, where that is None)."""

    def __init__(self, *, cache_folder: Path | None = None, folders: Sequence[Path] | None = None) -> None:
        self._cache_folder = cache_folder
        self._folders = list(folders) if folders is not None else None
        self._bundles: dict[str, Path] | None = None

    @property
    def folders(self) -> list[Path]:
        return self._folders if self._folders is not None else plugin_folders()

    def bundles(self) -> dict[str, Path]:
        """Name to bundle, the first folder winning. Looked up once; `refresh` looks again."""
        if self._bundles is None:
            self._bundles = {}
            for folder in self.folders:
                for path in _bundles_below(folder):
                    self._bundles.setdefault(path.stem, path)
        return self._bundles

    def refresh(self) -> None:
        self._bundles = None

    def find(self, plugin: str) -> Path:
        """The bundle of 'vst3:NAME', where NAME is a plugin's name, in any case, or the path of its bundle.

        Of 'vst3:NAME/PLUGIN', one of several plugins of a bundle, it is the bundle. Raises PluginMissing with the
        nearest names.
        """
        return Path(split_location(self.locate(plugin))[0])

    def locate(self, plugin: str) -> str:
        """Where 'vst3:NAME' or 'vst3:NAME/PLUGIN' is: 'BUNDLE', or 'BUNDLE/PLUGIN', see `split_location`.

        Raises PluginMissing as `find`.
        """
        name, member = split_location(plugin.removeprefix(f"{VST3}:"))
        if not name.endswith(SUFFIX) and self._by_name(name) is None:
            name, _, member = name.partition("/")
        bundle = self._bundle(name)
        return f"{bundle}/{member}" if member else str(bundle)

    def _bundle(self, name: str) -> Path:
        if name.endswith(SUFFIX) and self._by_name(name) is None:  # a bundle may be called x.vst3.vst3
            path = Path(name).expanduser()
            if path.exists():
                return path
            raise PluginMissing(f"There is no plugin at {path}; give the path of a {SUFFIX} bundle.")
        for attempt in (0, 1):
            if (found := self._by_name(name)) is not None:
                return found
            if attempt == 0:
                self.refresh()  # it may have been installed since
        raise PluginMissing(
            f"No VST3 plugin {name!r} is installed.{suggest_names(name, sorted(self.bundles()))} "
            f"Install it, or name its folder in {PATH_VARIABLE}. Looked in: {', '.join(map(str, self.folders))}."
        )

    def _by_name(self, name: str) -> Path | None:
        bundles = self.bundles()
        if name in bundles:
            return bundles[name]
        for stem, path in bundles.items():
            if name.lower() in (stem.lower(), path.name.lower()):
                return path
        for path in bundles.values():
            info = module_entry(path)
            if info is not None and info.name.lower() == name.lower():
                return path
        return None

    # ------------------------------------------------------------ what is remembered

    def known_entry(self, path: Path) -> CatalogEntry | None:
        """What `remember_entry` kept of this very state of the bundle."""
        cached = self._read(path, "entry", _CachedEntry)
        return cached.entry if cached is not None and cached.stamp == file_stamp(path) else None

    def remember_entry(self, path: Path, entry: CatalogEntry) -> None:
        self._write(path, "entry", _CachedEntry(file_stamp(path), entry, _METHOD))

    def known_calibration(self, path: Path, member: str = "") -> Calibration | None:
        """What `remember_calibration` kept of this very state of the bundle; `member`: of which of its plugins."""
        cached = self._read(path, "calibration", _CachedCalibration, member)
        return cached.calibration if cached is not None and cached.stamp == file_stamp(path) else None

    def remember_calibration(self, path: Path, calibration: Calibration, member: str = "") -> None:
        self._write(path, "calibration", _CachedCalibration(file_stamp(path), calibration, _METHOD), member)

    def _file(self, path: Path, kind: str, member: str) -> Path | None:
        if self._cache_folder is None:
            return None
        location = f"{path.absolute()}/{member}" if member else str(path.absolute())
        place = hashlib.sha256(location.encode()).hexdigest()[:12]
        return self._cache_folder / f"{path.stem}-{place}.{kind}.json"

    def _read(self, path: Path, kind: str, type_: type[_T], member: str = "") -> _T | None:
        file = self._file(path, kind, member)
        if file is None or not file.is_file():
            return None
        try:
            return msgspec.json.decode(file.read_bytes(), type=type_)
        except (OSError, msgspec.DecodeError):  # a cache of another release: found out again and written anew
            return None

    def _write(self, path: Path, kind: str, value: msgspec.Struct, member: str = "") -> None:
        file = self._file(path, kind, member)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, msgspec.json.encode(value), suffix=f".{os.getpid()}.part")  # other programs write it too


_T = TypeVar("_T", _CachedEntry, _CachedCalibration)


def split_location(location: str) -> tuple[str, str]:
    """A bundle, and the name of the plugin in it where it holds several; '' elsewhere.

    >>> split_location("/usr/lib/vst3/lsp.vst3/Gate Stereo"), split_location("Zam.vst3")
    (('/usr/lib/vst3/lsp.vst3', 'Gate Stereo'), ('Zam.vst3', ''))
    """
    head, suffix, member = location.partition(f"{SUFFIX}/")
    return (head + SUFFIX, member) if suffix else (location, "")


def file_stamp(path: Path) -> int:
    """Changes when a plugin is updated: the newest time of its bundle, its binaries and its moduleinfo.json."""
    parts = [path, *path.glob("Contents/*"), *path.glob("Contents/*/*")]
    return max(part.stat().st_mtime_ns for part in parts)


def module_entry(path: Path) -> CatalogEntry | None:
    """What a bundle's moduleinfo.json tells, or None where it has none that can be read."""
    for file in (path / "Contents" / "Resources" / "moduleinfo.json", path / "Contents" / "moduleinfo.json"):
        if not file.is_file():
            continue
        text = re.sub(r",(\s*[}\]])", r"\1", file.read_text(encoding="utf-8", errors="replace"))  # JSON5's commas
        try:
            info = msgspec.json.decode(text, type=_ModuleInfo)
        except msgspec.DecodeError:
            return None
        effects = [entry for entry in info.classes if entry.category == _EFFECT_CATEGORY]
        if not effects:
            return None
        first = effects[0]
        return CatalogEntry(
            name=first.name or path.stem,
            version=first.version or info.version,
            vendor=first.vendor,
            path=str(path),
            holds=tuple(effect.name for effect in effects) if len(effects) > 1 else (),
        )
    return None


def _bundles_below(folder: Path) -> list[Path]:
    """Bundles (folders, or files on Windows) below a folder, subfolders of vendors included."""
    found: list[Path] = []
    waiting = [folder] if folder.is_dir() else []
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.suffix.lower() == SUFFIX:
                found += [path] if path.exists() else []  # a link may outlive what it led to
            elif path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK):
                waiting.append(path)
    return sorted(found)
