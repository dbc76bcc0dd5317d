"""What the bands of a hosted equaliser really do: how wide bells are, how steep shelves, what a fader takes along.

What a band displays as its width says little: some show octaves and mean something else. So bands are set and measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from bridge.reaper.mapping.recognised.band_fit import Axes, UsedBand
from bridge.reaper.mapping.recognised.band_settings import band_settings
from bridge.reaper.mapping.recognised.equaliser import Band, BandState, Equaliser, with_present
from bridge.reaper.mapping.recognised.filters import CUTS, Shape
from bridge.types import Float64

PROBE_DB = 6.0
LEAST_DB = 0.5
"""A band that does less than this, asked for `PROBE_DB`, is dead."""

MIDDLE_HZ = 1000.0
WIDTHS = (0.03, 0.15, 0.3, 0.5, 0.7, 0.85, 0.97)
"""Normalized values of a width that are tried."""

_QS = np.geomspace(0.15, 8.0, 72)
_Response = Callable[[Mapping[int, float]], "Float64 | None"]


def measured_equaliser(equaliser: Equaliser, response: _Response, axes: Axes) -> Equaliser:
    """The equaliser with its bands as they are measured, without those that are dead."""
    found = (measured_band(band, response, axes) if set(band.shapes) - set(CUTS) else band for band in equaliser.bands)
    return replace(equaliser, bands=tuple(band for band in found if band is not None))


def measured_band(band: Band, response: _Response, axes: Axes) -> Band | None:
    """A band as it is measured; None for one that does nothing, or of which nothing can be measured."""
    if band.gain is None:
        return None
    shape = next(s for s in (Shape.BELL, *band.shapes) if s in band.shapes and s not in CUTS)
    state = _probe(band, shape)
    measured = _effect_db(band, state, response)
    if measured is None or np.abs(measured).max() < LEAST_DB:
        return None
    if band.freq is None:
        found = replace(band, per_db=measured / state.gain_db)
    elif band.q is None:
        found = replace(band, fixed_q=_q_of(measured, state, axes))
    else:
        found = _with_width(band, state, response, axes)
    return with_present(replace(found, present=None))


def _probe(band: Band, shape: Shape) -> BandState:
    """A band set so that much of it is seen."""
    assert band.gain is not None
    freq_hz = band.freq.nearest(MIDDLE_HZ) if band.freq is not None else band.fixed_hz
    return replace(band.state(shape), freq_hz=freq_hz, gain_db=band.gain.nearest(PROBE_DB))


def _effect_db(band: Band, state: BandState, response: _Response) -> Float64 | None:
    """What the gain of a band makes of the response."""
    asked = {s.parameter.index: s.normalized for s in band_settings(UsedBand(band, state))}
    silent = {s.parameter.index: s.normalized for s in band_settings(UsedBand(band, replace(state, gain_db=0.0)))}
    with_gain, without = response(asked), response(silent)
    return None if with_gain is None or without is None else with_gain - without


def _q_of(measured: Float64, state: BandState, axes: Axes) -> float:
    """The Q of the textbook filter that is nearest to what was measured."""
    errors = [np.abs(measured - axes.response_db(replace(state, q=float(q)))).max() for q in _QS]
    return float(_QS[int(np.argmin(errors))])


def _with_width(band: Band, state: BandState, response: _Response, axes: Axes) -> Band:
    """A band with the law of its width as measured; as it displays it where that is no law."""
    assert band.q is not None
    points = []
    for normalized in WIDTHS:
        asked = {s.parameter.index: s.normalized for s in band_settings(UsedBand(band, state))}
        width = {band.q.parameter.index: normalized}
        silent = {s.parameter.index: s.normalized for s in band_settings(UsedBand(band, replace(state, gain_db=0.0)))}
        with_gain, without = response(asked | width), response(silent | width)
        if with_gain is None or without is None:
            return band
        q = _q_of(with_gain - without, state, axes)
        if _QS[0] < q < _QS[-1]:
            points.append((normalized, q))
    values = np.array([q for _, q in points])
    if len(points) < 2 or band.q.steps or not (np.all(np.diff(values) > 0) or np.all(np.diff(values) < 0)):
        return band
    return replace(band, q=replace(band.q, measured=tuple(sorted(points, key=lambda point: point[1]))))
