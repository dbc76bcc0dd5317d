"""What the plugins of a chain do to a spectrum, measured: an impulse through each slot, over a grid of its settings.

A slot counts where it is a linear filter without a tail, as equalisers are: two levels of noise come out alike, and an
impulse is over soon. Compressors, distortions, reverbs and limiters are not, and stay out. The slots of a chain stand
one after the other, so in decibels their responses add up. So do the bands of a graphic equaliser: each is measured by
itself, and whether that holds, at settings drawn by chance.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.errors import PluginError
from bridge.features.mel_bands import band_edges_hz
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Audio, Float32, Float64, Indices, NormalizedArray

IMPULSE_S, TAIL_FROM_S = 0.2, 0.1
NOISE_S, SOFT_DBFS, LOUD_DBFS = 0.1, -50.0, -12.0
MOST_DIFFERENCE_DB = -40.0  # between soft and loud noise, below the noise itself
MOST_TAIL_DB = -20.0
MOST_CONTROLS = 3  # of a slot: a grid of more is too large, and each is measured by itself
MOST_COUPLING_DB = 0.5  # that controls together may differ by from the sum of each by itself
FREQUENCY_PLACES, OTHER_PLACES, BANK_PLACES = 13, 5, 3  # along each control
_CHECKS = 4  # settings that a slot is tried at
_LEAST_AMPLITUDE = 1e-6


@dataclass(frozen=True)
class SlotResponse:
    """The gain of one slot in each band, by its settings; straight lines between those that were measured.

    Attributes:
        controls: (axes,) of the chain.
        low, high: (axes,) normalized, between which equal steps were measured.
        gain_db: (places along the first axis, ..., bands).
    """

    controls: Indices
    low: Float64
    high: Float64
    gain_db: Float64 = field(repr=False)

    def at(self, normalized: Float64) -> Float64:
        """Return (n, bands) of settings (n, controls of the chain)."""
        places = np.array(self.gain_db.shape[:-1])
        shares = np.clip((normalized[:, self.controls] - self.low) / (self.high - self.low), 0.0, 1.0) * (places - 1)
        below = np.minimum(shares.astype(np.intp), places - 2)
        shares = (shares - below)[:, None]
        corners = np.array(list(itertools.product((0, 1), repeat=len(places))))
        parts = np.where(corners, shares, 1 - shares).prod(2)
        index = np.ravel_multi_index(tuple((below[:, None] + corners).transpose(2, 0, 1)), tuple(places))
        rows = self.gain_db.reshape(-1, self.gain_db.shape[-1])[index]
        return np.asarray((parts[:, None] @ rows)[:, 0])


@dataclass(frozen=True)
class BankResponse:
    """The gain of a slot whose controls do not heed each other, as the bands of a graphic equaliser.

    Attributes:
        controls: (n,) of the chain.
        low, high: (n,) normalized, between which equal steps were measured.
        gain_db: (n, places, bands) of each control by itself, the others at neutral.
    """

    controls: Indices
    low: Float64
    high: Float64
    gain_db: Float64 = field(repr=False)

    def at(self, normalized: Float64) -> Float64:
        """Return (n, bands) of settings (n, controls of the chain)."""
        steps = self.gain_db.shape[1] - 1
        shares = np.clip((normalized[:, self.controls] - self.low) / (self.high - self.low), 0.0, 1.0) * steps
        below = np.minimum(shares.astype(np.intp), steps - 1)
        shares = (shares - below)[:, :, None]
        own = np.arange(len(self.controls))
        return np.asarray(((1 - shares) * self.gain_db[own, below] + shares * self.gain_db[own, below + 1]).sum(1))


@dataclass(frozen=True)
class ChainResponse:
    """What the slots that could be measured do. Without any there is nothing to fit."""

    slots: tuple[SlotResponse | BankResponse, ...]

    @property
    def controls(self) -> Indices:
        """Those of the chain that the slots have."""
        return np.array([i for slot in self.slots for i in slot.controls], dtype=np.intp)

    def at(self, normalized: Float64) -> Float64:
        """Return the gain (n, bands) in dB of settings (n, controls)."""
        return np.asarray(sum(slot.at(normalized) for slot in self.slots))


class ResponseStore:
    """Measures chains once for each sample rate and set of bands, and keeps what it measured. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int, FeatureSettings], ChainResponse] = {}

    def of(self, chain: Chain, host: PluginHost, sample_rate_hz: int, settings: FeatureSettings) -> ChainResponse:
        """Return what `chain` does. Raises PluginError."""
        key = (chain.key, sample_rate_hz, settings)
        with self._lock:
            if key not in self._known:
                self._known[key] = measure_chain(chain, host, sample_rate_hz, settings)
            return self._known[key]


def measure_chain(chain: Chain, host: PluginHost, sample_rate_hz: int, settings: FeatureSettings) -> ChainResponse:
    """Return the frequency responses of a chain's filters, as rendered.

    Args:
        chain: whose slots are tried alone; those that are no filters are left out.
        host: renders them.
        sample_rate_hz: to render at.
        settings: of the mel bands that responses are of.

    Raises:
        PluginError: a slot cannot be rendered.
    """
    slots: list[SlotResponse | BankResponse] = []
    first = 0
    for slot in chain.slots:
        places = np.arange(first, first + len(slot.controls))
        first += len(slot.controls)
        moved = np.array([not control.role for control in slot.controls], dtype=bool)
        if not moved.any() or any(control.choices for control in slot.controls):
            continue
        measurement = _Measurement(Chain(name=slot.name, slots=(slot,)), np.flatnonzero(moved), host, sample_rate_hz)
        if measurement.is_filter():
            response = measurement.response(places[moved], settings)
            slots += [] if response is None else [response]
    return ChainResponse(tuple(slots))


@dataclass(frozen=True)
class _Measurement:
    """One slot as a chain of its own. `moved`: those of its controls that shape tone; a gain with a role stays."""

    chain: Chain
    moved: Indices
    host: PluginHost
    sample_rate_hz: int

    def response(self, controls: Indices, settings: FeatureSettings) -> SlotResponse | BankResponse | None:
        """What the slot does, whose moved controls are `controls` of the whole chain; None where they are too many to
        be measured together, and do more together than each by itself."""
        return self._grid(controls, settings) if len(controls) <= MOST_CONTROLS else self._bank(controls, settings)

    def is_filter(self) -> bool:
        """Whether soft and loud noise come out alike, and an impulse is over soon, at settings drawn by chance."""
        rows = self._random_rows()
        samples = round(NOISE_S * self.sample_rate_hz)
        noise = np.random.default_rng(0).standard_normal((1, samples)).astype(np.float32)
        silence = np.zeros((1, round(TAIL_FROM_S * self.sample_rate_hz * 2)), np.float32)
        burst = np.concatenate([noise, silence], axis=1)
        soft, loud = (np.float32(db_to_amplitude(level)) for level in (SOFT_DBFS, LOUD_DBFS))
        try:
            renders = [self._render(burst * level, rows) for level in (soft, loud)]
        except PluginError:
            return False
        tail = samples + round(TAIL_FROM_S * self.sample_rate_hz)
        for quiet, full in zip(*renders, strict=True):
            difference_db = _level_db(quiet / soft - full / loud) - _level_db(full / loud)
            tail_db = _level_db(full[:, tail:]) - _level_db(full[:, :samples])
            if difference_db > MOST_DIFFERENCE_DB or tail_db > MOST_TAIL_DB:
                return False
        return True

    def _grid(self, controls: Indices, settings: FeatureSettings) -> SlotResponse:
        low, high = self._bounds
        units = [self.chain.controls[index].unit for index in self.moved]
        places = [FREQUENCY_PLACES if unit == "Hz" else OTHER_PLACES for unit in units]
        axes = [np.linspace(*ends) for ends in zip(low, high, places, strict=True)]
        grid = np.stack([values.ravel() for values in np.meshgrid(*axes, indexing="ij")], axis=1)
        gain_db = self._gains_db(self._rows(grid), settings)
        return SlotResponse(controls, low, high, gain_db.reshape(*places, -1))

    def _bank(self, controls: Indices, settings: FeatureSettings) -> BankResponse | None:
        low, high = self._bounds
        steps = np.linspace(low, high, BANK_PLACES, axis=1)
        alone = np.repeat(self.chain.neutral[None], steps.size, axis=0)
        alone[np.arange(steps.size), np.repeat(self.moved, BANK_PLACES)] = steps.ravel()
        tried = self._random_rows()
        gain_db = self._gains_db([self.chain.neutral, *tried, *alone], settings)
        neutral_db, tried_db, alone_db = gain_db[0], gain_db[1 : 1 + len(tried)], gain_db[1 + len(tried) :]
        response = BankResponse(controls, low, high, (alone_db - neutral_db).reshape(*steps.shape, -1))
        by_itself = BankResponse(self.moved, low, high, response.gain_db)
        coupling_db = np.abs(by_itself.at(np.stack(tried).astype(np.float64)) + neutral_db - tried_db).mean(1)
        return response if coupling_db.max() <= MOST_COUPLING_DB else None

    @property
    def _bounds(self) -> tuple[Float64, Float64]:
        low, high = self.chain.bounds
        return low[self.moved].astype(np.float64), high[self.moved].astype(np.float64)

    def _random_rows(self) -> list[NormalizedArray]:
        low, high = self._bounds
        return self._rows(low + np.random.default_rng(0).random((_CHECKS, len(low))) * (high - low))

    def _rows(self, values: Float64) -> list[NormalizedArray]:
        """Settings (controls,) with each of `values` (n, moved) in their places."""
        rows = np.repeat(self.chain.neutral[None], len(values), axis=0)
        rows[:, self.moved] = values
        return list(rows.astype(np.float32))

    def _gains_db(self, rows: Sequence[NormalizedArray], settings: FeatureSettings) -> Float64:
        """(rows, bands), by an impulse through each."""
        impulse = np.zeros((1, round(IMPULSE_S * self.sample_rate_hz)), np.float32)
        impulse[0, 0] = db_to_amplitude(SOFT_DBFS / 2)
        spectra = np.abs(np.fft.rfft(np.concatenate(self._render(impulse, rows)).astype(np.float64))) / impulse[0, 0]
        hertz = np.fft.rfftfreq(impulse.shape[-1], 1 / self.sample_rate_hz).astype(np.float64)
        # Averaged in decibels: so what narrow filters do between the centres counts, and still adds up.
        return np.asarray(amplitude_to_db(np.maximum(spectra, _LEAST_AMPLITUDE)) @ _band_weights(hertz, settings))

    def _render(self, audio: Audio, rows: Sequence[NormalizedArray]) -> list[Audio]:
        return self.host.render(self.chain, [RenderInput(audio, self.sample_rate_hz, row) for row in rows])


def _band_weights(hertz: Float64, settings: FeatureSettings) -> Float64:
    """(bins, bands) what each bin has of a band; bands above half the sample rate have the highest."""
    edges = np.minimum(band_edges_hz(settings), 0.98 * hertz[-1])
    below, centres, above = edges[:-2], edges[1:-1], edges[2:]
    rising = (hertz[:, None] - below) / np.maximum(centres - below, 1e-9)
    falling = (above - hertz[:, None]) / np.maximum(above - centres, 1e-9)
    weights = np.clip(np.minimum(rising, falling), 0.0, None)
    nearest = np.abs(hertz[:, None] - centres).argmin(0)
    weights[nearest, np.arange(len(centres))] += 1e-6
    return np.asarray(weights / weights.sum(0))


def _level_db(audio: Float32) -> float:
    return float(amplitude_to_db(np.sqrt(np.mean(np.square(audio, dtype=np.float64))), floor=1e-9))
