"""Loading a VST3 plugin in a worker, and what is said where that cannot be: what is wrong, and what would help."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pedalboard

from bridge.errors import PluginError, SeveralPlugins
from bridge.plugins.chain.catalog import split_location
from bridge.plugins.chain.chain import VST3, suggest_names

_CHANNELS = re.compile(r"expects (\d+) input.*?(\d+) output")
_LISTED = 8
_ERRORS = (ImportError, ValueError, RuntimeError)  # what pedalboard raises


def load_vst3(plugin: str, location: str) -> pedalboard.VST3Plugin:
    """Load the plugin at 'BUNDLE' or 'BUNDLE/NAME'; `plugin` is what the user calls it.

    Raises:
        SeveralPlugins: the bundle holds several, and none of them was named.
        PluginError: there is none of that name, it is an instrument, or it cannot be loaded.
    """
    bundle, name = split_location(location)
    try:
        loaded = pedalboard.VST3Plugin(bundle, plugin_name=name or None)
    except _ERRORS as error:
        raise _refusal(plugin, bundle, name, str(error)) from error
    if name and str(loaded.name).casefold() != name.casefold():  # a bundle of one takes any name
        raise _unknown_name(plugin, name, [str(loaded.name)])
    if loaded.is_instrument:
        raise PluginError(f"{plugin} is an instrument: it makes sound of notes. A chain needs effects; leave it out.")
    return loaded


def plugin_names(bundle: str) -> tuple[str, ...]:
    """Return the names of all plugins of a bundle; () where it cannot be opened."""
    try:
        return tuple(map(str, pedalboard.VST3Plugin.get_plugin_names_for_file(bundle)))
    except _ERRORS:
        return ()


def refusal_of_channels(plugin: str, message: str) -> PluginError | None:
    """Return the refusal of a plugin that gives another number of channels than it takes; None for any other message
    of pedalboard's."""
    found = _CHANNELS.search(message)
    if found is None or found[1] == found[2]:
        return None
    takes, gives = ({"1": "mono", "2": "stereo"}.get(count, f"{count} channels") for count in found.groups())
    return PluginError(
        f"{plugin} takes {takes} and gives {gives}; a chain needs plugins that give as many channels as they take. "
        "Leave it out."
    )


def _refusal(plugin: str, bundle: str, name: str, message: str) -> PluginError:
    names = plugin_names(bundle)
    if len(names) > 1 and name not in names:
        return _unknown_name(plugin, name, names) if name else _several(plugin, names)
    return refusal_of_channels(plugin, message) or PluginError(
        f"{plugin} cannot be loaded from {bundle}: {' '.join(message.split())} It may be made for another system or "
        "processor, need a library that is not here, or be damaged."
    )


def _several(plugin: str, names: Sequence[str]) -> SeveralPlugins:
    listed = ", ".join(names[:_LISTED]) + (" ..." if len(names) > _LISTED else "")
    return SeveralPlugins(
        f"{plugin} holds {len(names)} plugins: {listed}. Name one of them, as {_full(plugin)}/{names[0]}; "
        "`reaper-bridge plugins` lists them all."
    )


def _unknown_name(plugin: str, name: str, names: Sequence[str]) -> PluginError:
    return PluginError(
        f"{_full(plugin).removesuffix(f'/{name}')} holds no plugin {name!r}.{suggest_names(name, names)}"
    )


def _full(plugin: str) -> str:
    return plugin if plugin.startswith(f"{VST3}:") else f"{VST3}:{plugin}"
