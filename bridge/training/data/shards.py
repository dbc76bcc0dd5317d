"""Shards of examples on disk, each a safetensors file of its number, written whole and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from bridge.atomic_files import write_file
from bridge.training.objectives import Shard

FAILED = "failed_renders"  # its name in a shard's metadata


@dataclass(frozen=True)
class ShardStore:
    """The shards in `folder`."""

    folder: Path

    def write(self, number: int, shard: Shard, failed_renders: int) -> None:
        """Write a shard, and how many renders failed while it was made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        plain = {name: np.ascontiguousarray(array) for name, array in shard.items()}
        write_file(self._file(number), safetensors.numpy.save(plain, {FAILED: str(failed_renders)}))

    def read(self, number: int) -> tuple[Shard, int]:
        """Return a shard that is whole, and how many renders failed for it."""
        with safetensors.safe_open(self._file(number), framework="np") as opened:
            shard = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
            return shard, int((opened.metadata() or {}).get(FAILED, "0"))

    def has(self, number: int) -> bool:
        return self._file(number).is_file()

    def has_whole(self, number: int) -> bool:
        """Whether a shard is there as it was written: a power cut can leave the first part of one."""
        try:
            with safetensors.safe_open(self._file(number), framework="np"):
                return True
        except (safetensors.SafetensorError, OSError):
            return False

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.safetensors"
