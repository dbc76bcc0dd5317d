"""Many jobs in a row by the real action: what grows, what is left behind, and how long one takes.

    python tests/bench/bench_soak.py --jobs 1000 --seconds 4
    python tests/bench/bench_soak.py --jobs 40 --seconds 30            # the time of one action on a 30 s track
    python -m pytest tests/bench/bench_soak.py -s

Memory and open files are those of the daemon and of its workers, after each job; the first tenth of the jobs is
compared with the last. Time is from the start of the action to REAPER's undo step, with a warm daemon.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_table import Table, percentile
from daemon_process import Home
from live_session import LiveSession, open_session
from small_model import save_neutral_model

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]

MIB = 2**20
KEPT = ("heartbeat.json", "offer.json", "applied")
WARM_UP = 3  # jobs before the first that counts


@dataclass
class Series:
    """One number per job."""

    times_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    worker_memory_mib: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def open_files(process: psutil.Process) -> int:
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())


def one_job(session: LiveSession, chain: list[list[float]]) -> float:
    """Colour the track again, run the action, and return the seconds until its undo step."""
    for fx, values in zip(session.track.fx, chain, strict=True):
        for index, value in enumerate(values):
            fx.write(index, value)
    session.reaper.project.history.add("Prepare the job", -1)
    points = len(session.reaper.undo_points)
    begin_s = time.perf_counter()
    session.reaper.run_action("bridge_automix.lua")
    session.until(lambda: len(session.reaper.undo_points) > points, 120)
    taken_s = time.perf_counter() - begin_s
    session.reaper.run_until_idle(60)
    assert session.reaper.messages.boxes == [], session.reaper.messages.boxes
    session.reaper.messages.console.clear()
    session.reaper.messages.help.clear()
    return taken_s


def leftovers(session: LiveSession) -> list[str]:
    spool = session.home.spool.folder
    files = (file.relative_to(spool) for file in spool.rglob("*") if file.is_file())
    return sorted(file.as_posix() for file in files if file.parts[0] not in KEPT)


def soak(session: LiveSession, jobs: int) -> Series:
    chain = [[fx.read_normalized(index) for index in range(len(fx.parameters))] for fx in session.track.fx]
    process, series = psutil.Process(session.daemon.process.pid), Series()
    for number in range(WARM_UP + jobs):
        taken_s = one_job(session, chain)
        if number < WARM_UP:
            continue
        series.times_s.append(taken_s)
        series.memory_mib.append(process.memory_info().rss / MIB)
        workers = process.children(recursive=True)
        series.worker_memory_mib.append(sum(worker.memory_info().rss for worker in workers) / MIB)
        series.files.append(sum(open_files(member) for member in (process, *workers)))
    return series


def add_growth(table: Table, what: str, values: list[float], allowed: float, unit: str) -> None:
    tenth = max(len(values) // 10, 1)
    first, last = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
    text = f"{first:.1f} -> {last:.1f}{unit} (first and last {tenth} of {len(values)})"
    table.add(f"growth of {what}", text, f"<= {allowed:g}{unit}", is_met=last - first <= allowed)


def measure(jobs: int, seconds: float) -> Table:
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "Bridge hömé"
        save_neutral_model(folder / "models" / "channel-strip")
        home = Home(folder)
        with open_session(home, seconds=seconds) as session:
            series = soak(session, jobs)
            session.until(lambda: not leftovers(session), 10)
            table.add("left in the spool", str(len(leftovers(session))), "0", is_met=not leftovers(session))
            slice_ms = 1e3 * max(session.reaper.busy_s)
    p50, p95 = percentile(series.times_s, 50), percentile(series.times_s, 95)
    table.add(f"action to settings, {seconds:g} s track, p50", f"{p50:.2f} s", "<= 0.5 s", is_met=p50 <= 0.5)
    table.add(f"action to settings, {seconds:g} s track, p95", f"{p95:.2f} s", "<= 1 s", is_met=p95 <= 1.0)
    table.add("longest slice of REAPER's time (processor)", f"{slice_ms:.1f} ms", "<= 15 ms", is_met=slice_ms <= 15)
    add_growth(table, "the daemon's memory", series.memory_mib, 8, " MiB")
    add_growth(table, "the workers' memory", series.worker_memory_mib, 8, " MiB")
    few = 0 if jobs >= 200 else 3  # of a few jobs, the files of the last one count
    add_growth(table, "open files", [float(count) for count in series.files], few, "")
    return table


def test_soak() -> None:
    measure(20, 30.0).check()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the track")
    chosen = parser.parse_args()
    measure(chosen.jobs, chosen.seconds).check()
