"""A model whose answer is known: it takes every colouring off a track again.

It answers any sound with the chain's neutral settings and aims at how the track sounds without its plugins. So a
track whose plugins colour it is set back, and the guard sees a real improvement through real plugins.
"""

from __future__ import annotations

from pathlib import Path

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain

ROOT = Path(__file__).parents[2]


def save_flattening_model(folder: Path, chain: Chain | None = None) -> None:
    """Write the model for `chain` (default: the shipped channel strip) into `folder`."""
    import torch

    from bridge.features.settings import FeatureSettings
    from bridge.model.bundle import build_encoder, save_bundle
    from bridge.model.manifest import SCHEMA, ConfidenceCalibration, EncoderSettings, Manifest, Provenance

    training = Provenance(
        task="none",
        command="none",
        date="2020-01-01",
        seed=0,
        minutes=0.0,
        steps=0,
        examples=0,
        sample_rate_hz=44_100,
        sources=(),
        heard=(),
        validation=(),
        bridge_version="0",
    )
    manifest = Manifest(
        schema=SCHEMA,
        name=folder.name,
        description="Answers with neutral settings.",
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
    with torch.no_grad():
        encoder.position.weight.zero_()
        encoder.target.weight.zero_()
    save_bundle(folder, manifest, encoder.state_dict(), "# A model for tests\n")
