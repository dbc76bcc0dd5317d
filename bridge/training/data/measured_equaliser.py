"""A graphic equaliser's sound from its measured responses, so that examples need not wait for the plugin.

Each band is measured once, by an impulse through the plugin; the bands of such an equaliser stand one after the other,
so their responses multiply, and in decibels each grows with its gain. Whether that holds is measured too: a setting
drawn by chance must sound as the plugin itself makes it. Only examples are made this way; what a model predicts is
always rendered through the plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.errors import PluginError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.eq_settings_sampler import EqSettingsSampler, draw_curve_db
from bridge.types import Audio, Float32, Float64, NormalizedArray

IMPULSE_S = 1.5
MEASURED_DB = 6.0
DIFFERENCE_DB = 0.25  # most that the plugin's own response may differ by, over the audible frequencies
TAIL_S = 0.6
_AUDIBLE_HZ = (25.0, 16000.0)


@dataclass(frozen=True)
class MeasuredEqualiser:
    """Logarithms of the bands' responses per decibel of gain, complex (bands, bins), at one sample rate."""

    per_db: NDArray[np.complex64]
    sample_rate_hz: int

    def run(self, audio: Audio, gains_db: Float64) -> Audio:
        """Return `audio` (channels, samples) with gains (bands,) in dB, of the same shape."""
        samples = audio.shape[-1]
        size = _fast_size(samples + round(TAIL_S * self.sample_rate_hz))
        response = np.exp(gains_db.astype(np.float32) @ self.per_db)
        bins = np.linspace(0, self.per_db.shape[1] - 1, size // 2 + 1)
        below = np.minimum(bins.astype(int), self.per_db.shape[1] - 2)
        share = (bins - below).astype(np.float32)
        between = response[below] * (1 - share) + response[below + 1] * share
        return np.asarray(np.fft.irfft(np.fft.rfft(audio, size) * between, size)[:, :samples], dtype=np.float32)


def measure_equaliser(chain: Chain, host: PluginHost, sample_rate_hz: int) -> MeasuredEqualiser | None:
    """Measure the graphic equaliser that is all of `chain`.

    Returns:
        None where its bands do not multiply.

    Raises:
        PluginError: it cannot be rendered.
    """
    sampler = EqSettingsSampler(chain)
    impulse = np.zeros((1, _fast_size(round(IMPULSE_S * sample_rate_hz))), np.float32)
    impulse[0, 0] = 1.0
    singles = MEASURED_DB * np.eye(len(sampler.bands))
    curve_db = draw_curve_db(sampler.hertz, np.random.default_rng(5))
    low, high = chain.bounds
    positions = np.stack([sampler.with_gains(sampler.neutral, gains) for gains in (*singles, curve_db)])
    normalized = low + positions * (high - low)
    rendered = host.render(chain, [RenderInput(impulse, sample_rate_hz, row) for row in normalized.astype(np.float32)])
    responses = np.fft.rfft(np.concatenate(rendered))
    safe = np.where(np.abs(responses) > 1e-9, responses, 1e-9)
    logarithms = np.log(np.abs(safe)) + 1j * np.unwrap(np.angle(safe))
    equaliser = MeasuredEqualiser((logarithms[:-1] / MEASURED_DB).astype(np.complex64), sample_rate_hz)
    hertz = np.fft.rfftfreq(impulse.shape[-1], 1 / sample_rate_hz)
    counts = (hertz >= _AUDIBLE_HZ[0]) & (hertz <= min(_AUDIBLE_HZ[1], 0.45 * sample_rate_hz))
    difference_db = np.abs(20 / np.log(10) * (curve_db @ equaliser.per_db - logarithms[-1]).real)[counts]
    return equaliser if difference_db.max() <= DIFFERENCE_DB else None


class EqualiserRenderer:
    """Renders clips through a chain that ends in a graphic equaliser: that part of it as measured, where that holds."""

    def __init__(self, chain: Chain, host: PluginHost, sample_rate_hz: int) -> None:
        self.chain, self._host, self._rate = chain, host, sample_rate_hz
        self._sampler = EqSettingsSampler(chain)
        self._before, self.equaliser = chain, None
        last = chain.slots[-1]
        held = {chain.controls[i].slot for i in self._sampler.bands}
        if held == {last.name} and len(chain.slots) > 1:
            self.equaliser = measure_equaliser(Chain(name=last.name, slots=(last,)), host, sample_rate_hz)
        if self.equaliser is not None:
            self._before = Chain(name=f"{chain.name}, before {last.name}", slots=chain.slots[:-1])

    def render(self, clips: Sequence[Audio], positions: NormalizedArray) -> list[Audio]:
        """Each of `clips` (channels, samples) through its row of `positions` (clips, controls) of the chain; an empty
        array where a plugin failed."""
        low, high = self.chain.bounds
        normalized = (low + positions * (high - low)).astype(np.float32)
        count = len(self._before.controls)
        renders = [RenderInput(clip, self._rate, row[:count]) for clip, row in zip(clips, normalized, strict=True)]
        results = self._host.render(self._before, renders, return_errors=True)
        rendered = [np.zeros((1, 0), np.float32) if isinstance(one, PluginError) else one for one in results]
        if self.equaliser is None:
            return rendered
        gains = [self._gains_db(row) for row in normalized]
        return [self.equaliser.run(a, g) if a.size and g.any() else a for a, g in zip(rendered, gains, strict=True)]

    def _gains_db(self, normalized: Float32) -> Float64:
        controls = self.chain.controls
        return np.array([controls[i].real_value(float(normalized[i])) for i in self._sampler.bands])


def _fast_size(samples: int) -> int:
    """The next even size with no prime factor above 5."""
    size = samples + samples % 2
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2
