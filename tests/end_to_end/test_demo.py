"""`bridge demo` as a newcomer runs it: every track answered, measured, and there to be listened to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.audio.files import read_audio
from bridge.automix.guard.acceptance import LOUDNESS_DRIFT_LU

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict:  # type: ignore[type-arg]
    """What the demo wrote, with the folder and the seconds that it took."""
    folder = tmp_path_factory.mktemp("demo") / "mein Ordner"
    file = folder.parent / "demo.json"
    command = [sys.executable, "-m", "bridge", "demo", "-o", str(folder), "--json", str(file)]
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "error"}
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return {**json.loads(file.read_text("utf-8")), "seconds": time.monotonic() - begin, "said": done.stdout}


def test_three_tracks_are_answered_in_time(demo: dict) -> None:  # type: ignore[type-arg]
    assert demo["seconds"] < LIMIT_S
    assert len(demo["tracks"]) >= 3
    for track in demo["tracks"]:
        assert track["fx"]
        assert track["summary"]
        assert track["applied"] == bool(track["changes"])
        assert track["name"] in demo["said"]


def test_what_was_applied_came_nearer_to_the_good_recording(demo: dict) -> None:  # type: ignore[type-arg]
    applied = [track["measures"] for track in demo["tracks"] if track["applied"]]
    assert len(applied) >= 2, "the shipped model left badly recorded tracks as they were"
    for measures in applied:
        assert measures["after"]["distance_db"] < measures["before"]["distance_db"]
        assert measures["after"]["loudness_lufs"] == pytest.approx(
            measures["before"]["loudness_lufs"], abs=LOUDNESS_DRIFT_LU
        )
        assert measures["after"]["true_peak_dbtp"] <= max(0.0, measures["before"]["true_peak_dbtp"])


def test_settings_are_told_with_their_units(demo: dict) -> None:  # type: ignore[type-arg]
    changes = [change for track in demo["tracks"] for change in track["changes"]]
    assert all(change["text_before"] != change["text_after"] for change in changes)
    assert all(re.search(r"\d", change["text_after"]) for change in changes)
    assert any("Hz" in change["text_after"] for change in changes)


def test_audio_and_report_are_there(demo: dict) -> None:  # type: ignore[type-arg]
    report = Path(demo["report"])
    page = report.read_text("utf-8")
    for track in demo["tracks"]:
        before, after = (read_audio(Path(track[key])) for key in ("wav_before", "wav_after"))
        assert before[0].shape == after[0].shape
        assert (before[0] != after[0]).any() == track["applied"]
        assert track["name"] in page
    assert page.count("data:image/png") >= 2 * len(demo["tracks"])
    assert page.count("<audio") == 2 * len(demo["tracks"])
