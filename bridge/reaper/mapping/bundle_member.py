"""Which plugin of a bundle that holds several an FX of a track is: REAPER's name of the FX begins with the plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.errors import PluginError, SeveralPlugins
from bridge.plugins.host.host import PluginHost


def named_in_bundle(host: PluginHost, plugin: str, fx_name: str) -> str:
    """Return 'vst3:NAME', or 'vst3:NAME/PLUGIN' where that bundle holds several.

    Args:
        plugin: 'vst3:NAME', the bundle.
        fx_name: as REAPER names the FX before anybody renames it, such as 'VST3: Gate Stereo (LSP VST3)'.

    Raises:
        SeveralPlugins: none of those in the bundle is called so.
    """
    try:
        host.identify(plugin)
    except SeveralPlugins:
        if (member := find_member(host.plugin_names(plugin), fx_name)) is None:
            raise
        return f"{plugin}/{member}"
    except PluginError:
        pass  # said where it is loaded
    return plugin


def find_member(names: Sequence[str], fx_name: str) -> str | None:
    """Return which of `names` an FX has; None for none.

    >>> find_member(["Gate", "Gate Stereo"], "VST3: Gate Stereo (LSP VST3)")
    'Gate Stereo'
    """
    shown = fx_name.partition(": ")[2] or fx_name
    return max((name for name in names if shown == name or shown.startswith(f"{name} (")), key=len, default=None)
