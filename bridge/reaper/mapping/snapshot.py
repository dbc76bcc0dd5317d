"""A track's FX chain as the scripts wrote it, read as a list of plugins that a chain can be made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge.errors import LinkError
from bridge.plugins.recognition.recognise import ListedParameter, ParameterList
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.messages import Request, decode

_VST3_FILE = re.compile(r"([^/\\\\]+)\.vst3", re.IGNORECASE)


def read_parameter_lists(file: Path) -> tuple[ParameterList, ...]:
    """Return the parameters of every FX in a file: a request that the scripts wrote, or the list of one plugin.

    Raises:
        LinkError: The file cannot be read, or is neither.
    """
    data = _read(file)
    try:
        return (msgspec.json.decode(data, type=ParameterList),)
    except msgspec.ValidationError as not_a_list:
        try:
            request = decode(data, Request, source=str(file))
        except LinkError as not_a_request:
            raise LinkError(
                f"{file} is neither a plugin's list (fx_name, parameters with index, name, texts): {not_a_list}; nor a "
                f"request that the scripts wrote: {not_a_request}"
            ) from not_a_request
        return tuple(_parameter_list(fx) for fx in request.fx)
    except (msgspec.DecodeError, RecursionError) as error:
        raise LinkError(f"{file} is no JSON: {error}. Give a plugin's list or a request of the scripts.") from error


def _parameter_list(fx: FxSnapshot) -> ParameterList:
    parameters = (
        ListedParameter(row.index, row.name, tuple(text for _, text in row.grid) or (row.text,))
        for row in fx.parameters
    )
    return ParameterList(fx.original_name, tuple(parameters), fx.type)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LinkError(f"{file} cannot be read: {error.strerror}. Give a request that the scripts wrote.") from error


def plugins_of(
    file: Path, *, named: Callable[[str, str], str] = lambda plugin, _fx_name: plugin
) -> tuple[list[str], list[str]]:
    """The VST3 plugins of a request as a chain names them ('vst3:ZamCompX2'), and the names of all other FX.

    Args:
        named: returns the name in full of a bundle's plugin, from 'vst3:BUNDLE' and REAPER's name of the FX.

    Raises LinkError where the file is no request, or holds no VST3 plugin.
    """
    data = _read(file)
    try:
        request = decode(data, Request, source=str(file))
    except LinkError as error:
        raise LinkError(f"{error} Give the file that the action Bridge: Learn this chain has written.") from error
    plugins, others = [], []
    for fx in request.fx:
        match = _VST3_FILE.search(fx.ident)
        if fx.type.upper().startswith("VST3") and match:
            plugins.append(named(f"vst3:{match[1]}", fx.original_name))
        else:
            others.append(fx.original_name)
    if not plugins:
        listed = ", ".join(others) or "nothing"
        raise LinkError(f"{file} holds no VST3 plugin, only {listed}. Only VST3 plugins can be learned.")
    return plugins, others
