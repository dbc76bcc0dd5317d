"""Small models for the real chain: with fresh weights, or one whose output is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain

ROOT = Path(__file__).parents[2]


def save_small_model(folder: Path, chain: Chain | None = None, *, is_neutral: bool = False) -> None:
    """Write an untrained model for `chain` (default: the shipped channel strip) into `folder`.

    A neutral one gives any sound the chain's neutral settings, and aims at how the track sounds without its plugins:
    a track whose plugins colour it is set back, and the guard sees a real improvement through real plugins.
    """
    import torch

    from bridge.features.settings import FeatureSettings
    from bridge.model.bundle import build_encoder, save_bundle
    from bridge.model.manifest import SCHEMA, ConfidenceCalibration, EncoderSettings, Manifest, Provenance

    training = Provenance(
        task="none" if is_neutral else "channel-strip",
        command="reaper-bridge train",
        date="2026-11-22",
        seed=0,
        minutes=0.0,
        steps=0,
        examples=0,
        sample_rate_hz=44_100,
        sources=(),
        training_files=() if is_neutral else ("heard.wav",),
        validation=(),
        bridge_version="0",
    )
    manifest = Manifest(
        schema=SCHEMA,
        name=folder.name,
        description="Answers with neutral settings." if is_neutral else "Untrained.",
        chain=chain or load_chain(ROOT / "models" / "chains" / "channel-strip.toml"),
        features=FeatureSettings(),
        encoder=EncoderSettings(width=16, blocks=1, embedding=16, hidden=32),
        confidence=ConfidenceCalibration(),
        weights_sha256="",
        training=training,
        scores={},
    )
    torch.manual_seed(0)
    encoder = build_encoder(manifest)
    if is_neutral:
        with torch.no_grad():
            encoder.position.weight.zero_()
            encoder.target.weight.zero_()
    save_bundle(folder, manifest, encoder.state_dict(), "# A model for tests\n")


def save_neutral_model(folder: Path, chain: Chain | None = None) -> None:
    """Write a neutral model, see `save_small_model`."""
    save_small_model(folder, chain, is_neutral=True)


@pytest.fixture
def model_folder(tmp_path: Path, chain: Chain) -> Path:
    """A model folder as training writes it, but untrained."""
    folder = tmp_path / "Modelle ä" / "small"
    save_small_model(folder, chain)
    return folder
