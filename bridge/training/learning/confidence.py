"""Makes confidence mean something: fits, on songs not learned from, how wide the predicted spreads must be."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.model.manifest import ConfidenceLaw
from bridge.training.learning.learner import LessonLearner, take
from bridge.training.learning.lessons import Shard, count_of

TOLERANCE = 0.1  # of a control's range
_WIDENINGS = np.geomspace(0.1, 10.0, 81)


def fit_confidence(learner: LessonLearner, examples: Shard) -> ConfidenceLaw:
    """The law whose mean confidence equals the share of hits, control by control, over all lessons."""
    errors, spreads = errors_and_spreads(learner, examples)
    if not len(errors):
        return ConfidenceLaw(tolerance=TOLERANCE)
    hits = (errors <= TOLERANCE).mean(0)
    confidence = 1 - np.exp(-TOLERANCE / (spreads[None] * _WIDENINGS[:, None, None]))  # (widenings, n, controls)
    nearest = np.abs(confidence.mean(1) - hits).argmin(0)
    return ConfidenceLaw(tolerance=TOLERANCE, widening=tuple(float(round(w, 3)) for w in _WIDENINGS[nearest]))


def errors_and_spreads(learner: LessonLearner, examples: Shard) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Absolute errors and predicted spreads, (examples of all lessons with a known position, controls), in shares of
    each range."""
    batch = take(examples, np.arange(count_of(examples)), learner.device)
    with torch.no_grad():
        answers = learner.answers(batch)
    taught = [lesson.name for lesson in learner.lessons if batch[f"{lesson.name}.position"].shape[1]]
    if not taught:
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
    position = torch.cat([answers[name].position for name in taught]).clamp(0, 1)
    truth = torch.cat([batch[f"{name}.position"] for name in taught])
    spread = torch.cat([answers[name].spread for name in taught])
    known = torch.isfinite(truth).all(1)
    return (position - truth).abs()[known].cpu().numpy(), spread[known].cpu().numpy()
