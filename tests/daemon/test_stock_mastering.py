"""The search for a limiter's levels, on limiters whose laws it cannot know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from snapshot_builder import Law, SnapshotBuilder

from bridge.automix.facts import DecisionKind
from bridge.automix.job import LoudnessTarget
from bridge.daemon.stock_mastering import MOST_TRIALS, is_stock_wanted, master_by_limiter
from bridge.plugins.chain.chain import Chain, Slot
from bridge.reaper.mapping.stock_limiter import find_stock_limiter
from bridge.reaper.protocol.messages import SCHEMA, Reply
from bridge.types import Audio

RATE_HZ = 48_000
TARGET = LoudnessTarget(-14.0, -1.0)
REPLY = Reply(schema=SCHEMA, id="12345678-1234-1234-1234-123456789012", status="unchanged")

Limit = Callable[[Audio, float, float], Audio]


def lifting(audio: Audio, threshold: float, ceiling: float) -> Audio:
    return np.clip(audio / threshold, -1.0, 1.0) * ceiling


def taking(audio: Audio, threshold: float, ceiling: float) -> Audio:
    limit = min(threshold, ceiling)
    return np.clip(audio, -limit, limit)


def passing(audio: Audio, threshold: float, ceiling: float) -> Audio:
    del threshold, ceiling
    return audio


def mix(level: float) -> Audio:
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).normal(0.0, 0.2, (2, time_s.size))
    return (level * noise * (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * time_s) ** 2)).astype(np.float32)


def limiter_on_track(ceiling: tuple[float, float] = (-24.0, 0.0)):
    desk = SnapshotBuilder()
    parameters = [
        desk.parameter("Threshold", Law(-60.0, 12.0, " dB"), 0.0, index=0),
        desk.parameter("Ceiling", Law(*ceiling, " dB"), 0.0, index=1),
        desk.parameter("Release", Law(6.0, 500.0, " ms"), 15.0, index=2),
    ]
    found = find_stock_limiter([desk.fx("ReaLimit", parameters)])
    assert found is not None
    return found


def search(audio: Audio, limit: Limit) -> tuple[Reply, Audio]:
    """Try until it is decided, as REAPER would: the last reply, and the sound with the levels tried last."""
    limiter = limiter_on_track()
    reply, made = master_by_limiter(REPLY, limiter, TARGET, [audio], RATE_HZ, None), audio
    for _ in range(MOST_TRIALS + 1):
        if reply.status != "try":
            return reply, made
        assert reply.trial is not None
        threshold, ceiling = (
            10 ** (db / 20) for db in (reply.trial.tried[-1].threshold_db, reply.trial.tried[-1].ceiling_db)
        )
        made = limit(audio, threshold, ceiling).astype(np.float32)
        reply = master_by_limiter(REPLY, limiter, TARGET, [made], RATE_HZ, reply.trial)
    raise AssertionError("it tries without end")


@pytest.mark.parametrize("level", [0.02, 0.3, 2.0])
def test_loudness_and_true_peak_are_reached(level: float) -> None:
    reply, _ = search(mix(level), lifting)
    assert reply.status == "apply"
    assert reply.measures is not None
    assert reply.measures.after.true_peak_dbtp <= TARGET.ceiling_dbtp
    assert reply.measures.after.loudness_lufs == pytest.approx(TARGET.loudness_lufs, abs=1.0)
    assert {write.control for write in reply.writes} == {"limiter.threshold_db", "limiter.ceiling_db"}


def test_a_limiter_that_lifts_nothing_makes_nothing_softer() -> None:
    audio = mix(0.3)
    reply, made = search(audio, taking)
    assert float(np.sqrt(np.mean(made**2))) == pytest.approx(float(np.sqrt(np.mean(audio**2))), rel=0.05)
    assert reply.decision is not None


def test_peaks_that_do_not_come_down_are_refused() -> None:
    reply, _ = search(mix(4.0), passing)
    assert (reply.status, reply.writes) == ("unchanged", ())
    assert reply.decision is not None
    assert reply.decision.kind is DecisionKind.WOULD_CLIP


def test_silence_is_left_alone() -> None:
    reply = master_by_limiter(REPLY, limiter_on_track(), TARGET, [np.zeros((2, RATE_HZ), np.float32)], RATE_HZ, None)
    assert reply.decision is not None
    assert (reply.status, reply.decision.kind) == ("unchanged", DecisionKind.SILENT)


def test_a_limiter_that_is_bypassed_or_mixed_is_none() -> None:
    desk = SnapshotBuilder()
    parameters = [
        desk.parameter("Threshold", Law(-60.0, 12.0, " dB"), 0.0),
        desk.parameter("Ceiling", Law(-24.0, 0.0, " dB"), 0.0),
    ]
    for more in ({"enabled": False}, {"wet": 0.5}, {"offline": True}):
        assert find_stock_limiter([desk.fx("ReaLimit", parameters, **more)]) is None


@pytest.mark.parametrize(
    ("preferred", "is_installed", "is_wanted"),
    [
        ("", True, False),
        ("", False, True),
        ("ReaLimit", True, True),
        ("VST3: ZaMaximX2", False, False),
        ("Pro-L 2", True, True),
    ],
)
def test_which_limiter_is_added(preferred: str, is_installed: bool, is_wanted: bool) -> None:
    chain = Chain(name="m", slots=(Slot(name="limiter", plugin="vst3:ZaMaximX2"),))
    assert is_stock_wanted(chain, preferred, lambda _: is_installed) is is_wanted
