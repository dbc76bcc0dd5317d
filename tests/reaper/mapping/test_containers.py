"""FX in containers and parameters that something else moves: what of them is set, rendered, left alone and named."""

from __future__ import annotations

import msgspec
import pytest
from snapshot_builder import SnapshotBuilder

from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.limiters import find_end_limiter
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, Modulation
from bridge.reaper.protocol.left_alone import FxMode, LeftAloneKind, ModulationKind

DESK = SnapshotBuilder()


def chain_of(*fx: FxSnapshot, **container: object) -> list[FxSnapshot]:
    """FX in a container in a container, in the places that a request gives them."""
    outer = DESK.fx("Container", (), type="Container", name="Outer", **container)
    inner = DESK.fx("Container", (), type="Container", name="Inner", container=outer.guid)
    held = (msgspec.structs.replace(one, container=inner.guid) for one in fx)
    return [msgspec.structs.replace(one, index=place) for place, one in enumerate((outer, inner, *held))]


def mapped(fx_chain: list[FxSnapshot]) -> ChainMapping:
    return map_chain(DESK.strip(), fx_chain)


def kinds(mapping: ChainMapping) -> set[tuple[LeftAloneKind, str]]:
    return {(row.kind, row.fx) for row in mapping.left_alone}


def test_a_container_that_only_holds_its_fx_is_as_if_it_were_not_there() -> None:
    pair = DESK.rea_eq(), DESK.rea_comp()
    plain, contained = mapped([*pair]), mapped(chain_of(*pair))
    assert contained.free.tolist() == plain.free.tolist()
    assert [slot.name for slot in contained.proxy.chain.slots] == [slot.name for slot in plain.proxy.chain.slots]
    assert (contained.missing, contained.unrendered) == ((), ())
    assert kinds(contained) == kinds(plain)


@pytest.mark.parametrize("off", [{"enabled": False}, {"offline": True}])
def test_nothing_is_set_in_a_container_that_is_off_and_nothing_added_beside_it(off: dict[str, bool]) -> None:
    mapping = mapped(chain_of(DESK.rea_eq(), DESK.rea_comp(), **off))
    assert not mapping.free.any()
    assert (mapping.missing, mapping.unrendered) == ((), ()), "it is not heard"
    assert (LeftAloneKind.CONTAINER_OFF, "Outer") in kinds(mapping)


@pytest.mark.parametrize("odd", [{"wet": 0.5}, *({"modes": (mode,)} for mode in FxMode)])
def test_a_container_that_does_more_voids_the_judgement(odd: dict[str, object]) -> None:
    mapping = mapped(chain_of(DESK.rea_eq(), DESK.rea_comp(), **odd))
    assert not mapping.free.any()
    assert mapping.missing == ()
    assert mapping.unrendered == ("Outer",)
    assert (LeftAloneKind.CONTAINER_CHANGES_IT, "Outer") in kinds(mapping)


def test_a_pair_beside_such_a_container_is_not_judged_either() -> None:
    inside = chain_of(DESK.rea_eq(), wet=0.5)
    beside = [msgspec.structs.replace(fx, index=place + 3) for place, fx in enumerate((DESK.rea_eq(), DESK.rea_comp()))]
    assert mapped([*inside, *beside]).unrendered == ("Outer",)


def test_containers_that_name_each_other_end() -> None:
    first = DESK.fx("Container", (), type="Container", name="A")
    second = DESK.fx("Container", (), type="Container", name="B", container=first.guid)
    mapped([msgspec.structs.replace(first, container=second.guid), second])


def test_a_limiter_in_a_container_that_is_off_ends_no_chain() -> None:
    limiter = DESK.fx("ReaLimit", ())
    assert find_end_limiter(chain_of(limiter)) == limiter.guid
    assert find_end_limiter(chain_of(limiter, enabled=False)) == ""


# ---------------------------------------------------------------- parameters that something else moves


def moved(fx: FxSnapshot, name: str, modulation: Modulation) -> FxSnapshot:
    """The FX with one of its parameters moved by something else."""
    parameters = (msgspec.structs.replace(p, modulation=modulation) if p.name == name else p for p in fx.parameters)
    return msgspec.structs.replace(fx, parameters=tuple(parameters))


def free_controls(mapping: ChainMapping) -> set[str]:
    return {c.label for c, is_free in zip(mapping.chain.controls, mapping.free, strict=True) if is_free}


@pytest.mark.parametrize("kind", [ModulationKind.LFO, ModulationKind.AUDIO, ModulationKind.LINK])
@pytest.mark.parametrize("name", ["Thresh", "Dry"])
def test_an_fx_that_moves_by_itself_is_not_set_and_cannot_be_judged_beside(kind: ModulationKind, name: str) -> None:
    comp = moved(DESK.rea_comp(), name, Modulation(kind=kind))
    mapping = mapped([DESK.rea_eq(), comp])
    assert not any(label.startswith("compressor") for label in free_controls(mapping))
    assert mapping.unrendered == (comp.name,)
    (row,) = (row for row in mapping.left_alone if row.kind is LeftAloneKind.MODULATED)
    assert (row.what, row.parameter, row.modulation) == (comp.name, name, kind)


def test_both_ends_of_a_link_stay_and_all_else_is_set() -> None:
    comp = DESK.rea_comp()
    thresh = next(p for p in comp.parameters if p.name == "Thresh")
    equaliser = DESK.rea_eq()
    link = Modulation(kind=ModulationKind.LINK, fx_guid=comp.guid, index=thresh.index)
    gain = next(
        p for p in equaliser.parameters if p.eq and (p.eq.band_type, p.eq.band_index, p.eq.kind) == (2, 0, "gain")
    )
    every = free_controls(mapped([equaliser, comp]))
    mapping = mapped([moved(equaliser, gain.name, link), comp])
    assert every - free_controls(mapping) == {"peak_low.gain_db", "compressor.threshold_db"}
    assert mapping.unrendered == ()
    assert {row.kind for row in mapping.left_alone} >= {LeftAloneKind.MODULATED, LeftAloneKind.LINK_SOURCE}


def test_a_parameter_linked_to_midi_stays() -> None:
    comp = moved(DESK.rea_comp(), "Ratio", Modulation(kind=ModulationKind.MIDI))
    every, left = (free_controls(mapped([DESK.rea_eq(), one])) for one in (DESK.rea_comp(), comp))
    assert every - left == {"compressor.ratio"}
