"""What the plugins of a chain do to a spectrum, measured: an impulse through each slot, over a grid of its settings.

A slot counts where it is a linear filter without a tail, as equalisers are: two levels of noise come out alike, and an
impulse is over soon. Compressors, distortions, reverbs and limiters are not, and stay out. The slots of a chain stand
one after the other, so in decibels their responses add up.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.errors import PluginError
from bridge.features.mel_bands import band_centres_hz
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Audio, Float32, Float64, Indices, NormalizedArray

IMPULSE_S, TAIL_FROM_S = 0.2, 0.1
NOISE_S, SOFT_DBFS, LOUD_DBFS = 0.1, -50.0, -12.0
MOST_DIFFERENCE_DB = -40.0  # between soft and loud noise, below the noise itself
MOST_TAIL_DB = -20.0
MOST_CONTROLS = 3  # of a slot: a grid of more is too large
FREQUENCY_PLACES, OTHER_PLACES = 13, 5  # along each control
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
class ChainResponse:
    """What the slots that could be measured do. Without any there is nothing to fit."""

    slots: tuple[SlotResponse, ...]

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
        chain: whose slots are tried alone; those that are no filters, or have many controls, are left out.
        host: renders them.
        sample_rate_hz: to render at.
        settings: of the mel bands at whose centres responses are read.

    Raises:
        PluginError: a slot cannot be rendered.
    """
    slots, first = [], 0
    for slot in chain.slots:
        controls = np.arange(first, first + len(slot.controls))
        first += len(slot.controls)
        if 1 <= len(controls) <= MOST_CONTROLS and all(not one.role and not one.choices for one in slot.controls):
            response = _measure_slot(slot, controls, host, sample_rate_hz, settings)
            slots += [] if response is None else [response]
    return ChainResponse(tuple(slots))


def _measure_slot(
    slot: Slot, controls: Indices, host: PluginHost, sample_rate_hz: int, settings: FeatureSettings
) -> SlotResponse | None:
    chain = Chain(name=slot.name, slots=(slot,))
    low, high = chain.bounds
    if not _is_filter(chain, host, sample_rate_hz):
        return None
    places = [FREQUENCY_PLACES if control.unit == "Hz" else OTHER_PLACES for control in slot.controls]
    axes = [np.linspace(*ends) for ends in zip(low, high, places, strict=True)]
    grid = np.stack([values.ravel() for values in np.meshgrid(*axes, indexing="ij")], axis=1).astype(np.float32)
    impulse = np.zeros((1, round(IMPULSE_S * sample_rate_hz)), np.float32)
    impulse[0, 0] = db_to_amplitude(SOFT_DBFS / 2)
    renders = host.render(chain, [RenderInput(impulse, sample_rate_hz, row) for row in grid])
    spectra = np.abs(np.fft.rfft(np.concatenate(renders).astype(np.float64))) / impulse[0, 0]
    hertz = np.fft.rfftfreq(impulse.shape[-1], 1 / sample_rate_hz)
    centres = np.minimum(band_centres_hz(settings), 0.49 * sample_rate_hz)
    gains = np.stack([np.interp(centres, hertz, spectrum) for spectrum in spectra])
    gain_db = amplitude_to_db(np.maximum(gains, _LEAST_AMPLITUDE))
    return SlotResponse(controls, low.astype(np.float64), high.astype(np.float64), gain_db.reshape(*places, -1))


def _is_filter(chain: Chain, host: PluginHost, sample_rate_hz: int) -> bool:
    """Whether soft and loud noise come out alike, and an impulse is over soon, at settings drawn by chance."""
    generator = np.random.default_rng(0)
    low, high = chain.bounds
    rows = [(low + generator.random(len(low)) * (high - low)).astype(np.float32) for _ in range(_CHECKS)]
    samples = round(NOISE_S * sample_rate_hz)
    noise = generator.standard_normal((1, samples)).astype(np.float32)
    burst = np.concatenate([noise, np.zeros((1, round(TAIL_FROM_S * sample_rate_hz * 2)), np.float32)], axis=1)
    soft, loud = (np.float32(db_to_amplitude(level)) for level in (SOFT_DBFS, LOUD_DBFS))
    try:
        renders = [_render(chain, host, burst * level, rows, sample_rate_hz) for level in (soft, loud)]
    except PluginError:
        return False
    tail = samples + round(TAIL_FROM_S * sample_rate_hz)
    for quiet, full in zip(*renders, strict=True):
        difference_db = _level_db(quiet / soft - full / loud) - _level_db(full / loud)
        tail_db = _level_db(full[:, tail:]) - _level_db(full[:, :samples])
        if difference_db > MOST_DIFFERENCE_DB or tail_db > MOST_TAIL_DB:
            return False
    return True


def _render(
    chain: Chain, host: PluginHost, audio: Audio, rows: Sequence[NormalizedArray], sample_rate_hz: int
) -> list[Audio]:
    return host.render(chain, [RenderInput(audio, sample_rate_hz, row) for row in rows])


def _level_db(audio: Float32) -> float:
    return float(amplitude_to_db(np.sqrt(np.mean(np.square(audio, dtype=np.float64))), floor=1e-9))
