"""Mastering in REAPER with the real daemon, the shipped model and its plugins: what it does, and how long it takes.

    python -m pytest tests/bench/bench_master.py -s

The search for loudness and true peak renders the mix many times, and shares the processors with whatever else runs.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.demo.daemon_process import running_daemon
from bridge.settings import load_settings
from bridge.standin import StandIn
from bridge.standin.project.rendering import mix_project

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

RATE_HZ = 48_000
SECONDS = 8.0


def tone(kind: str, seed: int) -> np.ndarray:
    return np.repeat(synthesise(kind, duration_s=SECONDS, sample_rate_hz=RATE_HZ, seed=seed), 2, axis=0)


def test_the_mix_is_mastered_by_its_plugins(tmp_path: Path) -> None:
    home = tmp_path / "Jörgs Bridge"
    with running_daemon(home, load_settings(environment={"BRIDGE_HOME": str(home)})), StandIn(home) as reaper:
        project = reaper.project
        for seed, level in ((1, 0.2), (4, 0.1)):
            project.add_track(f"Strings {seed}", (level * tone("strings", seed)).astype(np.float32))
        for name in ("ZaMultiCompX2", "ZamGEQ31", "ZaMaximX2"):
            project.master.add_fx(f"VST3: {name}")
        project.history.add("Prepare", -1)
        before = mix_project(project, 0.0, SECONDS)
        begin = time.perf_counter()
        reaper.run_action("bridge_master.lua")
        reaper.run_until_idle(limit_s=600)
        print(f"\nmastering {SECONDS:g} s took {time.perf_counter() - begin:.0f} s\n{''.join(reaper.messages.console)}")
        after = mix_project(project, 0.0, SECONDS)
        assert reaper.messages.boxes == [], reaper.messages
        assert np.sqrt(np.mean(after**2)) > 1.1 * np.sqrt(np.mean(before**2))
        assert np.abs(after).max() <= 1.0
        assert len(reaper.undo_points) == 2
