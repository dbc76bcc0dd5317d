"""Confidence is a chance: after fitting, mean confidence equals the share of hits, of ranges and of choices."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
import torch

from bridge.features.settings import FeatureSettings
from bridge.model.encoders import confidence_of
from bridge.model.manifest import EncoderSettings, Manifest
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.prediction_modes import PredictionMode, Shard
from bridge.training.recipe import load_recipe
from bridge.training.trainer.confidence import TOLERANCE, fit_confidence, validation_outputs
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.encoder_train_step import EncoderTrainStep
from bridge.training.trainer.train_step import TrainStepSettings

LESSONS = (PredictionMode("match", has_reference=True, loudness_counts=True), PredictionMode("alone", False, False))


def examples(count: int, controls: int) -> Shard:
    generator = np.random.default_rng(0)

    def frames() -> np.ndarray:
        return (generator.normal(0, 8, (count, 64, 60)) - 40).astype(np.float16)

    near = (0.5 + 0.2 * (generator.random((count, controls)) - 0.5)).astype(np.float32)
    return {
        "match.input": frames(),
        "match.reference": frames(),
        "match.position": near,
        "alone.input": frames(),
        "alone.position": generator.random((count, controls)).astype(np.float32),
    }


@pytest.fixture
def learner_of(manifest: Manifest, renderer: ExampleRenderer) -> Callable[[Chain], EncoderTrainStep]:
    """A fresh train_step of a chain."""

    def make(chain: Chain) -> EncoderTrainStep:
        small = EncoderSettings(width=16, blocks=1, embedding=8, hidden=16)
        told = msgspec.structs.replace(manifest, chain=chain, encoder=small, features=FeatureSettings())
        learning = load_recipe("channel-strip").learning
        setup = TrainStepSettings(told, learning, torch.device("cpu"), 0, ProcessGroup(), renderer, ())
        return EncoderTrainStep(LESSONS, setup, lambda *_: [])

    return make


def test_mean_confidence_equals_the_share_of_hits(
    learner_of: Callable[[Chain], EncoderTrainStep], chain: Chain
) -> None:
    train_step, known = learner_of(chain), examples(120, len(chain.controls))
    law = fit_confidence(train_step, known)
    answered = validation_outputs(train_step, known)
    assert answered is not None
    hits = (answered.errors <= TOLERANCE).mean(0)
    confidence = (1 - np.exp(-law.tolerance / (answered.spread.numpy() * np.array(law.widening, np.float32)))).mean(0)
    assert hits.max() > 0.1
    np.testing.assert_allclose(confidence, hits, atol=0.03)


def test_so_it_does_of_choices(learner_of: Callable[[Chain], EncoderTrainStep]) -> None:
    """A fresh encoder is sure of the neutral choice, which is right in half of the cases and less."""
    law = RangeLaw(low=0.0, high=1.0)
    gain = Control(slot="amp", name="gain", unit="dB", law=law)
    stack = Control(slot="amp", name="stack", unit="", law=law, choices=("a", "b", "c", "d"))
    train_step = learner_of(Chain(name="amp", slots=(Slot(name="amp", plugin="vst3:Amp", controls=(gain, stack)),)))
    (category,), known = train_step.encoder.categories, examples(120, 2)
    choices = np.random.default_rng(1).choice(4, size=120, p=[0.5, 0.2, 0.2, 0.1])
    for mode in LESSONS:
        known[f"{mode.name}.position"][:, 1] = np.array(category.places, np.float32)[choices]
    answered = validation_outputs(train_step, known)
    assert answered is not None
    hits = (answered.logits[0].argmax(1) == category.chosen(answered.truth[:, 1])).float().mean()
    (temperature,) = fit_confidence(train_step, known).temperatures
    assert confidence_of(answered.logits[0]).mean() > hits + 0.2, "before it is fitted"
    assert abs(confidence_of(answered.logits[0], temperature).mean() - hits) < 0.03


def test_what_nobody_knows_is_no_miss(learner_of: Callable[[Chain], EncoderTrainStep], chain: Chain) -> None:
    train_step, known = learner_of(chain), examples(30, len(chain.controls))
    known["alone.position"] = np.full_like(known["alone.position"], np.nan)
    answered = validation_outputs(train_step, known)
    assert answered is not None
    assert answered.errors.shape == (30, len(chain.controls)) and np.isfinite(answered.errors).all()
    known["match.position"] = known["alone.position"]
    assert validation_outputs(train_step, known) is None
    assert fit_confidence(train_step, known).widening == ()
