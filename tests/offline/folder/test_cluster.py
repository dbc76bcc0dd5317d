"""A folder on a Dask cluster: a scheduler and two workers here, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import soundfile
from small_model import save_neutral_model

from bridge.audio.synthesis import synthesise
from bridge.errors import SettingsError
from bridge.offline.folder.automix_folder import FileState, automix_folder
from bridge.offline.folder.cluster import run_on_cluster
from bridge.offline.job import FileJob
from bridge.settings import load_settings

RATE_HZ = 22_050
START_S = 60.0
FILES = 6
WORKER = ("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Starts programs of Dask, and ends them."""
    with ExitStack() as stack:

        def start_(*arguments: str) -> subprocess.Popen[bytes]:
            program = stack.enter_context(
                subprocess.Popen([sys.executable, "-m", "dask", *arguments], stdout=subprocess.DEVNULL, stderr=-3)
            )
            stack.callback(program.kill)
            return program

        yield start_


def test_a_worker_that_is_killed_costs_no_file(start, tmp_path: Path, bridge_home: Path) -> None:  # type: ignore[no-untyped-def]
    from distributed import Client

    scheduler_file = tmp_path / "scheduler.json"
    start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(scheduler_file))
    workers = [start(*WORKER, str(tmp_path / name), "--scheduler-file", str(scheduler_file)) for name in ("one", "two")]
    save_neutral_model(tmp_path / "neutral")
    songs = tmp_path / "songs"
    songs.mkdir()
    for seed in range(FILES):
        audio = synthesise("strings", duration_s=1.2, sample_rate_hz=RATE_HZ, seed=seed)
        soundfile.write(songs / f"{seed}.wav", audio.T, RATE_HZ)
    (songs / "broken.wav").write_bytes(b"no audio")
    with Client(scheduler_file=str(scheduler_file), timeout=START_S, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=START_S)
        address = client.scheduler.address
    killed: list[int] = []

    def kill_one(share: float, _step: str) -> None:
        if share > 0 and not killed:
            killed.append(workers[0].pid)
            os.kill(workers[0].pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    job = FileJob(source=songs, target=tmp_path / "out", model=str(tmp_path / "neutral"))
    settings = load_settings({"home": bridge_home, "workers": 1})
    result = automix_folder(job, settings, run=partial(run_on_cluster, address=address), progress=kill_one)
    assert killed
    assert [row.error for row in result.rows if row.state is FileState.FAILED and "broken" not in row.error] == []
    assert (result.count(FileState.FINISHED), result.count(FileState.FAILED)) == (FILES, 1)


def test_where_no_scheduler_is_the_address_is_named() -> None:
    job = FileJob(source=Path("a.wav"), target=Path("b.wav"))
    events = run_on_cluster([job], load_settings(), lambda: False, address="tcp://127.0.0.1:9")
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:9.*dask scheduler"):
        next(events)
