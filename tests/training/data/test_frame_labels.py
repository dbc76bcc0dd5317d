"""Labels by search: rendered with them, the events are gone and the words are as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_speech import synthetic_speech

from bridge.automix.automation.curves import block_frames, block_rows
from bridge.automix.job import AutomationCurve
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.frame_labels import FrameGrid, label_scene
from bridge.training.data.scenes import draw_scene
from bridge.training.evaluation.nonspeech_metrics import event_results, speech_changes_db

RATE = 44100
FEATURES = FeatureSettings(bands=48, low_hz=40, high_hz=10000, window_s=0.032, hop_s=0.01, floor_db=-110)
CHAIN = load_chain(Path(__file__).parents[3] / "models" / "chains" / "nonspeech.toml")
SHELF, GATE = 0, 1


@pytest.fixture(scope="module")
def host():
    with PluginHost(workers=1) as host:
        yield host


@pytest.fixture(scope="module")
def renderer(host):
    return ExampleRenderer(CHAIN, host, [], RATE, 5.0)


@pytest.fixture(scope="module")
def labelled(renderer):
    generator = np.random.default_rng(4)
    scenes = [
        draw_scene(synthetic_speech(seed), RATE, generator, side="train", duration_s=5.0, eventless=0.0)
        for seed in range(5)
    ]
    return [(scene, label_scene(scene, renderer, FEATURES)) for scene in scenes]


def test_there_is_a_label_for_each_frame_that_is_heard(labelled):
    import torch

    for scene, labels in labelled:
        frames = log_mel(torch.from_numpy(scene.audio), RATE, FEATURES).shape[-1]
        assert labels.activity.shape == labels.position.shape == labels.weight.shape == (2, frames)
        assert labels.speech.shape == (frames,)


def test_rendered_by_its_labels_a_scene_loses_its_events_and_keeps_its_words(labelled, host):
    down, changed = [], []
    neutral = neutral_positions(CHAIN)
    for scene, labels in labelled:
        grid = FrameGrid.of(scene.audio.shape[1], RATE, FEATURES)
        curves = {}
        for control in range(2):
            place = np.where(labels.activity[control] > 0, labels.position[control], neutral[control])
            positions = np.repeat(neutral[None], grid.count, axis=0)
            positions[:, control] = place
            curves[control] = AutomationCurve(grid.middles_s, positions_to_normalized(CHAIN, positions)[:, control])
        rows = block_rows(curves, CHAIN.neutral, frames=scene.audio.shape[1], sample_rate_hz=RATE)
        (made,) = host.render(CHAIN, [RenderInput(scene.audio, RATE, rows, block_frames(RATE))])
        down += [result.down_db for result in event_results(scene, made)]
        changed += list(speech_changes_db(scene, made))
    assert len(down) > 8
    assert np.median(down) > 15
    assert np.median(changed) < 0.1
    assert max(changed) < 0.5


def test_the_gate_acts_on_breaths_and_the_shelf_on_pops_alone(labelled):
    acting = {kind: np.zeros(2) for kind in ("breath", "pop")}
    for scene, labels in labelled:
        grid = FrameGrid.of(scene.audio.shape[1], RATE, FEATURES)
        for event in scene.events:
            others = [e for e in scene.events if e is not event and e.start_s < event.end_s and e.end_s > event.start_s]
            kind = "pop" if event.kind == "pop" else "breath"
            if not others and event.kind != "click":
                acting[kind] += labels.activity[:, grid.within(event.start_s, event.end_s)].sum(1)
    assert acting["breath"][GATE] > 20 * max(1, acting["breath"][SHELF])
    assert acting["pop"][SHELF] > 5


def test_nothing_acts_where_nothing_was_added(renderer):
    scene = draw_scene(synthetic_speech(), RATE, np.random.default_rng(0), side="train", duration_s=5.0, eventless=1.0)
    labels = label_scene(scene, renderer, FEATURES)
    assert not labels.activity.any()
    assert (labels.weight > 0).all()
    assert labels.speech.any() and not labels.speech.all()
    assert np.array_equal(labels.position[:, 0], neutral_positions(CHAIN))
