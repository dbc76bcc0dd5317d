"""Plugin faults that happen. Imported by a worker, it adds the scheme `fault:` whose one plugin passes audio through
until the file $FAULT_FILE says otherwise.

"crash" ends the worker process as a segmentation fault does, "hang" never returns, "nan" returns NaN.
"""

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridge.plugins.chain.chain import Fingerprint, Slot
from bridge.plugins.worker import instances


class FaultyPlugin:
    """A slot of the scheme, loaded."""

    vendor = "nobody"
    load_s = 0.0
    channels: tuple[int, ...] = (1, 2)
    latency_samples = 0

    def __init__(self, slot: Slot, path: str = "") -> None:
        self.slot = slot
        self.fingerprint = Fingerprint(identifier=slot.plugin, version="1", parameters=())

    def set(self, normalized: Sequence[float], sample_rate_hz: int, *, is_moving: bool) -> None:
        pass

    def processors(self, channels: int) -> list[instances.Processor]:
        return [_Processor()]


class _Processor:
    def process(
        self, input_array: np.ndarray, sample_rate: float, buffer_size: int = 8192, reset: bool = True
    ) -> np.ndarray:
        word = fault_in_force()
        if word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "hang":
            threading.Event().wait()
        return np.full_like(input_array, np.nan) if word == "nan" else input_array

    def reset(self) -> None:
        pass


def fault_in_force() -> str:
    file = Path(os.environ["FAULT_FILE"])
    return file.read_text("utf-8").strip() if file.is_file() else ""


instances.LOADERS["fault"] = FaultyPlugin
