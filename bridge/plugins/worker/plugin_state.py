"""Giving a plugin the state that another host shows, and what it shows then. Runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.errors import PluginError
from bridge.plugins.worker import protocol
from bridge.plugins.worker.instances import (
    Instance,
    Vst3Instance,
    check_output,
    movable_parameters,
    run_processors,
)
from bridge.plugins.worker.probe import SAMPLE_RATE_HZ, probe_signal

GRID = tuple(point / 64 for point in range(65))
"""Where the texts of a parameter are asked for."""


def try_state(instance: Instance, normalized: Mapping[str, float]) -> protocol.TryStateReply:
    """Set all parameters of a plugin that hosts may set and `normalized` names; read them back and render once.

    Raises PluginError for a plugin that is no VST3 plugin or renders nothing usable so.
    """
    if not isinstance(instance, Vst3Instance):
        raise PluginError("Only VST3 plugins show their state to other hosts.")
    names = instance.fingerprint.parameters
    settable = movable_parameters(instance.plugin)
    for _ in range(2):  # a parameter may move others: the second time all of them stand
        parameters = instance.plugin._parameters
        for index in settable:
            if (value := normalized.get(names[index])) is not None:
                parameters[index].raw_value = min(max(value, 0.0), 1.0)
        _render(instance, np.zeros((instance.channels[-1], 512), dtype=np.float32))
    shown = tuple(_shown(instance, index, names[index]) for index in settable)
    _render(instance, probe_signal(instance.channels[-1]))
    return protocol.TryStateReply(fingerprint=instance.fingerprint, parameters=shown)


def _shown(instance: Vst3Instance, index: int, name: str) -> protocol.ShownParameter:
    parameter = instance.plugin._parameters[index]
    texts = tuple((point, str(parameter.get_text_for_raw_value(point)).strip()) for point in GRID)
    return protocol.ShownParameter(name, float(parameter.raw_value), str(parameter.string_value).strip(), texts)


def _render(instance: Vst3Instance, audio: np.ndarray) -> None:
    rendered = run_processors(
        instance.processors(1), audio, SAMPLE_RATE_HZ, accepts=instance.channels, reset=audio.any().item()
    )
    check_output(rendered, audio.shape[1], instance.slot.plugin)
