"""How far a training has come, as one safetensors file: written whole or not at all, never a pickle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import safetensors
import safetensors.torch
import torch

from bridge.atomic_files import sync_folder, write_file
from bridge.errors import ModelError

SCHEMA = 2


class CheckpointState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a training has come. `signature` differs for other data, chain or options.

    Attributes:
        prepared_s: from the start of the command to the first update, in the run that took it.
        elapsed_s: spent learning since, over all runs.
        best_validation: None before the first validation.
    """

    schema: int = SCHEMA
    step: int
    prepared_s: float
    elapsed_s: float
    best_validation: float | None
    signature: str

    @property
    def best_score(self) -> float:
        """The lowest loss of a validation, infinite before the first."""
        return math.inf if self.best_validation is None else self.best_validation


def save_checkpoint(file: Path, tensors: Mapping[str, torch.Tensor], state: CheckpointState) -> None:
    """Write `file` whole or not at all, and on the disk before the one that it replaces is gone."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {"progressed": msgspec.json.encode(state).decode()}
    write_file(file, safetensors.torch.save(plain, metadata), is_durable=True)
    sync_folder(file.parent)  # and its name: after a power cut the newest one is found


def load_checkpoint(file: Path, signature: str) -> tuple[dict[str, torch.Tensor], CheckpointState]:
    """Return tensors of their own, not views of the file, and how far the training had come.

    Raises:
        ModelError: the checkpoint is damaged or of another training.
    """
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118 (not a dict)
        state = msgspec.json.decode(metadata["progressed"], type=CheckpointState)
    except (safetensors.SafetensorError, msgspec.DecodeError, KeyError, OSError) as error:
        raise ModelError(
            f"The checkpoint {file} is damaged or of another version ({error}). Train without --resume."
        ) from error
    if state.schema != SCHEMA or state.signature != signature:
        raise ModelError(
            f"The checkpoint {file} belongs to a training with other data, chain or options. "
            "Train without --resume, or into another folder."
        )
    return tensors, state


def prefixed(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Put tensors under `prefix` of a checkpoint."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def tensors_with_prefix(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Return what lies under `prefix` in a checkpoint, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def pack_optimizer(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, torch.Tensor]:
    """Return Adam's state, parameter by parameter."""
    return {
        f"{prefix}.{index}.{name}": torch.as_tensor(value)
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def unpack_optimizer(optimizer: torch.optim.Optimizer, prefix: str, tensors: Mapping[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors_with_prefix(tensors, prefix).items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
