"""FX chains that hold containers: the containers, how REAPER numbers what is in them, and how a chain sounds.

An FX in a container has a number from `IN_CONTAINER` on: the place of the container, counted from 1, and its own place
in there times one more than the FX of the chain; deeper ones go on in the same way. So every number in a container
changes when an FX is added to the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bridge.standin.fx.fx import FxState, StandInFx
from bridge.types import Audio

IN_CONTAINER = 0x2000000


class FxContainer(StandInFx):
    """REAPER 7's container: one FX of the chain, with a chain of its own in `fx`."""

    type = "Container"

    def __init__(self, touch: Callable[[], None]) -> None:
        super().__init__(name="Container", ident="Container", parameters=[], touch=touch, formats_values=True)
        self.fx: list[StandInFx] = []

    def _load(self, index: int) -> float:
        raise IndexError(index)

    def _store(self, index: int, normalized: float) -> None:
        raise IndexError(index, normalized)

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        return render_chain(self.fx, audio, sample_rate_hz)

    def _capture_extra(self) -> Any:
        return tuple((fx, fx.capture()) for fx in self.fx)

    def _restore_extra(self, extra: tuple[tuple[StandInFx, FxState], ...]) -> None:
        self.fx[:] = [fx for fx, _ in extra]
        for fx, state in extra:
            fx.restore(state)


def render_chain(chain: Sequence[StandInFx], audio: Audio, sample_rate_hz: float) -> Audio:
    """What leaves a chain. An FX that is parallel gets what the one before it got, and adds its sound to that one's."""
    entry = audio
    for fx in chain:
        if fx.is_parallel:
            audio = audio + fx.render(entry, sample_rate_hz)
        else:
            entry, audio = audio, fx.render(audio, sample_rate_hz)
    return audio


def every_fx(chain: Sequence[StandInFx]) -> Iterator[StandInFx]:
    """All FX of a chain; behind a container, what is in it."""
    for fx in chain:
        yield fx
        if isinstance(fx, FxContainer):
            yield from every_fx(fx.fx)


def chain_of(chain: Sequence[StandInFx], fx: StandInFx) -> tuple[FxContainer | None, list[StandInFx]]:
    """The container that holds an FX of the chain, None for the chain itself, and the FX beside it, itself included."""
    for container in every_fx(chain):
        if isinstance(container, FxContainer) and fx in container.fx:
            return container, container.fx
    return None, list(chain)


def find_fx(chain: Sequence[StandInFx], number: int) -> StandInFx | None:
    """The FX that REAPER's API finds under a number; None where there is none."""
    if not number & IN_CONTAINER:
        return chain[number] if 0 <= number < len(chain) else None
    rest, found = number - IN_CONTAINER, None
    while rest:
        rest, place = divmod(rest, len(chain) + 1)
        if not 1 <= place <= len(chain):
            return None
        found = chain[place - 1]
        if rest and not isinstance(found, FxContainer):
            return None
        chain = found.fx if isinstance(found, FxContainer) else ()
    return found


def number_of(chain: Sequence[StandInFx], fx: StandInFx) -> int:
    """The number under which REAPER's API finds an FX of the chain."""
    container, beside = chain_of(chain, fx)
    place = beside.index(fx)
    if container is None:
        return place
    return _contained_number(chain, container) + _width(chain, container) * (place + 1)


def _contained_number(chain: Sequence[StandInFx], fx: StandInFx) -> int:
    number = number_of(chain, fx)
    return number if number & IN_CONTAINER else IN_CONTAINER + number + 1


def _width(chain: Sequence[StandInFx], container: FxContainer) -> int:
    """What the place of an FX in a container counts for in its number."""
    outer, beside = chain_of(chain, container)
    return (len(beside) + 1) * (_width(chain, outer) if outer else 1)
