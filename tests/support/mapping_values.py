"""Ways to read a mapping in tests: by slot.control and in real values."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
from reaper_session import RATE_HZ

from bridge.decibels import power_to_db
from bridge.reaper.protocol.left_alone import LeftAlone


def kinds(mapping, what: str) -> list[str]:
    """Why something was left alone."""
    return [row.kind for row in mapping.left_alone if row.what == what]


def reason(mapping, what: str) -> LeftAlone:
    """The one reason why something was left alone."""
    (row,) = (row for row in mapping.left_alone if row.what == what)
    return row


def real(mapping, label: str, values) -> float:
    index = mapping.chain.index(label)
    return mapping.chain.controls[index].real_value(float(values[index]))


def judged_slots(mapping) -> list[str]:
    return [slot.name for slot in mapping.proxy.chain.slots]


def judged(mapping, settings) -> dict[str, float]:
    """What is rendered for `settings`, as real values by slot.control."""
    row = mapping.proxy_values(settings)
    controls = mapping.proxy.chain.controls
    return {c.label: c.real_value(float(value)) for c, value in zip(controls, row, strict=True)}


def changed(fx, wanted: str, **fields):
    """`fx` with fields of the parameter called `wanted` replaced."""
    parameters = tuple(msgspec.structs.replace(p, **fields) if p.name == wanted else p for p in fx.parameters)
    assert parameters != fx.parameters, wanted
    return msgspec.structs.replace(fx, parameters=parameters)


def with_real(mapping, **wanted) -> np.ndarray:
    """Current settings with some controls (slot__name=real value) moved."""
    values = mapping.current.copy()
    for name, value in wanted.items():
        slot, _, control = name.partition("__")
        index = mapping.chain.index(f"{slot}.{control}")
        values[index] = mapping.chain.controls[index].normalized(value)
    return values


def largest_difference_db(one: np.ndarray, other: np.ndarray) -> float:
    """Of the levels in octaves from 44 Hz: below, a cut that is off is not wholly so, and phases are not heard."""
    edges_hz = 44.0 * 2.0 ** np.arange(10)
    hz = np.fft.rfftfreq(one.shape[1], 1 / RATE_HZ)
    power = [np.square(np.abs(np.fft.rfft(audio))).sum(axis=0) for audio in (one, other)]
    octaves = [(hz >= low) & (hz < high) for low, high in pairwise(edges_hz)]
    return float(max(abs(power_to_db(power[0][band].sum() / power[1][band].sum(), floor=0.0)) for band in octaves))
