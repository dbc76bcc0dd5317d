"""Nonsense at the OSC port and in the spool, in large numbers: the daemon lives, answers, and does not grow.

    python tests/bench/bench_fuzz.py --packets 100000 --files 100000 --seed 1
    python -m pytest tests/bench/bench_fuzz.py -s

Held against it: an end of the daemon, a trace in its log or on its error output, a request without an answer, a file
outside the spool that changed, memory or open files that grow from the first fifth to the last.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_table import Table
from daemon_process import Daemon, Home
from fuzz_run import FuzzRun
from small_model import save_neutral_model

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]

MIB = 2**20
PACKETS_AT_ONCE, FILES_AT_ONCE = 500, 100


class Sizes:
    """Memory and open files of the daemon, noted now and then."""

    def __init__(self, daemon: Daemon) -> None:
        self._process = psutil.Process(daemon.process.pid)
        self.memory_mib: list[float] = []
        self.files: list[float] = []

    def note(self) -> None:
        count = self._process.num_handles() if sys.platform == "win32" else self._process.num_fds()
        self.memory_mib.append(self._process.memory_info().rss / MIB)
        self.files.append(float(count))

    def growth(self, values: list[float]) -> tuple[float, str]:
        fifth = max(len(values) // 5, 1)
        first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
        return last - first, f"{first:.1f} -> {last:.1f}"


@contextmanager
def fuzzed(seed: int) -> Iterator[FuzzRun]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "Bridge hömé"
        save_neutral_model(folder / "models" / "channel-strip")
        home = Home(folder)
        with home.daemon() as daemon, FuzzRun(home, daemon, random.Random(seed)) as run:
            run.ask_well()
            yield run


def measure(packets: int, files: int, seed: int) -> Table:
    table = Table()
    with fuzzed(seed) as run:
        for what, count, at_once, put in (
            ("OSC packets", packets, PACKETS_AT_ONCE, run.send_packets),
            ("files in the spool", files, FILES_AT_ONCE, run.put_files),
        ):
            sizes, began_s = Sizes(run.daemon), time.perf_counter()
            for done in range(0, count, at_once):
                put(min(at_once, count - done))
                sizes.note()
            each_ms = 1e3 * (time.perf_counter() - began_s) / max(count, 1)
            table.add(what, f"{count:,} ({each_ms:.2f} ms each)", "all accepted", is_met=True)
            for name, values, allowed in (("memory, MiB", sizes.memory_mib, 8), ("open files", sizes.files, 0)):
                growth, text = sizes.growth(values)
                table.add(f"growth of {name}, {what}", text, f"<= {allowed}", is_met=growth <= allowed)
        run.ask_well()
        faults = run.faults()
        table.add("faults in the log, on the error output, outside the spool", "; ".join(faults) or "none", "none",
                  is_met=not faults)  # fmt: skip
    return table


def test_fuzz() -> None:
    measure(5_000, 1_000, 1).check()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    measure(chosen.packets, chosen.files, chosen.seed).check()
