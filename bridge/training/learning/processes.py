"""Several processes that learn as one (`torchrun`): each takes its part of every batch, gradients are averaged.

One process alone is the plain case, in which nothing here costs anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn


@dataclass(frozen=True)
class Processes:
    """`rank` of `count` processes. The one of rank 0 makes the examples, validates and writes."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def part(self, chosen: NDArray[np.integer]) -> NDArray[np.integer]:
        """This process's examples of a batch. All processes get as many: what is left over is dropped."""
        each = len(chosen) // self.count
        return chosen[: each * self.count][self.rank :: self.count] if self.count > 1 else chosen

    def average_gradients(self, module: nn.Module) -> None:
        """Replace each gradient by its mean over all processes, in one message."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        place = 0
        for gradient in gradients:
            gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
            place += gradient.numel()

    def agreed(self, value: float) -> float:
        """What the first process says: clocks differ, and all must take the same number of steps."""
        if self.count == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(told, src=0)
        return float(told)

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def processes_of_environment() -> Iterator[Processes]:
    """What `torchrun` says in the environment; one process alone where it says nothing."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    distributed.init_process_group("gloo")
    try:
        yield Processes(int(os.environ["RANK"]), count)
    finally:
        distributed.destroy_process_group()
