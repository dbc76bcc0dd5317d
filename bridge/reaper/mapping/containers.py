"""FX chains with containers, as they act: what is in a container that is a chain and no more acts as if it stood there.

Where a container is off, nothing in it is heard; where it does more than hold its FX (mixes the untouched sound in,
takes other channels, runs in parallel), what is heard of them is more than they do, and they are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from bridge.reaper.protocol.fx_snapshot import FULLY_WET, FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind

CONTAINER = "Container"


class OpenedChain(NamedTuple):
    """FX without the containers that only hold them, and why some of them are left alone, by GUID: these stand as
    bypassed. A container that does more stands for what is in it, and cannot be rendered."""

    fx: tuple[FxSnapshot, ...]
    held_back: Mapping[str, LeftAlone]


def open_containers(fx_chain: Sequence[FxSnapshot]) -> OpenedChain:
    """The FX of a track as they act, in their order."""
    containers = {fx.guid: fx for fx in fx_chain if fx.type == CONTAINER}
    acting: list[FxSnapshot] = []
    held_back: dict[str, LeftAlone] = {}
    for fx in fx_chain:
        outer = _containers_of(fx, containers)
        is_off = any(not container.enabled or container.offline for container in outer)
        odd = next((c for c in outer if not _is_plain(c)), None)
        if fx.type == CONTAINER:
            if fx.enabled and not fx.offline and not is_off and odd is None and not _is_plain(fx):
                acting.append(fx)
            continue
        if outer and (is_off or odd is not None):
            kind = LeftAloneKind.CONTAINER_OFF if is_off else LeftAloneKind.CONTAINER_CHANGES_IT
            off = next((c for c in outer if not c.enabled or c.offline), None)
            held_back[fx.guid] = LeftAlone(what=fx.name, kind=kind, fx=(off or odd or outer[0]).name)
            fx = msgspec.structs.replace(fx, enabled=False)
        acting.append(fx)
    return OpenedChain(tuple(acting), held_back)


def before_tap(fx_chain: Sequence[FxSnapshot], tap: str) -> frozenset[str]:
    """The GUIDs of the FX whose work is in a sound that was taken before the FX `tap`; a container that holds that one
    is none of them. Nothing where the sound was taken before all FX (''), or `tap` is gone."""
    place = next((place for place, fx in enumerate(fx_chain) if fx.guid == tap), 0)
    containers = {fx.guid: fx for fx in fx_chain if fx.type == CONTAINER}
    around = {fx.guid for fx in _containers_of(fx_chain[place], containers)} if place else set()
    return frozenset(fx.guid for fx in fx_chain[:place] if fx.guid not in around)


def _containers_of(fx: FxSnapshot, containers: Mapping[str, FxSnapshot]) -> list[FxSnapshot]:
    """The containers that an FX is in, the innermost one first."""
    outer: list[FxSnapshot] = []
    while (container := containers.get(fx.container)) is not None and container not in outer:
        outer.append(container)
        fx = container
    return outer


def _is_plain(container: FxSnapshot) -> bool:
    """Whether a container that is on only holds its FX."""
    return container.wet >= FULLY_WET and not container.modes
