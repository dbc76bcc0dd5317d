"""Loaded plugins inside a worker: setting them, running them, and handing out one instance for each channel.

Runs only in a worker process, on its main thread, where plugins must be loaded. What a slot's scheme loads is looked
up in `LOADERS`. Nothing here knows of pipes or shared memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol, cast

import numpy as np
import pedalboard

from bridge.errors import PluginError, PluginMissing, PluginOutputInvalid
from bridge.plugins.chain.builtin import EFFECTS, AcceptedValues
from bridge.plugins.chain.chain import BUILTIN, VST3, Fingerprint, Slot, unique_names
from bridge.plugins.chain.control import Control
from bridge.plugins.worker.vst3_loader import load_vst3, refusal_of_channels
from bridge.types import Float32

PEDALBOARD_VERSION = version("pedalboard")

FLUSH_FRAMES = 512
CONTINUOUS_STEPS = 1000  # more steps than this: continuous, whatever `is_discrete` says
_READ_BACK_TOLERANCE = 0.02
_AWAY = 0.3  # of a range: more than one step of a coarse parameter


class Processor(Protocol):
    """What pedalboard's plugins and boards have in common."""

    def process(
        self, input_array: Float32, sample_rate: float, buffer_size: int = ..., reset: bool = ...
    ) -> Float32: ...

    def reset(self) -> None: ...


class Instance(Protocol):
    """One slot, loaded. `set` takes the slot's normalized values in the order of its controls."""

    slot: Slot
    fingerprint: Fingerprint
    vendor: str
    load_s: float
    channels: tuple[int, ...]

    @property
    def latency_samples(self) -> int: ...

    def set(self, normalized: Sequence[float], sample_rate_hz: int, *, is_moving: bool) -> None: ...

    def processors(self, channels: int) -> list[Processor]: ...


# ---------------------------------------------------------------- built-in effects


class BuiltinInstance:
    """One of pedalboard's own effects. Works on mono and stereo alike."""

    channels: tuple[int, ...] = (1, 2)
    vendor: str = "pedalboard"

    def __init__(self, slot: Slot, path: str = "") -> None:  # noqa: ARG002  (every loader takes a path)
        started = time.perf_counter()
        effect = getattr(pedalboard, slot.plugin_name, None)
        if effect is None or slot.plugin_name not in EFFECTS:
            raise PluginMissing(
                f"pedalboard {PEDALBOARD_VERSION} has no effect {slot.plugin_name}; install a newer pedalboard."
            )
        self.slot = slot
        self.effect = effect()
        self._accepts = EFFECTS[slot.plugin_name]
        self.fingerprint = Fingerprint(
            identifier=slot.plugin, version=PEDALBOARD_VERSION, parameters=tuple(self._accepts)
        )
        self.load_s = time.perf_counter() - started
        self._known: dict[str, tuple[float, int]] = {}

    @property
    def latency_samples(self) -> int:
        """Found by running it, as the effects do not report it: what a first block comes back short of."""
        block = np.zeros((1, 1 << 16), dtype=np.float32)
        self.effect.reset()
        returned = self.effect.process(block, 48_000, reset=False).shape[1]
        self.effect.reset()
        return block.shape[1] - int(returned)

    def set(self, normalized: Sequence[float], sample_rate_hz: int, *, is_moving: bool) -> None:  # noqa: ARG002
        for name, real_value in self.slot.fixed.items():
            self._put(name, real_value, sample_rate_hz)
        for control, value in zip(self.slot.controls, normalized, strict=True):
            if self._known.get(control.name) != (value, sample_rate_hz):
                self._put(control.name, _builtin_real(control, value), sample_rate_hz)
                self._known[control.name] = (value, sample_rate_hz)

    def processors(self, channels: int) -> list[Processor]:  # noqa: ARG002  (every layout is one instance)
        return [cast(Processor, self.effect)]

    def _put(self, name: str, real_value: float, sample_rate_hz: int) -> None:
        accepts = self._accepts[name]
        if accepts.choices:
            setattr(self.effect, name, _choice(self.effect, name, accepts, real_value))
            return
        low, high = accepts.limits(sample_rate_hz)
        setattr(self.effect, name, min(max(real_value, low), high))


def _builtin_real(control: Control, normalized: float) -> float:
    if control.choices:
        return float(min(max(int(normalized * len(control.choices)), 0), len(control.choices) - 1))
    return control.real_value(normalized)


def _choice(effect: object, name: str, accepts: AcceptedValues, index: float) -> object:
    kind = type(getattr(effect, name))
    return bool(index) if kind is bool else getattr(kind, accepts.choices[int(index)])


# ---------------------------------------------------------------- VST3 plugins


class Vst3Instance:
    """A VST3 plugin, by `raw_value` alone: pedalboard's named attributes probe a thousand texts each.

    Parameters are taken afresh from the plugin for every use: some rebuild their list while processing, and an
    object from before then points to freed memory.
    """

    def __init__(self, slot: Slot, path: str) -> None:
        self.slot = slot
        self._path = path
        started = time.perf_counter()
        self.plugin = self._load()
        self.load_s = time.perf_counter() - started
        self._plugins = [self.plugin]
        self._initialised = 0  # how many of them have been set once: what equals a default is written then, too
        self.vendor = str(self.plugin.manufacturer_name)
        names = unique_names([str(parameter.name) for parameter in self.plugin._parameters])
        self.fingerprint = Fingerprint(
            identifier=str(self.plugin.identifier), version=str(self.plugin.version), parameters=tuple(names)
        )
        self.channels = _accepted_channels(self.plugin, slot.plugin)
        self._send_shown_values(self.plugin)
        self._fixed = [(self._index(names, name), name, value) for name, value in slot.fixed.items()]
        self._controlled = [(self._index(names, control.name), control.name) for control in slot.controls]

    @property
    def latency_samples(self) -> int:
        return int(self.plugin.reported_latency_samples)

    def set(self, normalized: Sequence[float], sample_rate_hz: int, *, is_moving: bool) -> None:
        """Set, read back and, unless the stream is running, flush a block, as some take a value a block late."""
        wanted = list(self._fixed)
        for (index, name), value in zip(self._controlled, normalized, strict=True):
            wanted.append((index, name, min(max(float(value), 0.0), 1.0)))
        for number, plugin in enumerate(self._plugins):
            if _write(plugin, wanted, writes_all=number >= self._initialised) and not is_moving:
                self._flush(plugin, sample_rate_hz)
                _check_read_back(plugin, wanted, self.slot.plugin)
        self._initialised = len(self._plugins)

    def processors(self, channels: int) -> list[Processor]:
        """One for all channels, or one for each where the plugin is mono. A stereo plugin gets mono doubled."""
        needed = channels if self.channels == (1,) else 1
        while len(self._plugins) < needed:
            self._plugins.append(self._load())
            self._send_shown_values(self._plugins[-1])
        return [cast(Processor, plugin) for plugin in self._plugins[:needed]]

    def _load(self) -> pedalboard.VST3Plugin:
        return load_vst3(self.slot.plugin, self._path)

    def _send_shown_values(self, plugin: pedalboard.VST3Plugin) -> None:
        """Move every parameter away and back, with a block in between.

        A value equal to the one shown never reaches some plugins: their wrapper drops what changes nothing, and what
        the plugin computes from it stays unset.
        """
        shown = [float(parameter.raw_value) for parameter in plugin._parameters]
        movable = movable_parameters(plugin)
        steps = [int(plugin._parameters[place].num_steps) for place in movable]
        away = [_moved_away(shown[place], count) for place, count in zip(movable, steps, strict=True)]
        for values in (away, [shown[place] for place in movable]):
            for place, value in zip(movable, values, strict=True):
                plugin._parameters[place].raw_value = value
            self._flush(plugin, 48_000)

    def _index(self, names: list[str], name: str) -> int:
        if name not in names:
            raise PluginError(
                f"{self.slot.plugin} has no parameter {name!r} any more; calibrate the chain again with this version."
            )
        return names.index(name)

    def _flush(self, plugin: pedalboard.VST3Plugin, sample_rate_hz: int) -> None:
        """Without a reset: one between writing and processing loses what was set to a parameter's default."""
        block = np.zeros((self.channels[-1], FLUSH_FRAMES), dtype=np.float32)
        plugin.process(block, sample_rate_hz, reset=False)


def movable_parameters(plugin: pedalboard.VST3Plugin) -> list[int]:
    """Places of the parameters that may be moved; not of programs: choosing one sets others, and does not undo it."""
    return [
        place
        for place, parameter in enumerate(plugin._parameters)
        if parameter.is_automatable and "program" not in str(parameter.name).casefold()
    ]


def _moved_away(value: float, steps: int) -> float:
    away = 1 / (steps - 1) if 2 <= steps <= CONTINUOUS_STEPS else _AWAY
    return value + away if value + away <= 1.0 else value - away


def _accepted_channels(plugin: pedalboard.VST3Plugin, name: str) -> tuple[int, ...]:
    """By trying: (1, 2), (2,) or (1,)."""
    accepted, refusal = [], None
    for channels in (1, 2):
        try:
            plugin.process(np.zeros((channels, FLUSH_FRAMES), dtype=np.float32), 48_000, reset=True)
        except ValueError as error:
            refusal = refusal_of_channels(name, str(error))
            continue
        accepted.append(channels)
    if not accepted:
        raise refusal or PluginError(f"{name} takes neither mono nor stereo audio; choose another plugin.")
    return tuple(accepted)


def _write(plugin: pedalboard.VST3Plugin, wanted: list[tuple[int, str, float]], *, writes_all: bool) -> bool:
    """True if anything was written: what differs, or all."""
    parameters = plugin._parameters
    has_written = False
    for index, _, value in wanted:
        if writes_all or abs(parameters[index].raw_value - value) > 1e-7:
            parameters[index].raw_value = value
            has_written = True
    return has_written


def _check_read_back(plugin: pedalboard.VST3Plugin, wanted: list[tuple[int, str, float]], name: str) -> None:
    parameters = plugin._parameters
    for index, parameter_name, value in wanted:
        read = float(parameters[index].raw_value)
        steps = int(parameters[index].num_steps)
        tolerance = _READ_BACK_TOLERANCE if steps > CONTINUOUS_STEPS else 0.5 / max(steps - 1, 1) + 1e-3
        if not abs(read - value) <= tolerance:
            raise PluginError(
                f"{name} ignored {parameter_name} = {value:.4f} (it reads {read:.4f}); "
                "calibrate the chain again, or leave this parameter out."
            )


Loader = Callable[[Slot, str], Instance]
LOADERS: dict[str, Loader] = {BUILTIN: BuiltinInstance, VST3: Vst3Instance}
"""How each plugin scheme is loaded. Tests add a scheme whose plugins crash, hang and return NaN on purpose."""


# ---------------------------------------------------------------- running


def run_processors(
    processors: list[Processor], audio: Float32, sample_rate_hz: int, *, accepts: tuple[int, ...], reset: bool
) -> Float32:
    """Audio (channels, frames) through one slot: at once, channel by channel, or mono doubled and folded back."""
    if len(processors) > 1:
        parts = [
            processor.process(audio[channel : channel + 1], sample_rate_hz, reset=reset)
            for channel, processor in enumerate(processors)
        ]
        return np.concatenate(parts, axis=0)
    if audio.shape[0] not in accepts:
        doubled = processors[0].process(np.repeat(audio, 2, axis=0), sample_rate_hz, reset=reset)
        folded: Float32 = doubled.mean(axis=0, keepdims=True, dtype=np.float32)
        return folded
    return processors[0].process(audio, sample_rate_hz, reset=reset)


def check_output(audio: Float32, frames: int, plugin: str) -> None:
    """Raise PluginOutputInvalid for NaN, infinity, or more or fewer samples than `frames`."""
    if audio.shape[1] != frames:
        raise PluginOutputInvalid(
            f"{plugin} returned {audio.shape[1]:,} of {frames:,} samples; it changes the length and cannot be used."
        )
    if not math.isfinite(float(np.add.reduce(audio, axis=None))) and not np.isfinite(audio).all():
        share = 1.0 - float(np.isfinite(audio).mean())
        raise PluginOutputInvalid(
            f"{plugin} returned NaN or infinity in {share:.0%} of its samples at these settings; "
            "choose other settings, or another version of the plugin."
        )
