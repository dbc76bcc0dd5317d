"""The answer of a model whose settings move in time: curves for the track's FX, in project time.

Only controls that stand at rest on the track may move: a curve begins and ends there, so that what lies outside of
the request's range goes on as it was. What is judged is the track's chain as the curves drive it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bridge.daemon.replies import unchanged_reply
from bridge.errors import LinkError
from bridge.reaper.describe import describe_left_alone
from bridge.reaper.mapping.chain_mapping import UNMOVED, map_chain
from bridge.reaper.mapping.chain_mapping import ChainMapping as ChainMapping
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import SCHEMA, AutomationWrite, Change, Reply, Request
from bridge.types import Float32

if TYPE_CHECKING:
    from bridge.automix.job import AutomixResult, Curve
    from bridge.automix.pipeline import Automix
    from bridge.reaper.mapping.parameter_conversion import ParameterConversion

    Progress = Callable[[float, str], None]


HOP_S = 0.005  # a curve crosses to the FX's own law in steps of this
TOLERANCE = 0.004  # normalized: as far a thinned curve may lie from the whole one
LAW_POINTS = 65  # at which it is looked how a control of the model moves one of the judged chain
ACTION = '"Bridge: Write as automation"'


def handle_automation(request: Request, excerpts: list[Float32], automix: Automix, progress: Progress) -> Reply:
    """Curves over the request's range, or why there are none. Raises BridgeError where the answer is an error."""
    from bridge.automix.describe import describe_decision

    name = automix.model.name
    if not request.options.automation:
        return unchanged_reply(request, name, f"The settings of {name} move in time: run {ACTION}.")
    if len(excerpts) != 1:
        raise LinkError(
            f"{name} needs all of the range, and the request holds {len(excerpts)} parts. Select less of it."
        )
    mapping = map_chain(automix.model.chain, request.fx)
    free, left_alone = _free(mapping)
    if not free:
        told = "; ".join(f"{what}: {why}" for what, why in describe_left_alone(left_alone)[:3])
        return unchanged_reply(
            request, name, f"Nothing to move by {name}. {told}.{_told_rest(name, mapping)}", left_alone
        )
    rest = _told_rest(name, mapping)
    movement = _run(request, excerpts[0], automix, mapping, free, progress)
    message = describe_decision(movement.decision) + rest
    if not movement.applied:
        return unchanged_reply(request, name, message, left_alone)
    moved = [(mapping.conversions[place], curve) for place, curve in movement.curves.items()]
    return Reply(
        schema=SCHEMA,
        id=request.id,
        status="apply",
        message=message,
        model=name,
        undo_text=f"Bridge: {name}",
        project_change_count=request.project.change_count,
        writes=_standing_writes(mapping, movement.curves),
        curves=tuple(_write(request, translation, curve) for translation, curve in moved),
        changes=tuple(_change(translation, curve, movement) for translation, curve in moved),
        left_alone=left_alone,
    )


def _told_rest(name: str, mapping: ChainMapping) -> str:
    """Which part of the model does nothing in REAPER, and where it does; '' where all of it can."""
    if not mapping.unsupported:
        return ""
    rest = ", ".join(mapping.unsupported)
    files = f"reaper-bridge automix FILE --model {name}"
    return f" Without {rest}, which REAPER's own FX cannot do: for all of it, {files}."


def _free(mapping: ChainMapping) -> tuple[set[int], tuple[LeftAlone, ...]]:
    """The places of the controls that may move, and what may not."""
    free, left_alone = set(), list(mapping.left_alone)
    for place in mapping.conversions:
        if not mapping.free[place]:
            continue
        if abs(float(mapping.current[place] - mapping.chain.neutral[place])) > _at_rest(mapping.conversions[place]):
            label = mapping.conversions[place].control.label
            left_alone.append(LeftAlone(what=label, kind=LeftAloneKind.IN_USE))
        else:
            free.add(place)
    return free, tuple(left_alone)


def _at_rest(translation: ParameterConversion) -> float:
    """How far a setting may lie from rest and still display it."""
    return max(UNMOVED, 2 * translation.tolerance(translation.binding.parameter.normalized))


def _run(
    request: Request, audio: Float32, automix: Automix, mapping: ChainMapping, free: set[int], progress: Progress
) -> AutomixResult:
    """What the model makes of the track, as its own chain sounds."""
    from bridge.automix.job import AutomixJob, ProxyChain

    job = AutomixJob(
        excerpts=[audio],
        sample_rate_hz=request.audio.sample_rate_hz,
        current=mapping.current,
        free=np.isin(np.arange(len(mapping.current)), list(free)),
        amount_percent=request.options.amount_percent,
        proxy=ProxyChain(mapping.proxy_chain, mapping.proxy_values),
    )
    return automix.run(job, progress=progress)


# ---------------------------------------------------------------- in REAPER's words


def _write(request: Request, translation: ParameterConversion, curve: Curve) -> AutomationWrite:
    """The curve in the FX's own law and in project time, thinned."""
    from bridge.automix.automation.curves import thin_curve

    start_s, length_s = request.range.start_s, request.range.end_s - request.range.start_s
    grid = np.arange(0.0, length_s, HOP_S)
    times_s = np.unique(np.concatenate([curve.times_s[curve.times_s <= length_s], grid, [length_s]]))
    values = curve.at(times_s)
    law_at = np.linspace(values.min(), values.max(), 4 * LAW_POINTS)
    law = np.array([min(max(translation.to_fx(float(value)), 0.0), 1.0) for value in law_at])
    thinned = thin_curve(times_s, np.interp(values, law_at, law), TOLERANCE)
    parameter = translation.binding.parameter
    return AutomationWrite(
        fx_guid=translation.binding.fx.guid,
        ident=parameter.ident,
        index=parameter.index,
        points=tuple((start_s + float(t), float(v)) for t, v in zip(thinned.times_s, thinned.values, strict=True)),
        control=translation.control.label,
        unit=translation.control.unit,
    )


def _standing_writes(mapping: ChainMapping, curves: Mapping[int, Curve]) -> tuple:  # type: ignore[type-arg]
    """What must stand at one value for the curves to mean what was judged: the fixed settings of their slots."""
    farthest = mapping.current.copy()
    for place, curve in curves.items():
        farthest[place] = curve.values[np.abs(curve.values - mapping.current[place]).argmax()]
    moving = {(w.binding.fx.guid, w.binding.parameter.index) for w in (mapping.conversions[p] for p in curves)}
    return tuple(write for write in mapping.writes(farthest) if (write.fx_guid, write.index) not in moving)


def _change(translation: ParameterConversion, curve: Curve, movement: AutomixResult) -> Change:
    """The farthest point of a curve as people read it. How sure it is: the share of places that the guard let pass."""
    rest = float(curve.values[0])
    farthest = float(curve.values[np.abs(curve.values - rest).argmax()])
    places, refused = movement.decision.regions, movement.decision.reverted_regions
    return Change(
        slot=translation.control.slot,
        plugin=translation.binding.fx.name,
        control=translation.control.name,
        unit=translation.control.unit,
        before=translation.control.real_value(rest),
        after=translation.control.real_value(farthest),
        text=translation.text(translation.written(farthest)),
        confidence=places / (places + refused),
        reason=f"Moves in time: the value is its farthest, in {places} places.",
    )
