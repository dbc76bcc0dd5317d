"""Ways to read a mapping in tests: by slot.control and in real values."""

from __future__ import annotations

import msgspec
import numpy as np

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
    return [slot.name for slot in mapping.proxy_chain.slots]


def judged(mapping, settings) -> dict[str, float]:
    """What is rendered for `settings`, as real values by slot.control."""
    row = mapping.proxy_values(settings)
    controls = mapping.proxy_chain.controls
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
