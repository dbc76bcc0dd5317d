"""Curves of a model whose settings move, as automation of the track's FX: in the FX's own values and in project time.

Only a control that stands at rest on the track may be automated: a curve begins and ends there, so that what lies
outside of the range goes on as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bridge.reaper.mapping.chain_mapping import UNMOVED, ChainMapping
from bridge.reaper.mapping.parameter_conversion import ParameterConversion
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import AutomationWrite, TimeRange

if TYPE_CHECKING:
    from bridge.automix.job import AutomationCurve

HOP_S = 0.005  # a curve is converted in steps of this
TOLERANCE = 0.004  # normalized: as far a thinned curve may lie from the whole one
LAW_POINTS = 257  # at which the conversion is computed; in between it is interpolated


def only_resting_controls(mapping: ChainMapping) -> ChainMapping:
    """The mapping with those controls free that stand at rest; the others are left alone."""
    free, left_alone = mapping.free.copy(), list(mapping.left_alone)
    for place, conversion in mapping.conversions.items():
        away = abs(float(mapping.current[place] - mapping.chain.neutral[place]))
        at_rest = max(UNMOVED, 2 * conversion.tolerance(conversion.binding.parameter.normalized))
        if free[place] and away > at_rest:
            free[place] = False
            left_alone.append(LeftAlone(what=conversion.control.label, kind=LeftAloneKind.IN_USE))
    return replace(mapping, free=free, left_alone=tuple(left_alone))


def automation_writes(
    mapping: ChainMapping, curves: Mapping[int, AutomationCurve], time_range: TimeRange
) -> tuple[AutomationWrite, ...]:
    """The writes for `curves`, by the place of the control in the chain; their times count from the range's start."""
    return tuple(
        curve_write(mapping.conversions[place], curve, time_range)
        for place, curve in curves.items()
        if place in mapping.conversions
    )


def curve_write(
    conversion: ParameterConversion, curve: AutomationCurve, time_range: TimeRange, tolerance: float = TOLERANCE
) -> AutomationWrite:
    """The write for one curve of a control, thinned to breakpoints within `tolerance` of the FX's normalized values."""
    from bridge.automix.automation.curves import thin_curve

    length_s = time_range.end_s - time_range.start_s
    breakpoints_s = curve.times_s[curve.times_s <= length_s]
    times_s = np.unique(np.concatenate([breakpoints_s, np.arange(0.0, length_s, HOP_S), [length_s]]))
    values = curve.at(times_s)
    law_at = np.linspace(values.min(), values.max(), LAW_POINTS)
    law = np.clip([conversion.to_fx(float(value)) for value in law_at], 0.0, 1.0)
    thinned = thin_curve(times_s, np.interp(values, law_at, law), tolerance)
    parameter = conversion.binding.parameter
    points = zip(thinned.times_s, thinned.values, strict=True)
    return AutomationWrite(
        fx_guid=conversion.binding.fx.guid,
        ident=parameter.ident,
        index=parameter.index,
        points=tuple((time_range.start_s + float(t), float(v)) for t, v in points),
        control=conversion.control.label,
        unit=conversion.control.unit,
    )
