"""The task mastering on a small chain of real plugins: examples, cases, what it measures, and a training of seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mastering_chain import RATE_HZ, mastering_chain, mix, zam_catalog
from small_training import RECIPE

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.decibels import amplitude_to_db
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import find_files, read_recordings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.options import TrainOptions
from bridge.training.recipe import load_recipe
from bridge.training.tasks.mastering import CEILING_DBTP, LOUDNESS_LUFS, MasteringTask, clipped
from bridge.training.train import train

CHAIN = mastering_chain()


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=zam_catalog()) as opened:
        yield opened


@pytest.fixture(scope="module")
def renderer(host: PluginHost, folder: Path) -> ExampleRenderer:
    return ExampleRenderer(CHAIN, host, read_recordings(find_files([folder]), channels=None), RATE_HZ, 2.0)


def test_examples_are_whole_in_stereo_and_their_settings_lead_where_they_say(
    renderer: ExampleRenderer, host: PluginHost
) -> None:
    drawn = MasteringTask().draw(renderer, np.random.default_rng(1), 8)
    assert len(drawn) == 8
    for by_mode in drawn:
        for example in by_mode.values():
            assert example.is_whole and example.input.shape == (2, 2 * RATE_HZ)
            assert np.abs(example.input).max() < 4
    changed = next(e["match"] for e in drawn if not np.array_equal(e["match"].input, e["match"].rendered))
    assert changed.rendered is not None and changed.position is not None
    low, high = CHAIN.bounds
    row = (low + changed.position * (high - low)).astype(np.float32)
    made = host.render(CHAIN, [RenderInput(0.05 * changed.input, RATE_HZ, row)])[
        0
    ]  # so quiet that the limiter stands idle
    assert np.abs(made - 0.05 * changed.rendered).max() < 0.01 * np.abs(made).max()


def test_the_same_generator_draws_the_same_examples(renderer: ExampleRenderer) -> None:
    first, second = (MasteringTask().draw(renderer, np.random.default_rng(4), 2) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one["automix"].input, other["automix"].input)
        np.testing.assert_array_equal(one["match"].truth, other["match"].truth)


def test_what_disturbed_a_mix_is_undone_by_the_label(renderer: ExampleRenderer, host: PluginHost) -> None:
    """Through many bands the curve comes back; through the few of this chain at least its direction does."""
    drawn = MasteringTask().draw(renderer, np.random.default_rng(6), 12)
    low, high = CHAIN.bounds
    for example in (e["automix"] for e in drawn):
        gains = (example.position * (high - low) + low - CHAIN.neutral)[1:5] * 24
        heard, truth = (np.abs(np.fft.rfft(one.mean(0))) for one in (example.input, example.truth))
        for gain_db, hertz in zip(gains, (100, 501, 2514, 7963), strict=True):
            band = slice(round(2 * hertz * 0.95), round(2 * hertz * 1.05))
            wanted_db = amplitude_to_db(np.linalg.norm(truth[band]) / np.linalg.norm(heard[band]))
            assert gain_db == pytest.approx(np.clip(wanted_db, -9, 9), abs=1.5)


def test_clipping_bends_peaks_alone() -> None:
    audio = mix(peak=0.9)
    assert clipped(audio, 0.0) is audio
    bent = clipped(audio, 6.0)
    assert np.abs(bent).max() < 0.75 * np.abs(audio).max()
    quiet = np.abs(audio) < 0.05
    np.testing.assert_allclose(bent[quiet], audio[quiet], atol=2e-3)


def test_cases_of_every_use_fit_a_file_and_are_repeatable(host: PluginHost, folder: Path) -> None:
    files = [file for file in find_files([folder]) if file.group in ("song00", "song01")]
    cases, again = (MasteringTask().cases(CHAIN, host, files, each=1, seed=0) for _ in range(2))
    assert {use: len(found) for use, found in cases.items()} == {"match": 4, "foreign": 4, "automix": 4}
    for use, found in cases.items():
        for one, other in zip(found, again[use], strict=True):
            np.testing.assert_array_equal(one.given, other.given)
            assert not one.loudness_counts and (one.reference is None) == (use == "automix")
            assert max(np.abs(audio).max() for audio in (one.given, one.truth)) <= 1.0
    match = cases["match"][0]
    assert match.hidden is not None
    made = host.render(CHAIN, [RenderInput(match.given, match.sample_rate_hz, match.hidden)])[0]
    np.testing.assert_allclose(made, match.truth, atol=1e-5)


def test_it_measures_loudness_and_peak_against_the_wanted_ones() -> None:
    audio = mix()
    own = loudness_lufs(audio, RATE_HZ)
    assert own is not None
    alone = EvaluationCase("a", "automix", RATE_HZ, audio, audio, None, None, loudness_counts=False)
    measured = MasteringTask().metrics(alone, audio)
    assert measured["loudness_error_lu"] == pytest.approx(abs(own - LOUDNESS_LUFS))
    assert measured["above_ceiling_db"] == pytest.approx(true_peak_dbtp(audio, RATE_HZ) - CEILING_DBTP)
    matched = EvaluationCase("a", "match", RATE_HZ, audio, audio, None, audio, loudness_counts=False)
    assert MasteringTask().metrics(matched, audio)["loudness_error_lu"] == pytest.approx(0.0)
    assert MasteringTask().metrics(alone, np.zeros_like(audio)) == {}


def test_a_training_of_seconds_makes_a_model_that_honours_its_targets(
    host: PluginHost, folder: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        (file := Path(place) / "small.toml").write_text(RECIPE[: RECIPE.rindex("[[stages]]")], encoding="utf-8")
        recipe = load_recipe("mastering", file)
    options = TrainOptions(
        chain=CHAIN, data=(folder,), output=tmp_path / "small", task="mastering", recipe=recipe, steps=20, shards=2,
        workers=1, evaluated_cases=0,
    )  # fmt: skip
    manifest = train(options, progress=lambda _share, _text: None)
    assert manifest is not None and manifest.use == MasteringTask.use
    audio = mix()
    automix = Automix(load_model(tmp_path / "small"), host)
    outcome = automix.run(AutomixJob([audio], RATE_HZ, CHAIN.neutral))
    assert outcome.applied
    made = host.render(CHAIN, [RenderInput(audio, RATE_HZ, outcome.normalized)])[0]
    assert loudness_lufs(made, RATE_HZ) == pytest.approx(LOUDNESS_LUFS, abs=0.5)
    assert true_peak_dbtp(made, RATE_HZ) <= CEILING_DBTP
    reference = automix.extract_features([0.3 * audio], RATE_HZ)
    quieter = automix.run(AutomixJob([audio], RATE_HZ, CHAIN.neutral, reference=reference))
    assert quieter.measures_after.loudness_lufs == pytest.approx(reference.loudness_lufs, abs=0.5)
