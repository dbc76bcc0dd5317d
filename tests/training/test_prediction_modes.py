"""Examples: repeatable, in shape, and true to what the plugins did; one that failed is left out."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from bridge.errors import PluginError
from bridge.features.settings import FeatureSettings
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.prediction_modes import (
    ModeExample,
    Shard,
    clip_frames,
    example_count,
    pack_examples,
    profiles,
)
from bridge.training.tasks.channel_strip import ChannelStripTask
from bridge.training.trainer.jacobian import STEP, profile_jacobian

TASK = ChannelStripTask()
FEATURES = FeatureSettings()


def drawn(renderer: ExampleRenderer, seed: int, count: int = 12) -> list[Mapping[str, ModeExample]]:
    return TASK.draw(renderer, np.random.default_rng(seed), count)


def shard(renderer: ExampleRenderer, seed: int) -> Shard:
    return pack_examples(TASK.modes, drawn(renderer, seed), renderer.sample_rate_hz, FEATURES)


def test_examples_depend_on_their_seed_alone(renderer: ExampleRenderer) -> None:
    first, again, other = shard(renderer, 4), shard(renderer, 4), shard(renderer, 5)
    assert first.keys() == again.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(first["match.position"][:4], other["match.position"][:4])


def test_examples_that_change_nothing_sound_the_same(renderer: ExampleRenderer) -> None:
    examples = [shard(renderer, seed) for seed in range(4)]
    hidden = np.concatenate([one["match.position"] for one in examples])
    wet = np.concatenate([one["match.target"] for one in examples])
    dry = np.concatenate([profiles(torch.from_numpy(one["match.input"].astype(np.float32))) for one in examples])
    change_db = np.abs(wet[:, 0] - dry[:, 0]).mean(1)
    unchanged = (hidden == renderer.sampler.neutral).all(1) | (change_db < 0.1)
    assert unchanged.any() and not unchanged.all()
    assert change_db.max() > 2.0


def test_a_failed_render_costs_one_example(renderer: ExampleRenderer) -> None:
    examples = drawn(renderer, 1)
    silent = np.zeros((1, 0), np.float32)
    broken = [{**examples[0], "match": replace(examples[0]["match"], truth=silent)}, *examples[1:]]
    packed = pack_examples(TASK.modes, broken, renderer.sample_rate_hz, FEATURES)
    whole = pack_examples(TASK.modes, examples[1:], renderer.sample_rate_hz, FEATURES)
    assert example_count(packed) == example_count(whole)
    np.testing.assert_array_equal(packed["automix.position"], whole["automix.position"])
    with pytest.raises(PluginError, match="All 1 examples"):
        pack_examples(TASK.modes, broken[:1], renderer.sample_rate_hz, FEATURES)


def test_a_jacobian_foretells_a_small_step(renderer: ExampleRenderer) -> None:
    """To first order, the profile moves as the plugins move it."""
    clip, _ = renderer.draw_clips(np.random.default_rng(2))
    position = np.full(len(renderer.chain.controls), 0.5, np.float32)
    jacobian = profile_jacobian(ModeExample(clip, clip, position), renderer, FEATURES)
    assert jacobian.shape == (len(renderer.chain.controls), 2, FEATURES.bands)
    step = np.zeros_like(position)
    step[renderer.chain.index("peak_low.gain_db")] = STEP / 2
    before, after = renderer.render([clip, clip], np.stack([position, position + step]))
    told = profiles(clip_frames([before, after], renderer.sample_rate_hz, FEATURES))
    np.testing.assert_allclose(np.tensordot(step, jacobian, 1), told[1] - told[0], atol=0.05)
    assert np.abs(told[1] - told[0]).max() > 0.2


def test_a_jacobian_is_taken_of_the_share_asked_for(renderer: ExampleRenderer) -> None:
    examples = drawn(renderer, 3, count=4)
    packed = pack_examples(
        TASK.modes,
        examples,
        renderer.sample_rate_hz,
        FEATURES,
        jacobian=lambda example: profile_jacobian(example, renderer, FEATURES),
        jacobian_share=0.25,
    )
    taken = np.isfinite(packed["match.jacobian"]).all(axis=(1, 2, 3))
    assert taken.sum() == 1
    assert "automix.jacobian" not in packed  # the degraded clip was not rendered through what undoes it
