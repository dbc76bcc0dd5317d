"""A small mastering chain of real plugins, without waiting for their calibration, and mixes to put through it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.plugins.chain.catalog import Catalog, plugin_folders
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw

FETCHED = Path(__file__).resolve().parents[2] / "plugins-for-tests" / "stable"
RATE_HZ = 44100
BANDS = ("100Hz", "501Hz", "2514Hz", "7963Hz")


def zam_catalog(cache_folder: Path | None = None) -> Catalog:
    """Where zam-plugins lie, and what is remembered of them; skips where they cannot be fetched."""
    if sys.platform != "linux":
        pytest.skip("zam-plugins are fetched from Debian")
    folders = [folder for folder in (FETCHED, *plugin_folders()) if (folder / "ZaMaximX2.vst3").exists()]
    assert folders, "the real plugins are missing: run python tests/prepare_machine.py"
    return Catalog(cache_folder=cache_folder, folders=folders[:1])


def mastering_chain(bands: tuple[str, ...] = BANDS) -> Chain:
    """ZamGEQ31 with a few of its bands, then ZaMaximX2. The laws are the plugins' displays: decibels, linear."""
    gain = Control(
        slot="equaliser",
        name="Master Gain",
        unit="dB",
        law=RangeLaw(low=-30.0, high=30.0),
        neutral=0.5,
        role="output_gain",
    )
    tone = tuple(
        Control(
            slot="equaliser",
            name=band,
            unit="dB",
            law=RangeLaw(low=-12.0, high=12.0),
            low=0.125,
            high=0.875,
            neutral=0.5,
        )
        for band in bands
    )
    law = RangeLaw(low=-30.0, high=0.0)
    threshold = Control(slot="limiter", name="Threshold", unit="dB", law=law, low=0.6, neutral=1.0, role="limiting")
    ceiling = Control(slot="limiter", name="Output Ceiling", unit="dB", law=law, neutral=1.0, role="ceiling")
    return Chain(
        name="small mastering",
        slots=(
            Slot(name="equaliser", plugin="vst3:ZamGEQ31", controls=(gain, *tone)),
            Slot(name="limiter", plugin="vst3:ZaMaximX2", fixed={"Release": 0.5}, controls=(threshold, ceiling)),
        ),
    )


def mix(
    *, seconds: float = 4.0, rate_hz: int = RATE_HZ, channels: int = 2, peak: float = 0.5, seed: int = 0
) -> np.ndarray:
    """Drums, bass and strings together, (channels, samples)."""
    kinds = ("drums", "bass", "strings")
    parts = [synthesise(kind, duration_s=seconds, sample_rate_hz=rate_hz, seed=seed)[0] for kind in kinds]
    sides = np.array([[1.0, 0.8, 1.2], [1.0, 0.8, 0.6]][:channels])
    mixed = sides @ np.stack(parts)
    return np.asarray(peak * mixed / np.abs(mixed).max(), dtype=np.float32)


def between_samples(*, seconds: float = 4.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Bursts of tones at a quarter of the sample rate whose peaks lie between the samples, 3 dB above them."""
    time = np.arange(round(seconds * rate_hz))
    tone = np.sin(np.pi / 2 * time + np.pi / 4) * (2 * time / rate_hz % 1 < 0.5)
    noise = np.random.default_rng(0).standard_normal((2, time.size)) * 0.02
    return np.asarray(0.6 * tone + noise, dtype=np.float32)
