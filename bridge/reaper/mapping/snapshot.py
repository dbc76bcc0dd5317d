"""A track's FX chain as the scripts wrote it, read as a list of plugins that a chain can be made of."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.errors import LinkError
from bridge.reaper.protocol.messages import Request, decode

_VST3_FILE = re.compile(r"([^/\\\\]+)\.vst3", re.IGNORECASE)


def plugins_of(file: Path) -> tuple[list[str], list[str]]:
    """The VST3 plugins of a request as a chain names them ('vst3:ZamCompX2'), and the names of all other FX.

    Raises LinkError where the file is no request, or holds no VST3 plugin.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise LinkError(f"{file} cannot be read: {error.strerror}. Give a request that the scripts wrote.") from error
    try:
        request = decode(data, Request, source=str(file))
    except LinkError as error:
        raise LinkError(f"{error} Give the file that the action Bridge: Learn this chain has written.") from error
    plugins, others = [], []
    for fx in request.fx:
        match = _VST3_FILE.search(fx.ident)
        if fx.type.upper().startswith("VST3") and match:
            plugins.append(f"vst3:{match[1]}")
        else:
            others.append(fx.original_name)
    if not plugins:
        listed = ", ".join(others) or "nothing"
        raise LinkError(f"{file} holds no VST3 plugin, only {listed}. Only VST3 plugins can be learned.")
    return plugins, others
