"""What is heard of each control, and how finely plugins keep their values."""

from collections.abc import Callable

import numpy as np
import pytest
from torch import Tensor

from bridge.plugins.chain.calibration import Calibration, ParameterReport
from bridge.plugins.chain.chain import Chain, Fingerprint, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost
from bridge.training.plugin_layer.rendering import BatchRenderer
from bridge.training.plugin_layer.sensitivity import audible_sensitivity, finest_step_sizes

RATE_HZ = 24_000


def test_a_gain_changes_by_its_range_and_an_idle_effect_by_nothing(
    host: PluginHost, builtin: Callable[..., Chain], noise: Callable[..., Tensor]
) -> None:
    """36 dB for the gain; nothing for the attack of a compressor whose ratio is 1."""
    chain = builtin(("Gain", "gain_db"), ("PeakFilter", "gain_db"), ("Compressor", "attack_ms"))
    positions = np.full((2, 3), 0.5, np.float32)
    positions[1, 0] = 1.0  # at a bound, where only half of the step can be tried
    renderer = BatchRenderer(host, chain, RATE_HZ, 512)
    gain, band, attack = audible_sensitivity(renderer, noise(2, 2).numpy() * 0.2, positions)
    assert gain == pytest.approx(36, rel=0.02)
    assert 1 < band < gain
    assert attack < 0.01


def test_the_finest_move_is_told_in_positions() -> None:
    """A plugin with a hundred steps, controlled over a quarter of its range: a 25th of that range."""
    law = RangeLaw(low=0.0, high=1.0)
    controls = tuple(Control(slot="a", name=name, unit="", law=law, low=0.5, high=0.75) for name in ("fine", "coarse"))
    chain = Chain(
        name="two",
        slots=(
            Slot(name="a", plugin="vst3:Stepper", controls=controls),
            Slot(name="b", plugin="builtin:Gain", controls=(Control(slot="b", name="gain_db", unit="dB", law=law),)),
        ),
    )
    reports = [
        ParameterReport(name=name, index=n, unit="", default=0.5, kind="continuous", step=step)
        for n, (name, step) in enumerate({"fine": 0.0, "coarse": 0.01}.items())
    ]

    def calibrate(plugin: str) -> Calibration:
        assert plugin == "vst3:Stepper"
        return Calibration(
            plugin=plugin,
            fingerprint=Fingerprint(identifier="x", version="1", parameters=("fine", "coarse")),
            parameters=tuple(reports),
            latency_samples=0,
            is_deterministic=True,
            channels=(1, 2),
            load_s=0.0,
        )

    np.testing.assert_allclose(finest_step_sizes(chain, calibrate), [0.0, 0.04, 0.0], rtol=1e-6)
