"""Files through chains that colour at their defaults: the rival is the file as it lies there, not the chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_model import save_small_model

from bridge.api import automix_audio
from bridge.audio.files import AudioWriter, read_excerpts
from bridge.audio.synthesis import synthesise
from bridge.automix.facts import DecisionKind, SearchOutcome
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix, StaticAutomix
from bridge.model.bundle import StaticModel, load_model
from bridge.offline.automix_file import automix_file
from bridge.offline.job import FileJob
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.settings import load_settings

RATE_HZ = 44_100
WET = """
[[slot]]
name = "room"
plugin = "builtin:Reverb"
fixed = { dry_level = 0.5 }
[slot.control.wet_level]
range = [0.0, 1.0]
neutral = 0.6
[slot.control.room_size]
range = [0.0, 1.0]
neutral = 0.7
[slot.control.damping]
range = [0.0, 1.0]
neutral = 0.2
"""


@pytest.fixture(scope="module")
def wet() -> Chain:
    """A reverb, as chains of real plugins have it: far from silent at its defaults."""
    return parse_chain(WET, source="the test", default_name="wet")


@pytest.fixture(scope="module")
def dry() -> np.ndarray:
    return 0.25 * synthesise("drums", duration_s=3.0, sample_rate_hz=RATE_HZ, seed=3)


def write(path: Path, audio: np.ndarray) -> Path:
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=len(audio)) as file:
        file.write(audio)
    return path


def through(host: PluginHost, chain: Chain, audio: np.ndarray, **changes: float) -> np.ndarray:
    row = chain.neutral.copy()
    for name, value in changes.items():
        row[chain.index(f"room.{name}")] = value
    return host.render(chain, [RenderInput(audio, RATE_HZ, row)])[0]


@pytest.fixture
def model_at(tmp_path: Path, wet: Chain) -> Callable[..., StaticModel]:
    """A model that predicts the same settings for every sound, and a target `tilt_db` brighter at its upper end."""

    def make(tilt_db: float = 0.0, **settings: float) -> StaticModel:
        save_small_model(tmp_path / "wet", wet)
        model = load_model(tmp_path / "wet")
        assert isinstance(model, StaticModel)
        encoder, bands = model.encoder, model.manifest.features.bands
        wanted = [settings.get(control.name, control.neutral) for control in wet.controls]
        with torch.no_grad():
            encoder.position.weight.zero_()
            encoder.position.bias.copy_(torch.logit((torch.tensor(wanted) + 0.05) / 1.1))
            encoder.target.weight.zero_()
            encoder.target.bias[:bands] = torch.linspace(0.0, tilt_db / 10, bands)
        return model

    return make


def test_a_file_that_is_its_reference_is_left_as_it_is(
    model_at: Callable[..., StaticModel], host: PluginHost, dry: np.ndarray
) -> None:
    """Half the reverb of the defaults is nearer than the defaults, and farther than the file itself."""
    mixed = automix_audio(dry, RATE_HZ, model=model_at(wet_level=0.3), host=host, reference=dry)
    assert mixed.result.decision.kind is DecisionKind.NOT_CLOSER
    assert mixed.result.measures_before.distance_db == pytest.approx(0.0, abs=0.05)
    assert mixed.audio is dry


def test_what_is_closer_than_the_untouched_file_is_taken(
    model_at: Callable[..., StaticModel], host: PluginHost, wet: Chain, dry: np.ndarray
) -> None:
    """The defaults are what the reference was made with: nothing moves, and the file is processed all the same."""
    reference = through(host, wet, dry)
    result = automix_audio(dry, RATE_HZ, model=model_at(), host=host, reference=reference).result
    before_db, after_db = result.measures_before.distance_db, result.measures_after.distance_db
    assert result.applied and before_db is not None and after_db is not None
    assert after_db < 2.0 < 5.0 < before_db


def test_a_search_that_would_stray_ends_no_farther_than_it_began(
    model_at: Callable[..., StaticModel], host: PluginHost, wet: Chain, dry: np.ndarray
) -> None:
    """The prediction is right, the target that the encoder would search for is 20 dB duller."""
    model = model_at(tilt_db=-20.0, wet_level=1.0)
    reference = Automix(model, host).extract_features([through(host, wet, dry, wet_level=1.0)], RATE_HZ)
    job = AutomixJob([dry], RATE_HZ, wet.neutral, is_dry=True, reference=reference)
    static, prediction = StaticAutomix(model, host, job), Automix(model, host).predict(job)
    guard = static.guard(static.renderer(), prediction)
    refined = static.refinement(guard.renderer, guard.metrics, prediction).run(60.0, limit_candidates=40)
    first, last = (guard.decide(wet.neutral, row, 1.0) for row in (prediction.normalized, refined.normalized))
    assert first.accepted is not None and last.accepted is not None
    assert last.decision.after_db <= first.decision.after_db + 0.05


@pytest.mark.slow
def test_the_command_measures_the_file_and_not_the_chain_at_its_defaults(
    tmp_path: Path, wet: Chain, dry: np.ndarray
) -> None:
    save_small_model(tmp_path / "wet", wet)
    source = write(tmp_path / "drums.wav", dry)
    job = FileJob(
        source=source, target=tmp_path / "out.wav", reference=source, model=str(tmp_path / "wet"), refine_s=0.5
    )
    result = automix_file(job, load_settings({"home": tmp_path / "home", "workers": 1}))
    assert not result.applied and result.decision.search is SearchOutcome.NO_GAIN
    assert result.measures.before.distance_db == pytest.approx(0.0, abs=0.05)
    assert read_excerpts(job.target, 60.0, 1)[0][1] == pytest.approx(dry, abs=1e-6)
