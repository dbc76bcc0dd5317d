"""How far each control changes the sound, and the finest move that a plugin keeps: steps of their own follow from both.

Measured by rendering, for any plugin; what calibration knows is taken from there. The steps themselves are made by
`perturbation.step_sizes_from_sensitivity`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bridge.decibels import power_to_db
from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.chain import VST3, Chain
from bridge.training.plugin_layer.perturbation import STEP, CentralDifferences
from bridge.training.plugin_layer.rendering import BatchRenderer, RenderTrial
from bridge.types import Float32, Float64

FRAME_S = 0.1
BANDS = 24
LOWEST_HZ = 40.0
FLOOR = 1e-8  # mean power in a band: -80 dB


def finest_step_sizes(chain: Chain, calibrate: Callable[[str], Calibration]) -> Float32:
    """Return the smallest move that each control's plugin keeps, in positions (controls,); 0 where there is none.

    `calibrate` is `PluginHost.calibrate`; built-in effects keep every value.
    """
    finest = []
    for slot in chain.slots:
        known = calibrate(slot.plugin) if slot.scheme == VST3 and slot.controls else None
        for control in slot.controls:
            report = known.report(control.name) if known is not None else None
            finest.append(report.step / (control.high - control.low) if report is not None else 0.0)
    return np.array(finest, np.float32)


def audible_sensitivity(renderer: BatchRenderer, audio: Float32, positions: Float32, *, step: float = STEP) -> Float64:
    """Return by how many dB the sound changes over each control's range, (controls,), were it to go on as it does here.

    Root mean square over moments of 0.1 s and 24 bands, averaged over the examples: `audio` (batch, channels,
    samples), each at its own `positions` (batch, controls). Costs 2 x controls x batch renders. What cannot be
    rendered is left out.
    """
    everything = np.ones(positions.shape[-1], np.bool_)
    tried = CentralDifferences(step).perturb(positions, everything, np.random.default_rng(0))
    sounds = list(audio)
    changes = np.full((tried.pairs, len(sounds)), np.nan)
    for control in range(tried.pairs):
        sides = (tried.plus[control], tried.minus[control])
        trials = [RenderTrial(n, sound, side[n]) for side in sides for n, sound in enumerate(sounds)]
        outputs = renderer.render(trials)
        for n, (plus, minus) in enumerate(zip(outputs[: len(sounds)], outputs[len(sounds) :], strict=True)):
            if plus is not None and minus is not None:
                rate = renderer.sample_rate_hz
                difference = _levels_db(plus, rate) - _levels_db(minus, rate)
                moved = abs(tried.moved[control, n, control])
                changes[control, n] = np.sqrt(np.square(difference).mean()) / moved
    known = np.isfinite(changes)
    total = np.where(known, changes, 0.0).sum(1)
    return np.asarray(total / np.maximum(known.sum(1), 1))


def _levels_db(sound: Float32, sample_rate_hz: int) -> Float64:
    """(channels, moments, bands)."""
    channels, samples = sound.shape
    length = min(round(FRAME_S * sample_rate_hz), samples)
    moments = sound[:, : samples - samples % length].reshape(channels, -1, length)
    power = np.square(np.abs(np.fft.rfft(moments * np.hanning(length)))) / length
    hertz = np.fft.rfftfreq(length, 1 / sample_rate_hz)
    edges = np.geomspace(LOWEST_HZ, sample_rate_hz / 2, BANDS + 1)
    members = (hertz[:, None] >= edges[:-1]) & (hertz[:, None] < edges[1:])
    return power_to_db(power @ members, floor=FLOOR)
