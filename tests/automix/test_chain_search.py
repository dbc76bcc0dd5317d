"""A chain that no model knows: filters are worked out, the rest is searched for, and nothing comes out worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.facts import ProposalOrigin
from bridge.automix.job import AutomixJob, AutomixResult
from bridge.automix.pipeline import Automix
from bridge.errors import ModelError
from bridge.features.mel import extract_features
from bridge.features.profile import profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import untrained_model
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Audio, NormalizedArray

RATE_HZ = 22_050
EQUALISER = "".join(
    f'[[slot]]\nname = "band {hz}"\nplugin = "builtin:PeakFilter"\n'
    f"fixed = {{ cutoff_frequency_hz = {hz}.0, q = 0.9 }}\n"
    "[slot.control.gain_db]\nrange = [-12.0, 12.0]\nneutral = 0.0\n"
    for hz in (120, 500, 2000, 6000)
)
COMPRESSOR = (
    '[[slot]]\nname = "comp"\nplugin = "builtin:Compressor"\nfixed = { attack_ms = 5.0, release_ms = 80.0 }\n'
    "[slot.control.threshold_db]\nrange = [-50.0, 0.0]\nneutral = 0.0\n"
    "[slot.control.ratio]\nrange = [1.0, 8.0]\nneutral = 1.0\n"
    '[[slot]]\nname = "gain"\nplugin = "builtin:Gain"\n[slot.control.gain_db]\nrange = [-20.0, 20.0]\nneutral = 0.0\n'
)


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(untrained_model(parse_chain(EQUALISER + COMPRESSOR, source="test")), host)


@pytest.fixture(scope="module")
def song() -> Audio:
    return synthesise("drums", duration_s=12.0, sample_rate_hz=RATE_HZ, seed=3)


def hidden(automix: Automix) -> NormalizedArray:
    chain, settings = automix.model.chain, automix.model.chain.neutral.copy()
    wanted = {"band 120.gain_db": 7.0, "band 2000.gain_db": -8.0, "band 6000.gain_db": 6.0}
    for label, value in {**wanted, "comp.threshold_db": -35.0, "comp.ratio": 4.0}.items():
        settings[chain.index(label)] = chain.controls[chain.index(label)].normalized(value)
    return settings


def run(automix: Automix, song: Audio, through: NormalizedArray, refine_s: float) -> AutomixResult:
    """The first half of the song, with the second half through hidden settings as the reference."""
    first, second = np.split(song, 2, axis=1)
    (reference,) = automix.host.render(automix.model.chain, [RenderInput(second, RATE_HZ, through)])
    sound = automix.extract_features([reference], RATE_HZ)
    job = AutomixJob([first], RATE_HZ, automix.model.chain.neutral, is_dry=True, reference=sound, refine_s=refine_s)
    return automix.run(job)


def left_share(automix: Automix, song: Audio, through: NormalizedArray, result: AutomixResult) -> float:
    """How much of the distance to the first half through the hidden settings is left."""
    first = np.split(song, 2, axis=1)[0]
    rows = (through, result.normalized)
    truth, own = automix.host.render(automix.model.chain, [RenderInput(first, RATE_HZ, row) for row in rows])
    wanted, before, after = (extract_features([one], RATE_HZ, FeatureSettings()).profile for one in (truth, first, own))
    before_db, after_db = (profile_distance_db(one, wanted, loudness_counts=True) for one in (before, after))
    return after_db / before_db


def test_a_reference_is_come_close_to_without_any_model(automix: Automix, song: Audio) -> None:
    through = hidden(automix)
    worked_out, searched = (run(automix, song, through, refine_s) for refine_s in (0.0, 2.0))
    assert worked_out.decision.origin is searched.decision.origin is ProposalOrigin.CHAIN_SEARCH
    assert left_share(automix, song, through, worked_out) < 0.6
    assert left_share(automix, song, through, searched) < 0.45
    threshold = automix.model.chain.index("comp.threshold_db")
    assert worked_out.normalized[threshold] == automix.model.chain.neutral[threshold]


def test_what_sounds_like_the_reference_is_left_alone(automix: Automix, song: Audio) -> None:
    result = run(automix, song, automix.model.chain.neutral, 1.0)
    assert not result.applied or left_share(automix, song, hidden(automix), result) < 1.0


def test_without_a_reference_there_is_nothing_to_search_for(automix: Automix, song: Audio) -> None:
    with pytest.raises(ModelError, match="give a reference"):
        automix.run(AutomixJob([song], RATE_HZ, automix.model.chain.neutral, is_dry=True))


def test_the_command_searches_for_a_chain_without_a_model(tmp_path: Path, bridge_home: Path) -> None:
    import soundfile
    from click.testing import CliRunner

    from bridge.cli import main

    (tmp_path / "own.toml").write_text(EQUALISER)
    for seed, name in enumerate(("in.wav", "like.wav")):
        audio = synthesise("strings", duration_s=4.0, sample_rate_hz=RATE_HZ, seed=seed)
        soundfile.write(tmp_path / name, audio.T * (1.0 + seed), RATE_HZ)
    files = [str(tmp_path / name) for name in ("in.wav", "own.toml", "like.wav", "out.wav")]
    command = ["automix", files[0], "--chain", files[1], "--reference", files[2], "-o", files[3]]
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "--refine" in refused.output
    searched = CliRunner().invoke(main, [*command, "--refine", "1"], catch_exceptions=False)
    assert searched.exit_code == 0, searched.output
    assert (tmp_path / "out.wav").is_file()
