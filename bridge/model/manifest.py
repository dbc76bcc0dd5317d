"""What a model folder says about itself: `model.json`, checked before any weight is read.

The manifest holds everything needed to use a model (chain, laws, fingerprints, settings of features and encoder)
and to evaluate it (where its training came from, its scores). This module reads no weights and never loads torch.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import ModelError, PluginError
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain, check_chain
from bridge.plugins.chain.display_law import DisplayLaw

SCHEMA = 1
MANIFEST_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "README.md"


Seconds = Annotated[float, msgspec.Meta(ge=0, le=10)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Factor = Annotated[float, msgspec.Meta(gt=0)]
Size = Annotated[int, msgspec.Meta(ge=1, le=4096)]  # of a layer: no manifest asks for more memory than there is


class EncoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The kind and the size of an encoder.

    Attributes:
        kind: of the trunk, see `bridge.model.encoders`; "frames" works frame by frame.
        width, blocks: channels and depth of the trunk; None: as its kind has them by itself.
        embedding: length of a sound's vector.
        hidden: width of the joint head.
    """

    kind: Literal["compact", "inception", "mobilenet", "frames"] = "compact"
    width: Annotated[int, msgspec.Meta(ge=4, le=1024, multiple_of=4)] | None = None
    blocks: Annotated[int, msgspec.Meta(ge=0, le=64)] | None = None
    embedding: Size = 128
    hidden: Size = 320


class AutomationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How settings move in time, for models that work frame by frame.

    Attributes:
        unsure, sure: the activity, 0..1, at which a control leaves its rest, and at which it has arrived.
        early_s, late_s: a control is back at rest so long before its activity ends, and leaves it so long after its
            activity began: a gate must be open when the word comes.
        smoothing_s: half the width of the window that curves are smoothed by.
        tolerance: how far breakpoints may lie from the curve, as a share of the control's range.
    """

    unsure: Share = 0.5
    sure: Share = 0.8
    early_s: Seconds = 0.0
    late_s: Seconds = 0.0
    smoothing_s: Seconds = 0.01
    tolerance: Share = 0.01

    def __post_init__(self) -> None:
        if not self.unsure < self.sure:
            raise ValueError(f"unsure is {self.unsure:g}; give less than sure, which is {self.sure:g}")


class PredictionUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a model's prediction is used, beside its chain; `job` in `model.json`.

    Attributes:
        keeps_loudness: without a reference the track stays as loud as it was. Off: level is part of what was learned.
        loudness_lufs, ceiling_dbtp: the integrated loudness that comes out, and the true peak that nothing passes,
            where nobody asks for others; None for models without such targets, see `targets`.
        automation: how settings move in time; None for models with one setting for all of a sound.
        margin_share, margin_db: without a reference, how much of the way to the predicted sound must be made.
        evens_level: without a reference, settings are measured by how uneven they leave the loudness, in dB, and not by
            the profile: that says next to nothing of loud and soft passages.
        familiar_db: a sound that lies no farther from the nearest well-recorded ones of the training is one that the
            encoder knows, as three quarters of the recordings are that its weights were chosen by; None: not measured,
            and nothing is refused for it.
        tone_range: the role whose range of tone is gone by without a reference, whatever the track; with one the tone
            match is, and the encoder is not asked. None: the prediction counts where the encoder knows such sounds.
    """

    keeps_loudness: bool = True
    loudness_lufs: Annotated[float, msgspec.Meta(ge=-70, le=0)] | None = None
    ceiling_dbtp: Annotated[float, msgspec.Meta(ge=-60, le=0)] | None = None
    automation: AutomationSettings | None = None
    margin_share: Share = 0.5  # below 0 the guard would let through what is worse
    margin_db: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    evens_level: bool = False
    familiar_db: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    tone_range: str | None = None


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a model's training came from, and which recordings it must not be evaluated by."""

    task: str
    command: str
    date: str
    seed: int
    minutes: float
    steps: int
    examples: int
    sample_rate_hz: int
    sources: tuple[str, ...]  # one line per source, with its licence where known
    training_files: tuple[str, ...] = msgspec.field(name="heard")  # recordings used in training
    validation: tuple[str, ...]  # recordings used to choose the best weights and the thresholds
    bridge_version: str
    is_preliminary: bool = False
    failed_renders: int = 0  # that plugins crashed at, hung at or returned NaN for; their examples were left out


UNTRAINED = Provenance(
    task="none",
    command="",
    date="",
    seed=0,
    minutes=0.0,
    steps=0,
    examples=0,
    sample_rate_hz=0,
    sources=(),
    training_files=(),
    validation=(),
    bridge_version="",
)
"""Of a chain for which nothing was learned."""


class ConfidenceCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Turns a predicted spread into a confidence: the chance that a control lies within `tolerance` of the truth.

    The error of a control is Laplace-distributed with the scale spread x `widening[control]`; the widenings were
    fitted on validation recordings. `tolerance` is a share of the control's range.

    Of a control of choices it is the probability of the chosen one, its logits divided by a temperature that was
    fitted likewise: `temperatures` holds one for each such control, in their order; 1 where there is none.
    """

    tolerance: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    widening: tuple[Factor, ...] = ()
    temperatures: tuple[Factor, ...] = ()


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of `model.json`."""

    schema: int
    name: str
    description: str
    chain: Chain  # with measured laws and the fingerprints of its plugins
    features: FeatureSettings
    encoder: EncoderSettings
    use: PredictionUse = msgspec.field(default=PredictionUse(), name="job")
    confidence: ConfidenceCalibration
    weights_sha256: str
    training: Provenance
    scores: dict[str, Any]

    @property
    def is_automation(self) -> bool:
        """Whether the model's settings move in time."""
        return self.use.automation is not None


def read_manifest(folder: Path) -> Manifest:
    """Read and check `model.json` and the hash of the weights beside it.

    Raises ModelError for a folder that is no model, is damaged, or has another schema version.
    """
    file = folder / MANIFEST_FILE
    try:
        data = _regular(file).read_bytes()
    except OSError as error:
        raise ModelError(
            f"{folder} is no model: {MANIFEST_FILE} cannot be read ({error.strerror}). "
            "Give a folder made by `reaper-bridge train`, or a name that `reaper-bridge models` lists."
        ) from error
    _check_schema(file, data)
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{file} is damaged: {error}. Install or train the model again.") from error
    _check_weights(folder / WEIGHTS_FILE, manifest)
    try:
        check_chain(manifest.chain, source=f"{file}, chain {manifest.chain.name}")
    except PluginError as error:
        raise ModelError(str(error)) from error
    _check_controls(file, manifest)
    return manifest


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the content of `model.json`."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `model.json`, durably: a reader sees the old file or the new one."""
    write_file(folder / MANIFEST_FILE, encode_manifest(manifest), is_durable=True)


def find_models(folders: Iterable[Path]) -> dict[str, Path]:
    """Model folders by name; where two have the same name, the one in the earlier folder counts."""
    found: dict[str, Path] = {}
    for parent in folders:
        if not parent.is_dir():
            continue
        for folder in sorted(parent.iterdir()):
            if (folder / MANIFEST_FILE).is_file():
                found.setdefault(folder.name, folder)
    return found


def find_model(name: str, folders: Iterable[Path]) -> Path:
    """The folder of the model called `name`, which may also be a path. Raises ModelError naming those there are."""
    models = find_models(folders)
    if name in models:
        return models[name]
    path = Path(name)
    if (path / MANIFEST_FILE).is_file() or path.is_dir():
        return path
    known = ", ".join(sorted(models)) or "none"
    raise ModelError(f"No model is called {name!r}. Installed models: {known}. Name one of them or a model's folder.")


def sha256_of(file: Path) -> str:
    with _regular(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _regular(file: Path) -> Path:
    """`file`, if it is one: a pipe or a device, or a link to one, would be read for ever. OSError otherwise."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(file))
    return file


class _Versioned(msgspec.Struct, frozen=True):
    schema: int


def _check_schema(file: Path, data: bytes) -> None:
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{file} is damaged: {error}. Install or train the model again.") from error
    if version != SCHEMA:
        raise ModelError(
            f"{file} has schema version {version}; this Bridge reads version {SCHEMA}. "
            "Use the Bridge that made the model, or train it again."
        )


def _check_controls(file: Path, manifest: Manifest) -> None:
    """ModelError where laws or confidences are not those of the chain's controls."""
    controls, widenings = manifest.chain.controls, len(manifest.confidence.widening)
    faults = [f"{widenings} widenings for {len(controls)} controls"] if widenings not in (0, len(controls)) else []
    for control in controls:
        law = control.law
        if isinstance(law, DisplayLaw) and not (len(law.grid) == len(law.shown) >= 2):
            faults.append(f"a law of {len(law.grid)} and {len(law.shown)} points for {control.label}")
    if not controls:
        faults.append("no control in its chain")
    if faults:
        raise ModelError(f"{file} is damaged: it has {faults[0]}. Install or train the model again.")


def _check_weights(file: Path, manifest: Manifest) -> None:
    try:
        digest = sha256_of(file)
    except OSError as error:
        raise ModelError(
            f"{file} cannot be read ({error.strerror}): the model is incomplete. Install or train it again."
        ) from error
    if digest != manifest.weights_sha256:
        raise ModelError(
            f"{file} does not match its manifest (SHA-256 {digest[:12]}…, expected "
            f"{manifest.weights_sha256[:12]}…): it is damaged or was exchanged. Install or train the model again."
        )
