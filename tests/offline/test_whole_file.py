"""A job's file takes its place when all has gone well, in the format of its name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.files import AudioWriter, read_audio
from bridge.errors import AudioError
from bridge.offline.whole_file import replace_when_done


def write(path: Path, level: float) -> None:
    with AudioWriter(path, sample_rate_hz=44_100, channels=1) as writer:
        writer.write(np.full((1, 1000), level, dtype=np.float32))


def test_what_is_tried_on_the_way_may_pass_full_scale(tmp_path: Path) -> None:
    target = tmp_path / "out.flac"
    with replace_when_done(target) as part:
        write(part, 2.0)
        write(part, 0.5)
    assert float(read_audio(target)[0].max()) == pytest.approx(0.5, abs=1e-6)
    assert list(tmp_path.iterdir()) == [target]


def test_what_flac_cannot_hold_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.flac"
    write(target, 0.25)
    with pytest.raises(AudioError, match=r"out\.flac.*\+6\.0 dBFS"), replace_when_done(target) as part:
        write(part, 2.0)
    assert float(read_audio(target)[0].max()) == pytest.approx(0.25, abs=1e-6)
