"""A plugin of the track as it is rendered: a slot of constant values, and what else hosting it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bridge.plugins.chain.chain import Slot
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.types import Float64

Response = Callable[[Mapping[int, float]], "Float64 | None"]
"""The response of a hosted plugin in dB at `filters.frequencies_hz`, with some parameters (by index) at other
normalized values; None where it cannot be rendered so."""


class ContextSlot(NamedTuple):
    """What an FX does beside the model's slots: a slot of constant values.

    Of a plugin that stands for a slot itself, only the settings that are none of the slot's count.

    Attributes:
        places: of a hosted plugin, the place of each parameter of the FX, by its index, among the slot's controls.
        texts: what it displays over the range of each parameter, by index.
        response: measures it.
    """

    fx: FxSnapshot
    slot: Slot
    values: tuple[float, ...]
    places: Mapping[int, int] = {}
    texts: Mapping[int, tuple[tuple[float, str], ...]] = {}
    response: Response | None = None


HostFx = Callable[[FxSnapshot], ContextSlot | LeftAlone]
"""A plugin of the track as Bridge hosts it, with the state that REAPER shows; or why it cannot."""
