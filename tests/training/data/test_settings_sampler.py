"""Drawn settings: inside the ranges, often partly neutral, and degradations that can be undone exactly."""

import numpy as np

from bridge.audio.synthesis import synthesise
from bridge.decibels import power_to_db
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.settings_sampler import SettingsSampler


def test_slots_act_as_a_whole_and_some_draws_change_nothing(chain: Chain) -> None:
    sampler = SettingsSampler(chain)
    drawn = np.stack([sampler.draw(np.random.default_rng(seed)) for seed in range(400)])
    assert drawn.min() >= 0 and drawn.max() <= 1
    neutral_share = np.mean(np.all(drawn == sampler.neutral, axis=1))
    assert 0.06 < neutral_share < 0.2
    shelf = [i for i, control in enumerate(chain.controls) if control.slot == "low_shelf"]
    moved = drawn[:, shelf] != sampler.neutral[shelf]
    assert np.all(moved.all(axis=1) == moved.any(axis=1))


def test_choices_are_drawn_evenly_and_at_their_places() -> None:
    law = RangeLaw(low=0.0, high=1.0)
    switch = Control(slot="amp", name="stack", unit="", law=law, neutral=0.5, choices=("a", "b", "c"))
    gain = Control(slot="amp", name="gain", unit="dB", law=law, neutral=0.5)
    sampler = SettingsSampler(Chain(name="amp", slots=(Slot(name="amp", plugin="vst3:Amp", controls=(switch, gain)),)))
    drawn = np.stack([sampler.draw(np.random.default_rng(seed)) for seed in range(600)])
    active = drawn[drawn[:, 1] != 0.5]
    assert set(drawn[:, 0]) == {0.0, 0.5, 1.0}
    assert min(np.mean(active[:, 0] == place) for place in (0.0, 0.5, 1.0)) > 0.25
    degrading, undoing = sampler.draw_undoable(np.random.default_rng(0))
    assert degrading[0] == undoing[0] in (0.0, 0.5, 1.0)
    assert undoing[1] == 1 - degrading[1] != 0.5


def test_a_degradation_is_undone_by_its_mirrored_gains(chain: Chain, host: PluginHost) -> None:
    """The claim behind the training without reference, measured through the real filters."""
    sampler = SettingsSampler(chain)
    assert sampler.can_undo
    audio = synthesise("strings", duration_s=2.0, sample_rate_hz=44100, seed=0)
    pairs = [sampler.draw_undoable(np.random.default_rng(seed)) for seed in range(12)]
    degraded = host.render(
        chain, [RenderInput(audio, 44100, positions_to_normalized(chain, degrading)) for degrading, _ in pairs]
    )
    restored = host.render(
        chain,
        [
            RenderInput(one, 44100, positions_to_normalized(chain, undoing))
            for one, (_, undoing) in zip(degraded, pairs, strict=True)
        ],
    )
    neutral = RenderInput(audio, 44100, chain.neutral)  # the low cut at its lowest still turns the phase of the bass
    twice = host.render(chain, [RenderInput(host.render(chain, [neutral])[0], 44100, chain.neutral)])[0]
    assert max(_error_db(one, audio) for one in degraded) > -3, "the degradations are audible"
    assert max(_error_db(one, twice) for one in restored) < -60


def _error_db(audio: np.ndarray, truth: np.ndarray) -> float:
    return float(power_to_db(np.mean((audio - truth) ** 2) / np.mean(truth**2)))
