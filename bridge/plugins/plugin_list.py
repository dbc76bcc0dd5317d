"""Installed plugins, as `bridge plugins` lists them: a worker tells what only a loaded plugin can."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge.errors import PluginError, PluginHung, SeveralPlugins
from bridge.plugins.chain.builtin import EFFECTS
from bridge.plugins.chain.catalog import CatalogEntry, module_entry
from bridge.plugins.chain.chain import BUILTIN, VST3
from bridge.plugins.host.host import PluginHost
from bridge.plugins.worker.instances import PEDALBOARD_VERSION

SLOW_LOAD_S = 5.0


def list_plugins(
    host: PluginHost, *, again: bool = False, progress: Callable[[str], None] = lambda _name: None
) -> list[CatalogEntry]:
    """pedalboard's own effects, then every VST3 plugin found, each loaded once in a worker and remembered.

    Of a bundle that holds several, each is listed as 'vst3:NAME/PLUGIN', unloaded.

    A plugin that crashes, hangs or cannot be loaded is listed with a note that says so, and tried anew when its file
    has changed, when it may take longer now, or `again`.
    """
    rows = [
        CatalogEntry(name=f"{BUILTIN}:{name}", version=PEDALBOARD_VERSION, vendor="pedalboard", path="")
        for name in EFFECTS
    ]
    host.catalog.refresh()
    for name, path in sorted(host.catalog.bundles().items(), key=lambda item: item[0].lower()):
        progress(name)
        entry = _entry(host, name, path, again=again)
        rows += [msgspec.structs.replace(entry, name=f"{entry.name}/{member}", holds=()) for member in entry.holds]
        rows += [] if entry.holds else [entry]
    return rows


def _entry(host: PluginHost, name: str, path: Path, *, again: bool) -> CatalogEntry:
    known = host.catalog.known_entry(path)
    if known is not None and not (known.tried and again) and not 0.0 < known.hung_s < host.load_limit_s:
        return known
    declared = module_entry(path)
    try:
        found = host.identify(f"{VST3}:{name}")
    except SeveralPlugins:
        entry = CatalogEntry(
            name=f"{VST3}:{name}",
            version="" if declared is None else declared.version,
            vendor="" if declared is None else declared.vendor,
            path=str(path),
            holds=host.plugin_names(f"{VST3}:{name}"),
        )
    except PluginError as error:
        entry = _failed(host, f"{VST3}:{name}", path, declared, error)
    else:
        note = f"takes {found.load_s:.0f} s to load" if found.load_s >= SLOW_LOAD_S else ""
        entry = CatalogEntry(
            name=f"{VST3}:{name}",
            version=found.fingerprint.version,
            vendor=found.vendor,
            path=str(path),
            note=note,
            load_s=found.load_s,
        )
    host.catalog.remember_entry(path, entry)
    return entry


def _failed(
    host: PluginHost, plugin: str, path: Path, declared: CatalogEntry | None, error: PluginError
) -> CatalogEntry:
    """The entry of a plugin that could not be loaded."""
    tried = time.strftime("%Y-%m-%d")
    return CatalogEntry(
        name=plugin,
        version="" if declared is None else declared.version,
        vendor="" if declared is None else declared.vendor,
        path=str(path),
        note=f"{str(error).rstrip('.')} (tried {tried}; `reaper-bridge plugins --again` tries again).",
        tried=tried,
        hung_s=host.load_limit_s if isinstance(error, PluginHung) else 0.0,
    )
