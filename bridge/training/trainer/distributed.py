"""Several processes that learn as one (`torchrun`): each takes its part of every batch, gradients are averaged.

One process alone is the plain case, in which nothing here costs anything. Messages go through gloo, on every device:
an update sends a few megabytes, and two processes may share one GPU. Tested with two processes on the CPU of one
machine; several GPUs, and several machines (which need the output folder in common), were not tried.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn

from bridge.errors import ModelError, SettingsError

LIMIT = timedelta(minutes=10)  # longer than any process is ahead of the others where they do the same


@dataclass(frozen=True)
class ProcessGroup:
    """`rank` of `count` processes, the `local_rank`-th of its machine. The one of rank 0 validates, writes and reports.

    What waits for the others raises ModelError when one of them has died, or does not respond within the limit that
    `joined_process_group` was given.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def part(self, chosen: NDArray[np.integer]) -> NDArray[np.integer]:
        """This process's examples of a batch. All processes get as many: what is left over is dropped."""
        each = len(chosen) // self.count
        return chosen[: each * self.count][self.rank :: self.count] if self.count > 1 else chosen

    def share(self, workers: int) -> int:
        """How many of `workers` plugin workers this process may start."""
        return max(1, workers // self.count)

    def average_gradients(self, module: nn.Module) -> None:
        """Replace each gradient by its mean over all processes, in one message.

        A parameter without a gradient in this process counts as zero if another has one, and stays without one if
        none has: the optimizer then leaves it alone, as it does in one process.
        """
        if self.count == 1:
            return
        parameters = list(module.parameters())
        has = torch.tensor([float(parameter.grad is not None) for parameter in parameters])
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([has.to(gradients[0]), *(gradient.reshape(-1) for gradient in gradients)])
        with _others_alive():
            distributed.all_reduce(flat)
        place = len(parameters)
        for parameter, gradient, with_gradient in zip(parameters, gradients, flat[:place].tolist(), strict=True):
            mean = flat[place : place + gradient.numel()].view_as(gradient) / self.count
            parameter.grad = mean if with_gradient else None
            place += gradient.numel()

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean of each value over all processes, which must ask for the same names."""
        if self.count == 1:
            return dict(values)
        sums = torch.tensor(list(values.values()), dtype=torch.float64)
        with _others_alive():
            distributed.all_reduce(sums)
        return dict(zip(values, (sums / self.count).tolist(), strict=True))

    def agreed(self, value: float) -> float:
        """Return the first process's value: clocks differ, and all must take the same number of steps."""
        if self.count == 1:
            return value
        first = torch.tensor([value], dtype=torch.float64)
        with _others_alive():
            distributed.broadcast(first, src=0)
        return float(first)

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.count > 1:
            with _others_alive():
                distributed.barrier()


@contextmanager
def joined_process_group(limit: timedelta = LIMIT) -> Iterator[ProcessGroup]:
    """Join the processes that `torchrun` started; one process alone where it started none.

    `limit`: how long one waits for another that lives, as when the first finds out alone what all need.
    """
    processes = read_process_group()
    if processes.count == 1:
        yield processes
        return
    with _others_alive():
        distributed.init_process_group("gloo", timeout=limit)
    try:
        yield processes
    finally:
        distributed.destroy_process_group()


def read_process_group() -> ProcessGroup:
    """Which process this is, before it talks to the others. SettingsError where the variables make no sense."""
    variables = {name: os.environ.get(name, default) for name, default in _PLAIN.items()}
    try:
        count, rank, local_rank = (int(value) for value in variables.values())
    except ValueError:
        count, rank, local_rank = 0, 0, 0
    if not 0 <= rank < count:
        raise SettingsError(f"The environment holds {variables}, which torchrun does not set. Unset these variables.")
    return ProcessGroup(rank, count, local_rank)


_PLAIN = {"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}


def find_device(name: str, processes: ProcessGroup = ProcessGroup()) -> torch.device:
    """The device `cpu`, `cuda` or `mps`; the processes of one machine take turns over its GPUs.

    SettingsError for another name and for a device that is not there. Nothing here was tried on MPS or on several
    GPUs.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in available:
        raise SettingsError(f"No device is called {name!r}. Devices: {', '.join(available)}.")
    if not available[name]:
        there = ", ".join(known for known, is_there in available.items() if is_there)
        raise SettingsError(f"--device {name} is not available to the installed torch here. Available: {there}.")
    return (
        torch.device(name, processes.local_rank % torch.cuda.device_count()) if name == "cuda" else torch.device(name)
    )


@contextmanager
def _others_alive() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        first = re.sub(r"^\[.*?\] ", "", (str(error).strip().splitlines() or ["no reason given"])[0])
        raise ModelError(
            f"Another process of this training has died or does not answer ({first[:120]}). "
            "Its own message says why; the same command with --resume goes on."
        ) from error
