"""A plugin scheme for tests whose plugins really do what plugins must not: `fault:NAME`, loaded into real workers.

Each fault strikes when the slot's control `trigger` is above a half; below it the audio passes unchanged.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridge.plugins.chain.chain import Chain, Fingerprint, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.worker.instances import LOADERS

MARKER = "BRIDGE_TEST_MARKER"


def fault_chain(*names: str) -> Chain:
    """A chain of faulty plugins, one `trigger` each."""
    control = {"name": "trigger", "unit": "", "law": RangeLaw(low=0.0, high=1.0)}
    slots = [
        Slot(name=f"s{index}", plugin=f"fault:{name}", controls=(Control(slot=f"s{index}", **control),))
        for index, name in enumerate(names)
    ]
    return Chain(name="faults", slots=tuple(slots))


class FaultInstance:
    """One faulty plugin; also its own processor."""

    channels = (1, 2)
    vendor = "tests"
    load_s = 0.0
    latency_samples = 0

    def __init__(self, slot: Slot, path: str) -> None:
        self.slot = slot
        self.fingerprint = Fingerprint(identifier=slot.plugin, version="1", parameters=("trigger",))
        self._is_triggered = False
        if slot.plugin_name == "CrashAtLoad":
            crash()
        if slot.plugin_name == "HangAtLoad":
            hang()

    def set(self, normalized: Sequence[float], sample_rate_hz: int, *, is_moving: bool) -> None:
        self._is_triggered = bool(normalized) and normalized[0] > 0.5

    def processors(self, channels: int) -> list[FaultInstance]:
        return [self]

    def reset(self) -> None: ...

    def process(
        self, audio: np.ndarray, sample_rate_hz: float, buffer_size: int = 8192, reset: bool = True
    ) -> np.ndarray:
        return FAULTS[self.slot.plugin_name](audio.copy()) if self._is_triggered else audio.copy()


def crash(audio: np.ndarray | None = None) -> np.ndarray:
    ctypes.string_at(0)  # reads address 0: a real segmentation fault
    raise AssertionError("still alive")


def crash_once(audio: np.ndarray) -> np.ndarray:
    marker = Path(os.environ[MARKER])
    if not marker.exists():
        marker.write_text("crashed")
        crash()
    return audio


def note() -> None:
    """Tell a test that waits for it that the fault has struck."""
    if MARKER in os.environ:
        Path(os.environ[MARKER]).touch()


def hang(audio: np.ndarray | None = None) -> np.ndarray:
    note()
    while True:
        pass


def hang_holding_the_lock(audio: np.ndarray) -> np.ndarray:
    """As a plugin that never gives Python's lock back."""
    note()
    ctypes.PyDLL(None).pause()
    raise AssertionError("pause returned")


def nan(audio: np.ndarray) -> np.ndarray:
    audio[-1, audio.shape[1] // 2] = np.nan
    return audio


def infinite(audio: np.ndarray) -> np.ndarray:
    audio[0, 7] = np.inf
    return audio


def short(audio: np.ndarray) -> np.ndarray:
    return audio[:, :-3]


def noisy(audio: np.ndarray) -> np.ndarray:
    for descriptor in (1, 2):
        os.write(descriptor, b"plugin says hello\n" * 5_000)
    print("and again", flush=True)
    print("and again", file=sys.stderr, flush=True)
    return audio


def refuse(audio: np.ndarray) -> np.ndarray:
    raise ValueError("this plugin wants\na licence")


def nap(audio: np.ndarray) -> np.ndarray:
    time.sleep(0.4)
    return audio


FAULTS = {
    "Crash": crash,
    "CrashOnce": crash_once,
    "Hang": hang,
    "HangHoldingTheLock": hang_holding_the_lock,
    "NaN": nan,
    "Infinite": infinite,
    "Short": short,
    "Noisy": noisy,
    "Refuse": refuse,
    "Nap": nap,
    "None": lambda audio: audio,
}
LOADERS["fault"] = FaultInstance
