"""Styles: a sound with a name, kept as the log-mel frames that an encoder takes.

A style holds no audio that could be played and no model's own numbers, so it outlives a retrained model. One
safetensors file per style, `NAME.safetensors`, in the styles folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import safetensors
import safetensors.numpy

from bridge.atomic_files import write_file
from bridge.errors import ModelError, quoted
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings

SCHEMA = 1
SUFFIX = ".safetensors"
MAX_FRAMES = 2600  # a minute: 330 KiB

_NAME = re.compile(r"[\w][\w .+-]{0,63}")


@dataclass(frozen=True)
class Style:
    """A named sound. `features` are the settings by which it was extracted; a model must share them."""

    name: str
    sound: SoundFeatures
    features: FeatureSettings
    files: tuple[str, ...] = ()


def list_styles(folder: Path) -> list[str]:
    """Return the names of the styles in a folder, in order; none where there is no such folder. Opens no file."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def save_style(folder: Path, style: Style) -> Path:
    """Write `style` into `folder`, replacing one of the same name. Long sounds are thinned to `MAX_FRAMES` frames."""
    path = style_path(folder, style.name)
    folder.mkdir(parents=True, exist_ok=True)
    frames = style.sound.log_mel
    if frames.shape[1] > MAX_FRAMES:
        frames = frames[:, np.linspace(0, frames.shape[1] - 1, MAX_FRAMES).astype(int)]
    metadata = {
        "schema": str(SCHEMA),
        "name": style.name,
        "bands_heard": str(style.sound.valid_bands),
        "features": msgspec.json.encode(style.features).decode(),
        "files": msgspec.json.encode(style.files).decode(),
    }
    if style.sound.loudness_lufs is not None:
        metadata["loudness_lufs"] = str(style.sound.loudness_lufs)
    write_file(path, safetensors.numpy.save({"log_mel": np.ascontiguousarray(frames, np.float16)}, metadata))
    return path


def load_style(folder: Path, name: str) -> Style:
    """Read a style by name. ModelError names the styles there are, or what is wrong with the file."""
    path = style_path(folder, name)
    if not path.is_file():
        known = ", ".join(list_styles(folder)) or "none"
        raise ModelError(
            f"No style is called {quoted(name)}. Styles: {known}. Add one with `reaper-bridge styles add NAME FILE...`."
        )
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            _check_version(path, metadata)
            frames = file.get_tensor("log_mel").astype(np.float32)
        features = msgspec.json.decode(metadata["features"], type=FeatureSettings)
        files = msgspec.json.decode(metadata.get("files", "[]"), type=tuple[str, ...])
        loudness = metadata.get("loudness_lufs")
        sound = SoundFeatures(frames, int(metadata["bands_heard"]), None if loudness is None else float(loudness))
    except (safetensors.SafetensorError, msgspec.DecodeError, KeyError, ValueError, OSError) as error:
        raise ModelError(f"The style {path} is damaged ({error}). Remove it, or add it again.") from error
    is_whole = frames.ndim == 2 and len(frames) == features.bands and frames.size > 0
    if not is_whole or not 1 <= sound.valid_bands <= len(frames) or not np.isfinite(frames).all():
        raise ModelError(
            f"The style {path} is damaged: its frames have the shape {frames.shape} or hold numbers that are none. "
            "Remove it, or add it again."
        )
    return Style(name, sound, features, files)


def style_for(folder: Path, name: str, *, features: FeatureSettings, model: str) -> SoundFeatures:
    """The features of a style, for the model called `model`. ModelError as `load_style`, and `features` differ."""
    style = load_style(folder, name)
    if style.features != features:
        raise ModelError(
            f"The style {quoted(name)} has the features of another model than {model}. Add it again for "
            f"this one: reaper-bridge styles add NAME FILE... --model {model}."
        )
    return style.sound


def style_path(folder: Path, name: str) -> Path:
    """Where a style lies, whether it is there or not. ModelError for what cannot be a name."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise ModelError(
            f"{quoted(name)} cannot name a style: use up to 64 letters, digits, spaces, dots, plus or minus signs."
        )
    return folder / f"{name}{SUFFIX}"


def _check_version(path: Path, metadata: dict[str, str]) -> None:
    version = metadata.get("schema")
    if version != str(SCHEMA):
        raise ModelError(
            f"The style {path} has version {version}; this Bridge reads version {SCHEMA}. Add the style again."
        )
