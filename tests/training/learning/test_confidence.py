"""Confidence is a chance: after fitting, mean confidence equals the share of hits."""

import msgspec
import numpy as np
import torch

from bridge.model.manifest import EncoderSettings, FeatureSettings, Manifest
from bridge.plugins.chain import Chain
from bridge.training.learning.confidence import TOLERANCE, errors_and_spreads, fit_confidence
from bridge.training.learning.learner import LearnerSetup, LessonLearner
from bridge.training.learning.lessons import Lesson, Shard
from bridge.training.learning.processes import Processes
from bridge.training.recipe import load_recipe
from bridge.training.sources.studio import Studio

LESSONS = (Lesson("match", has_reference=True, level_counts=True), Lesson("alone", False, False))


def examples(count: int, controls: int) -> Shard:
    generator = np.random.default_rng(0)

    def frames() -> np.ndarray:
        return (generator.normal(0, 8, (count, 64, 60)) - 40).astype(np.float16)

    near = (0.5 + 0.2 * (generator.random((count, controls)) - 0.5)).astype(np.float32)
    return {
        "match.heard": frames(),
        "match.reference": frames(),
        "match.position": near,
        "alone.heard": frames(),
        "alone.position": generator.random((count, controls)).astype(np.float32),
    }


def test_mean_confidence_equals_the_share_of_hits(manifest: Manifest, studio: Studio) -> None:
    small = EncoderSettings(width=16, blocks=1, embedding=8, hidden=16)
    manifest = msgspec.structs.replace(manifest, encoder=small, features=FeatureSettings())
    setup = LearnerSetup(
        manifest, load_recipe("channel-strip").learning, torch.device("cpu"), 0, Processes(), studio, ()
    )
    learner = LessonLearner(LESSONS, setup, lambda *_: [])
    known = examples(120, len(manifest.chain.controls))
    law = fit_confidence(learner, known)
    errors, spreads = errors_and_spreads(learner, known)
    hits = (errors <= TOLERANCE).mean(0)
    confidence = (1 - np.exp(-law.tolerance / (spreads * np.array(law.widening, np.float32)))).mean(0)
    assert hits.max() > 0.1
    np.testing.assert_allclose(confidence, hits, atol=0.03)


def test_what_nobody_knows_is_no_miss(manifest: Manifest, chain: Chain, studio: Studio) -> None:
    small = EncoderSettings(width=16, blocks=1, embedding=8, hidden=16)
    setup = LearnerSetup(
        msgspec.structs.replace(manifest, encoder=small),
        load_recipe("channel-strip").learning,
        torch.device("cpu"),
        0,
        Processes(),
        studio,
        (),
    )
    known = examples(30, len(chain.controls))
    known["alone.position"] = np.full_like(known["alone.position"], np.nan)
    errors, _ = errors_and_spreads(LessonLearner(LESSONS, setup, lambda *_: []), known)
    assert errors.shape == (30, len(chain.controls)) and np.isfinite(errors).all()
