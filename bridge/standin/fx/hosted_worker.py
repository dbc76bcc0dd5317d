"""The process in which one real VST3 plugin of the stand-in runs. Requests and replies are frames on its standard
input and output: a line of JSON, then audio. Whatever the plugin prints goes nowhere.

    python hosted_worker.py PLUGIN_FILE
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from pedalboard._pedalboard import load_plugin

Audio = npt.NDArray[np.float32]  # not bridge's: this file is run by its path, without the package
Frame = tuple[dict[str, Any], Audio | None]


def write_frame(stream: IO[bytes], head: dict[str, Any], audio: Audio | None) -> None:
    body = b"" if audio is None else np.ascontiguousarray(audio, dtype=np.float32).tobytes()
    head = head | {"bytes": len(body), "channels": 0 if audio is None else len(audio)}
    stream.write(json.dumps(head).encode() + b"\n" + body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Return the next frame; None where the other side has ended."""
    line = stream.readline()
    if not line:
        return None
    head = json.loads(line)
    body = stream.read(head["bytes"])
    return head, np.frombuffer(body, np.float32).reshape(head["channels"], -1).copy() if head["channels"] else None


def describe(plugin: Any) -> dict[str, Any]:
    """Return the plugin as REAPER would list it."""
    parameters = [
        {
            "name": p.name,
            "default": p.raw_value,
            "steps": p.num_steps if p.is_discrete and 2 <= p.num_steps <= 1000 else 0,
            "is_toggle": bool(p.is_boolean),
        }
        for p in plugin._parameters
    ]
    return {"name": plugin.name, "vendor": plugin.manufacturer_name, "parameters": parameters}


def process(plugin: Any, audio: Audio, sample_rate_hz: float) -> Audio:
    """Return the plugin's output; a mono plugin processes the channels one after the other."""
    try:
        return np.asarray(plugin.process(audio, sample_rate_hz, reset=True))
    except ValueError:
        parts = [plugin.process(channel[np.newaxis], sample_rate_hz, reset=True)[:1] for channel in audio]
        return np.concatenate(parts)


def handle(plugin: Any, request: dict[str, Any], audio: Audio | None) -> Frame:
    """Carry out one request. Parameters are looked up anew each time: some plugins rebuild their list."""
    match request["do"]:
        case "describe":
            return describe(plugin), None
        case "set":
            parameter = plugin._parameters[request["index"]]
            parameter.raw_value = request["value"]
            return {"value": plugin._parameters[request["index"]].raw_value}, None
        case "text":
            return {"text": plugin._parameters[request["index"]].get_text_for_raw_value(request["value"])}, None
    assert audio is not None
    return {}, process(plugin, audio, request["sample_rate_hz"])


def main(file: str) -> None:
    output = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    plugin = load_plugin(file)
    while frame := read_frame(sys.stdin.buffer):
        write_frame(output, *handle(plugin, *frame))
    output.close()
    os._exit(0)  # plugins print and may crash while they are unloaded


if __name__ == "__main__":
    main(sys.argv[1])
