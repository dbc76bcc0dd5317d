"""The process in which one real VST3 plugin of the stand-in lives. It speaks on its first standard output only:
a line of JSON, then as many bytes as the line says. Whatever the plugin prints goes nowhere.

    python hosted_worker.py PLUGIN_FILE
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from pedalboard._pedalboard import load_plugin

from bridge.types import Float32


def describe(plugin: Any) -> dict[str, Any]:
    """The plugin as REAPER would list it."""
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


def process(plugin: Any, audio: Float32, sample_rate_hz: float) -> Float32:
    """The plugin's output; a mono plugin hears the channels one after the other."""
    try:
        return np.asarray(plugin.process(audio, sample_rate_hz, reset=True))
    except ValueError:
        parts = [plugin.process(channel[np.newaxis], sample_rate_hz, reset=True)[:1] for channel in audio]
        return np.concatenate(parts)


def answer(plugin: Any, question: dict[str, Any], audio: Float32 | None) -> tuple[dict[str, Any], bytes]:
    # parameters are looked up anew each time: some plugins rebuild their list
    if question["do"] == "describe":
        return describe(plugin), b""
    if question["do"] == "set":
        for index, value in question["values"]:
            plugin._parameters[index].raw_value = value
        return {"values": [plugin._parameters[index].raw_value for index, _ in question["values"]]}, b""
    if question["do"] == "text":
        return {"text": plugin._parameters[question["index"]].get_text_for_raw_value(question["value"])}, b""
    assert audio is not None
    output = process(plugin, audio, question["sample_rate_hz"])
    return {}, np.ascontiguousarray(output, dtype=np.float32).tobytes()


def serve(plugin: Any, questions: BinaryIO, answers: BinaryIO) -> None:
    for line in questions:
        question = json.loads(line)
        audio = None
        if question["bytes"]:
            audio = np.frombuffer(questions.read(question["bytes"]), np.float32).reshape(question["channels"], -1)
        head, body = answer(plugin, question, audio)
        answers.write(json.dumps(head | {"bytes": len(body)}).encode() + b"\n" + body)
        answers.flush()


def main(arguments: Sequence[str]) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    serve(load_plugin(arguments[0]), sys.stdin.buffer, answers)
    answers.close()
    os._exit(0)  # plugins print and may crash while they are unloaded


if __name__ == "__main__":
    main(sys.argv[1:])
