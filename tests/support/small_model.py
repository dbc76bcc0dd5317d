"""A small model with fresh weights, for the real chain."""

from pathlib import Path

import pytest
import torch

from bridge.features.settings import FeatureSettings
from bridge.model.bundle import build_encoder, save_bundle
from bridge.model.manifest import SCHEMA, ConfidenceCalibration, EncoderSettings, Manifest, Provenance
from bridge.plugins.chain.chain import Chain


@pytest.fixture
def model_folder(tmp_path: Path, chain: Chain) -> Path:
    """A model folder as training writes it, but untrained."""
    torch.manual_seed(0)
    training = Provenance(
        task="channel-strip",
        command="reaper-bridge train",
        date="2026-11-22",
        seed=0,
        minutes=0.0,
        steps=0,
        examples=0,
        sample_rate_hz=44100,
        sources=(),
        heard=("heard.wav",),
        validation=(),
        bridge_version="0",
    )
    manifest = Manifest(
        schema=SCHEMA,
        name="small",
        description="Untrained.",
        chain=chain,
        features=FeatureSettings(),
        encoder=EncoderSettings(width=16, blocks=1, embedding=8, hidden=16),
        confidence=ConfidenceCalibration(),
        weights_sha256="",
        training=training,
        scores={},
    )
    folder = tmp_path / "Modelle ä" / "small"
    save_bundle(folder, manifest, build_encoder(manifest).state_dict(), "# small\n")
    return folder
