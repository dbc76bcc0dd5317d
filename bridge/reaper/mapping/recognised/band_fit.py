"""Which settings of an equaliser's bands come nearest to a wanted response.

Bands are given to what is wanted by shape and frequency; from there least squares (Levenberg-Marquardt) over what is
continuous, one step after the other for what has steps. Responses of bands add up in dB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import log2

import numpy as np

from bridge.reaper.mapping.recognised.equaliser import Band, BandState, Key
from bridge.reaper.mapping.recognised.filters import CUTS, FLOOR_DB, Shape, response_db
from bridge.reaper.mapping.recognised.settable import Settable
from bridge.types import Float64

CLOSE_ENOUGH_DB = 0.4
"""A response that is nowhere farther off is not bettered by using more bands."""

NEGLIGIBLE_DB = 0.2
"""Gains of less are not set."""

NEAREST_BANDS, MOST_BANDS = 5, 32
STEPS, DAMPING = 12, 1e-2
MANY_BANDS, REWEIGHTINGS = 8, 8
_KEYS: tuple[Key, ...] = ("freq_hz", "gain_db", "q")
_COARSEST_FIRST: tuple[Key, ...] = ("freq_hz", "q", "gain_db")
_NUDGES = {"freq_hz": 0.02, "gain_db": 0.1, "q": 0.03}  # octaves, dB, octaves
_PULL = {"freq_hz": 0.02, "gain_db": 0.003, "q": 0.03}  # what a unit of movement costs in dB


@dataclass(frozen=True)
class UsedBand:
    """A band and what it is set to."""

    band: Band
    state: BandState


@dataclass(frozen=True)
class Axes:
    """Where responses are compared. `weights`: how much each point counts in a fit."""

    hz: Float64
    sample_rate_hz: float
    weights: Float64 | float = 1.0

    def response_db(self, state: BandState) -> Float64:
        """(points,) the response of one band."""
        if state.per_db is not None:
            return state.gain_db * state.per_db
        return response_db(
            state.shape, state.freq_hz, state.gain_db, state.q, state.order, self.hz, self.sample_rate_hz
        )

    def sum_db(self, states: Sequence[BandState]) -> Float64:
        return np.sum([self.response_db(state) for state in states], axis=0) if states else np.zeros_like(self.hz)


def error_db(realised: Float64, wanted: Float64) -> float:
    """The largest difference of two responses, where they are heard."""
    return float(np.abs(np.maximum(realised, FLOOR_DB) - np.maximum(wanted, FLOOR_DB)).max())


def fit_bands(bands: Sequence[Band], wanted: Sequence[BandState], wanted_db: Float64, axes: Axes) -> list[UsedBand]:
    """Return the bands to use and their settings; all others stay as they are, and are counted in.

    Args:
        wanted: what the response is made of, to begin with.
        wanted_db: (points,) the response of all bands together.
    """
    best: list[UsedBand] | None = None
    best_error = np.inf
    for used in _starts(bands, wanted):
        found = _settled(bands, used, wanted_db, axes)
        error = error_db(response_of(bands, found, axes), wanted_db)
        if error < best_error - 0.05:
            best, best_error = found, error
        if best_error <= CLOSE_ENOUGH_DB:
            break
    return best or []


def response_of(bands: Sequence[Band], used: Sequence[UsedBand], axes: Axes) -> Float64:
    """The response of all bands, with the used ones as they are set."""
    taken = {id(one.band) for one in used}
    present = [band.present for band in bands if band.present is not None and id(band) not in taken]
    return axes.sum_db([*present, *(one.state for one in used)])


def _starts(bands: Sequence[Band], wanted: Sequence[BandState]) -> Iterator[list[UsedBand]]:
    """What to begin from: each wanted part by a band of its own; further idle ones; at last all bands there are."""
    paired = _paired(bands, wanted)
    yield paired
    gains = [band for band in bands if band.gain is not None and set(band.shapes) - set(CUTS)]
    taken = {id(one.band) for one in paired}
    idle = [_at_rest(band) for band in gains if id(band) not in taken and band.is_idle]
    if idle:
        yield [*paired, *idle][:MOST_BANDS]
    busy = [UsedBand(b, b.present) for b in gains if id(b) not in taken and b.present is not None]
    if busy:
        yield [*paired, *busy, *idle][:MOST_BANDS]


def _at_rest(band: Band) -> UsedBand:
    shape = Shape.BELL if Shape.BELL in band.shapes else next(s for s in band.shapes if s not in CUTS)
    return UsedBand(band, replace(band.state(shape), gain_db=0.0))


def _paired(bands: Sequence[Band], wanted: Sequence[BandState]) -> list[UsedBand]:
    """Each wanted part with the band that is nearest to it, as a whole as near as can be."""
    options: list[list[tuple[float, UsedBand | None]]] = []
    for part in wanted:
        rows = sorted(((cost, used) for band in bands for cost, used in _options(band, part)), key=lambda row: row[0])
        nearest: list[tuple[float, UsedBand | None]] = list(rows[:NEAREST_BANDS])
        options.append([*nearest, (10.0, None)])
    best: tuple[float, list[UsedBand]] = (np.inf, [])
    for choice in product(*options):
        used = [one for _, one in choice if one is not None]
        if len({id(one.band) for one in used}) == len(used):
            cost = sum(cost for cost, _ in choice)
            best = min(best, (cost, used), key=lambda row: row[0])
    return best[1]


def _options(band: Band, part: BandState) -> Iterator[tuple[float, UsedBand]]:
    """The ways in which a band can stand for a part, with what each costs."""
    for shape in band.shapes:
        if (shape in CUTS) != (part.shape in CUTS) or (shape in CUTS and shape is not part.shape):
            continue
        if shape is not part.shape and {shape, part.shape} == {Shape.LOW_SHELF, Shape.HIGH_SHELF}:
            continue
        state = realisable(band, replace(part, shape=shape, order=band.state(shape).order))
        cost = 0.0 if shape is part.shape else 2.0
        cost += 2.0 * abs(log2(max(state.freq_hz, 1.0) / part.freq_hz))
        cost += abs(state.gain_db - part.gain_db) / 3.0
        cost += 0.5 * abs(log2(state.q / part.q)) if shape not in CUTS else 0.0
        cost += 0.0 if band.is_idle else 0.25
        cost += 0.0 if band.is_on else 0.05
        yield cost, UsedBand(band, state)


def realisable(band: Band, state: BandState) -> BandState:
    """The nearest that a band's controls can be set to."""
    freq_hz = band.freq.nearest(state.freq_hz) if band.freq is not None else band.fixed_hz
    gain_db = band.gain.nearest(state.gain_db) if band.gain is not None and state.shape not in CUTS else 0.0
    q = band.q.nearest(state.q) if band.q is not None else band.fixed_q
    return replace(state, freq_hz=freq_hz, gain_db=gain_db, q=q, per_db=band.per_db)


def _settled(bands: Sequence[Band], used: list[UsedBand], wanted_db: Float64, axes: Axes) -> list[UsedBand]:
    """`used` with the settings of least error that can be had, without those that turn out to do nothing."""
    taken = {id(one.band) for one in used}
    rest_db = wanted_db - axes.sum_db([b.present for b in bands if b.present is not None and id(b) not in taken])
    fitted = _minimised(used, rest_db, axes, {})
    if len(used) > MANY_BANDS:
        fitted = _evened(fitted, rest_db, axes)
    held: dict[tuple[int, Key], float] = {}
    for place, key in _stepped(fitted):
        held[place, key] = _best_step(fitted, place, key, rest_db, axes)
        fitted = _minimised(fitted, rest_db, axes, held, steps=4)
    rounded = [UsedBand(one.band, realisable(one.band, one.state)) for one in fitted]
    return [one for one in rounded if _matters(one)]


def _evened(used: list[UsedBand], rest_db: Float64, axes: Axes) -> list[UsedBand]:
    """Fitted once more with what lies farthest off counting most (Lawson's reweighting): what counts is the largest
    error, and many faders can trade it."""
    for _ in range(REWEIGHTINGS):
        off_db = np.abs(rest_db - axes.sum_db([one.state for one in used]))
        weights = 0.3 + off_db / max(float(off_db.max()), 1e-6)
        tried = _minimised(used, rest_db, Axes(axes.hz, axes.sample_rate_hz, weights), {}, steps=3)
        if np.abs(rest_db - axes.sum_db([one.state for one in tried])).max() >= off_db.max():
            break
        used = tried
    return used


def _matters(one: UsedBand) -> bool:
    return not one.band.is_idle or one.state.shape in CUTS or abs(one.state.gain_db) >= NEGLIGIBLE_DB


def _control(band: Band, key: Key) -> Settable | None:
    return {"freq_hz": band.freq, "gain_db": band.gain, "q": band.q}[key]


def _stepped(used: Sequence[UsedBand]) -> list[tuple[int, Key]]:
    """The controls that have steps, the coarsest kinds first."""
    return [
        (place, key)
        for key in _COARSEST_FIRST
        for place, one in enumerate(used)
        if (control := _control(one.band, key)) is not None and control.steps
    ]


def _best_step(used: Sequence[UsedBand], place: int, key: Key, rest_db: Float64, axes: Axes) -> float:
    """Of the two steps around a value, the one that fits better."""
    one = used[place]
    control = _control(one.band, key)
    assert control is not None
    value = one.state.value(key)
    near = sorted((v for _, v in control.steps), key=lambda v: control.distance(v, value))[:2]
    others = rest_db - axes.sum_db([row.state for row in used if row is not one])
    return min(near, key=lambda v: float(np.square(others - axes.response_db(one.state.with_value(key, v))).sum()))


def _minimised(
    used: Sequence[UsedBand], rest_db: Float64, axes: Axes, held: dict[tuple[int, Key], float], steps: int = STEPS
) -> list[UsedBand]:
    states = [one.state for one in used]
    for (place, key), value in held.items():
        states[place] = states[place].with_value(key, value)
    unknowns = [
        (place, key)
        for place, one in enumerate(used)
        if states[place].shape not in CUTS
        for key in _KEYS
        if (place, key) not in held and _control(one.band, key) is not None
    ]
    if not unknowns:
        return [UsedBand(one.band, state) for one, state in zip(used, states, strict=True)]
    start, damping = states, DAMPING
    residual = _residual(states, start, unknowns, rest_db, axes)
    for _ in range(steps):
        slopes = _slopes(states, unknowns, axes)
        normal = slopes @ slopes.T
        normal += damping * np.diag(np.diag(normal) + 1e-3)
        move: Float64 = np.asarray(np.linalg.solve(normal, slopes @ residual), dtype=np.float64)
        tried = _moved(used, states, unknowns, move)
        left = _residual(tried, start, unknowns, rest_db, axes)
        if np.square(left).sum() < np.square(residual).sum():
            states, residual, damping = tried, left, max(damping * 0.3, 1e-6)
            if np.abs(move).max() < 1e-3:
                break
        else:
            damping = min(damping * 6.0, 1e4)
    return [UsedBand(one.band, state) for one, state in zip(used, states, strict=True)]


def _residual(
    states: Sequence[BandState],
    start: Sequence[BandState],
    unknowns: Sequence[tuple[int, Key]],
    rest_db: Float64,
    axes: Axes,
) -> Float64:
    """What is left, in dB, and behind it what the movement from the start costs."""
    pulls = [
        _PULL[key] * _difference(start[place].value(key), states[place].value(key), key) for place, key in unknowns
    ]
    return np.concatenate([(rest_db - axes.sum_db(states)) * axes.weights, np.array(pulls)])


def _slopes(states: Sequence[BandState], unknowns: Sequence[tuple[int, Key]], axes: Axes) -> Float64:
    """(unknowns, points + unknowns): how the response moves with each unknown, and the pull back."""
    rows = np.zeros((len(unknowns), len(axes.hz) + len(unknowns)))
    now = {place: axes.response_db(states[place]) for place, _ in unknowns}
    for row, (place, key) in enumerate(unknowns):
        nudge = _NUDGES[key]
        moved = states[place].with_value(key, _shifted(states[place].value(key), nudge, key))
        rows[row, : len(axes.hz)] = (axes.response_db(moved) - now[place]) / nudge * axes.weights
        rows[row, len(axes.hz) + row] = _PULL[key]
    return rows


def _moved(
    used: Sequence[UsedBand], states: Sequence[BandState], unknowns: Sequence[tuple[int, Key]], move: Float64
) -> list[BandState]:
    found = list(states)
    for (place, key), amount in zip(unknowns, np.clip(move, -4.0, 4.0), strict=True):
        control = _control(used[place].band, key)
        assert control is not None
        value = _shifted(found[place].value(key), float(amount), key)
        low, high = control.range
        found[place] = found[place].with_value(key, min(max(value, low), high))
    return found


def _shifted(value: float, amount: float, key: Key) -> float:
    """A value moved by octaves, or by dB."""
    return value + amount if key == "gain_db" else value * 2.0 ** min(max(amount, -2.0), 2.0)


def _difference(one: float, other: float, key: Key) -> float:
    return one - other if key == "gain_db" else log2(max(one, 1e-6) / max(other, 1e-6))
