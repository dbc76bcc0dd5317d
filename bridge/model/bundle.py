"""A model in memory, and its way from and to a folder: weights as safetensors, everything else in the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import safetensors
import safetensors.torch
import torch

from bridge.atomic_files import replace_when_written, write_file, write_new
from bridge.errors import ModelError, truncated
from bridge.features.settings import FeatureSettings
from bridge.model.encoders import Category, Encoder
from bridge.model.encoders.frame_encoder import FrameEncoder
from bridge.model.manifest import (
    CARD_FILE,
    MANIFEST_FILE,
    SCHEMA,
    UNTRAINED,
    WEIGHTS_FILE,
    AutomationSettings,
    ConfidenceCalibration,
    EncoderSettings,
    Manifest,
    encode_manifest,
    read_manifest,
)
from bridge.plugins.chain.chain import Chain
from bridge.types import Float32

REFERENCE_PROFILES = "bank"  # its name among the weights
MOST_SHOWN = 160  # characters of what does not fit


@dataclass(frozen=True)
class Model:
    """A loaded model of either kind: what its manifest says, and its encoder, frozen."""

    manifest: Manifest
    encoder: torch.nn.Module

    @property
    def name(self) -> str:
        """What it is called."""
        return self.manifest.name

    @property
    def chain(self) -> Chain:
        """The plugins and controls that it sets."""
        return self.manifest.chain


@dataclass(frozen=True)
class StaticModel(Model):
    """A model that predicts one setting for all of a sound.

    `reference_profiles`: (n, 2, bands) profiles of well-recorded sounds, mean and spread in dB, see `Objective`.
    """

    encoder: Encoder
    reference_profiles: Float32 | None = None


@dataclass(frozen=True)
class UntrainedModel(StaticModel):
    """A chain that no model knows: nothing is predicted for it, and what its encoder says counts for nothing."""


@dataclass(frozen=True)
class AutomationModel(Model):
    """A model whose settings move in time: its encoder works frame by frame."""

    encoder: FrameEncoder

    @property
    def automation_settings(self) -> AutomationSettings:
        """How its settings move."""
        return self.manifest.use.automation or AutomationSettings()


def load_model(folder: Path) -> Model:
    """Read and verify a model folder. ModelError names what is wrong with it and what to do."""
    manifest = read_manifest(folder)
    if manifest.is_automation:
        neutral = torch.from_numpy(neutral_positions(manifest.chain))
        frame_encoder = FrameEncoder(manifest.features.bands, manifest.encoder, neutral)
        load_weights(folder, frame_encoder)
        return AutomationModel(manifest, frame_encoder.eval().requires_grad_(False))
    encoder, file = build_encoder(manifest), folder / WEIGHTS_FILE
    profiles = load_weights(folder, encoder)
    if profiles is not None and (
        profiles.ndim != 3 or not len(profiles) or profiles.shape[1:] != (2, manifest.features.bands)
    ):
        raise ModelError(f"{file} holds a bank of the shape {tuple(profiles.shape)}. Install or train the model again.")
    temperatures, choices = len(manifest.confidence.temperatures), len(encoder.categories)
    if temperatures not in (0, choices):
        raise ModelError(
            f"{folder / MANIFEST_FILE} is damaged: it has {temperatures} temperatures for {choices} controls of "
            "choices. Install or train the model again."
        )
    return StaticModel(
        manifest,
        encoder.eval().requires_grad_(False),
        None if profiles is None else profiles.float().numpy(),
    )


def load_weights(folder: Path, encoder: torch.nn.Module) -> torch.Tensor | None:
    """Put the weights in `folder` into `encoder`; return the reference profiles. ModelError where they do not fit."""
    file = folder / WEIGHTS_FILE
    try:
        weights = safetensors.torch.load_file(file)
        profiles = weights.pop(REFERENCE_PROFILES, None)
        encoder.load_state_dict(weights)
    except (safetensors.SafetensorError, RuntimeError, OSError) as error:
        # of torch's lines the first says that something is wrong, the second what
        fault = next((line.strip() for line in str(error).splitlines()[1:] if line.strip()), str(error).strip())
        raise ModelError(
            f"{file} does not fit its manifest: {truncated(fault, MOST_SHOWN).rstrip('.')}. "
            "Install or train the model again."
        ) from error
    for name, tensor in {REFERENCE_PROFILES: profiles, **weights}.items():
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{file} holds numbers that are none, in {name}. Install or train the model again.")
    return profiles


def save_bundle(
    folder: Path,
    manifest: Manifest,
    weights: Mapping[str, torch.Tensor],
    card: str,
    *,
    reference_profiles: Float32 | None = None,
) -> Manifest:
    """Write a model folder. One that is there is replaced when all of the new one is on the disk, by two renames.

    Args:
        folder: of the model.
        manifest: comes last, and makes the folder a model.
        weights: the encoder's, by name.
        card: Markdown for README.md.
        reference_profiles: float32 (n, 2, bands), mean and spread of well-recorded sounds in dB.

    Returns:
        The manifest with the hash of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous().float() for name, tensor in weights.items()}
    if reference_profiles is not None:
        plain[REFERENCE_PROFILES] = torch.from_numpy(reference_profiles.astype(np.float16))
    content = safetensors.torch.save(plain)
    manifest = msgspec.structs.replace(manifest, weights_sha256=hashlib.sha256(content).hexdigest())
    write_file(folder / CARD_FILE, card.encode())
    with (
        replace_when_written(folder / MANIFEST_FILE) as manifest_part,
        replace_when_written(folder / WEIGHTS_FILE) as weights_part,
    ):
        write_new(weights_part, content, is_durable=True)
        write_new(manifest_part, encode_manifest(manifest), is_durable=True)
    return manifest


def untrained_model(chain: Chain) -> UntrainedModel:
    """Return what stands for a model of `chain`, where settings are to be searched for."""
    manifest = Manifest(
        schema=SCHEMA,
        name=chain.name,
        description="Settings are searched for; nothing was learned.",
        chain=chain,
        features=FeatureSettings(),
        encoder=EncoderSettings(width=4, blocks=0, embedding=1, hidden=1),
        confidence=ConfidenceCalibration(),
        weights_sha256="",
        training=UNTRAINED,
        scores={},
    )
    return UntrainedModel(manifest, build_encoder(manifest).eval().requires_grad_(False))


def build_encoder(manifest: Manifest) -> Encoder:
    """Return an encoder of the manifest's kind and size with fresh weights."""
    neutral = torch.from_numpy(neutral_positions(manifest.chain))
    return Encoder(manifest.features.bands, manifest.encoder, neutral, categories_of(manifest.chain))


def categories_of(chain: Chain) -> tuple[Category, ...]:
    """Return the chain's controls of choices, as an encoder predicts them: see `Control.choices`.

    A choice lies where the plugin itself puts it, at an equal step of the normalized range, and holds for an equal
    stretch of that range. Only those that the control's bounds leave over count; of one, there is nothing to choose.
    """
    categories = []
    for index, control in enumerate(chain.controls):
        count, span = len(control.choices), control.high - control.low
        values = [step / max(count - 1, 1) for step in range(count)]
        steps = [step for step, value in enumerate(values) if control.low - 1e-6 <= value <= control.high + 1e-6]
        if len(steps) < 2:
            continue
        places = tuple((values[step] - control.low) / span for step in steps)
        edges = tuple((step / count - control.low) / span for step in steps[1:])
        categories.append(Category(index, places, edges))
    return tuple(categories)


def positions_to_normalized(chain: Chain, positions: np.ndarray) -> np.ndarray:
    """Return the host's normalized values for 0..1 over each control's range (..., controls), clipped to the range."""
    low, high = chain.bounds
    return np.asarray(low + np.clip(positions, 0, 1) * (high - low), dtype=np.float32)


def normalized_to_positions(chain: Chain, normalized: np.ndarray) -> np.ndarray:
    """Return the inverse of `positions_to_normalized`, clipped to 0..1."""
    low, high = chain.bounds
    return np.asarray(np.clip((normalized - low) / (high - low), 0, 1), dtype=np.float32)


def neutral_positions(chain: Chain) -> np.ndarray:
    """Return where the controls of `chain` rest, as positions 0..1 over their ranges, (controls,)."""
    return normalized_to_positions(chain, chain.neutral)
