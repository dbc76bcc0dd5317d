"""What one action costs, beside what it must cost: ratios measured in one run.

    python -m pytest tests/bench/bench_job.py -s

The floor of a job is measured alone, in this process: reading the audio, one pass of the encoder, the guard's renders.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from bench_table import Table
from daemon_process import Home, wait_for

from bridge.audio.files import AudioWriter, read_audio
from bridge.audio.synthesis import synthesise
from bridge.automix.job import AutomixJob, ProxyChain
from bridge.automix.pipeline import Automix
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost
from bridge.reaper.mapping.chain_mapping import map_chain
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.settings import shipped_folder

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

RATE_HZ = 48_000
MIB = 1024 * 1024
RUNS = 7
PING = b"/bridge/ping\0\0\0\0,\0\0\0"


@pytest.fixture(scope="module")
def stereo() -> np.ndarray:
    parts = [synthesise("strings", duration_s=30.0, sample_rate_hz=RATE_HZ, seed=seed) for seed in (1, 2)]
    return np.concatenate(parts)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "Jörgs Bridge")


def time_of(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds of `work` after one run that is not counted."""
    work()
    times_s = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - begin)
    return statistics.median(times_s)


def answer_time_s(home: Home, message: dict) -> float:  # type: ignore[type-arg]
    """From the renamed request to the renamed reply."""
    reply = home.spool.folder / "replies" / f"{message['id']}.json"
    begin = time.perf_counter()
    home.send(message)
    while not reply.exists():
        time.sleep(0.0005)
    return time.perf_counter() - begin


def floor_s(home: Home, stereo: np.ndarray) -> float:
    """Reading, encoder and guard, alone in this process, with as many workers as the daemon has."""
    message = home.request(audio=stereo)
    file = home.spool.folder / "audio" / message["audio"]["file"]
    model = load_model(shipped_folder("models") / "channel-strip")
    mapping = map_chain(model.chain, [msgspec.convert(fx, FxSnapshot) for fx in message["fx"]])
    with PluginHost(workers=psutil.cpu_count() or 1) as host:
        automix = Automix(model, host)

        def work() -> None:
            audio, rate = read_audio(file)
            automix.run(
                AutomixJob(
                    excerpts=[audio],
                    sample_rate_hz=rate,
                    current=mapping.current,
                    free=mapping.free,
                    realizable=mapping.realizable,
                    proxy=ProxyChain(mapping.proxy.chain, mapping.proxy_values),
                )
            )

        return time_of(work)


def test_one_action_and_twenty(home: Home, stereo: np.ndarray) -> None:
    import torch

    torch.set_num_threads(1)  # as the daemon does
    with home.daemon() as daemon:
        home.ask(audio=stereo)  # the first job waits for model and workers
        singles_s = [answer_time_s(home, home.request(audio=stereo)) for _ in range(RUNS)]
        alone_s = floor_s(home, stereo)
        one_s = statistics.median(singles_s)
        messages = [home.request(audio=stereo) for _ in range(20)]
        with pings(daemon.port) as waits_ms:
            begin = time.perf_counter()
            for message in messages:
                home.send(message)
            for message in messages:
                path = home.spool.folder / "replies" / f"{message['id']}.json"
                wait_for(path.exists, "a reply", 120)
            twenty_s = time.perf_counter() - begin
        tree = [psutil.Process(daemon.process.pid), *psutil.Process(daemon.process.pid).children(recursive=True)]
        sizes_mib = [process.memory_info().rss / MIB for process in tree]
    ratio, many = one_s / alone_s, twenty_s / (20 * one_s)
    table = Table()
    text = f"{ratio:.2f} x ({one_s * 1e3:.0f} ms; alone {alone_s * 1e3:.0f} ms)"
    table.add(
        "one action, 30 s stereo: request to reply / (reading + encoder + guard) alone",
        text,
        "<= 1.3 x",
        is_met=ratio <= 1.3,
    )
    table.add("20 tracks in one action / (20 x one)", f"{many:.2f} x ({twenty_s:.1f} s)", "<= 1 x", is_met=many <= 1)
    worst_ms = max(waits_ms)
    text = f"{worst_ms:.1f} ms at most, {statistics.median(waits_ms):.1f} ms median of {len(waits_ms)}"
    table.add("ping while 20 jobs run", text, "<= 20 ms", is_met=worst_ms <= 20)
    text = f"{sizes_mib[0]:.0f} MiB (with its plugin workers: {sum(sizes_mib):.0f} MiB)"
    table.add("daemon after the jobs", text, "< 700 MiB", is_met=sizes_mib[0] < 700)
    table.check()


def test_start(home: Home) -> None:
    def help_() -> None:
        subprocess.run([sys.executable, "-m", "bridge", "--help"], check=True, capture_output=True)

    help_s = time_of(help_)
    starts_s = []
    for _ in range(3):
        begin = time.perf_counter()
        with home.daemon() as daemon, pings(daemon.port) as waits_ms:
            wait_for(lambda: waits_ms, "the first answer", 10)
            starts_s.append(time.perf_counter() - begin)
    table = Table()
    table.add("`reaper-bridge --help`", f"{help_s:.2f} s", "< 0.3 s", is_met=help_s < 0.3)
    start_s = statistics.median(starts_s)
    table.add("daemon's start to the first answered ping", f"{start_s:.2f} s", "<= 1 s", is_met=start_s <= 1)
    table.check()


def test_memory_of_an_hour(tmp_path: Path, stereo: np.ndarray) -> None:
    peaks_mib = {}
    for minutes in (1, 60):
        source = tmp_path / f"{minutes}.wav"
        with AudioWriter(source, sample_rate_hz=RATE_HZ, channels=2) as writer:
            for _ in range(2 * minutes):
                writer.write(stereo)
        command = [sys.executable, "-m", "bridge", "automix", str(source), "-o", str(tmp_path / "out.wav")]
        peaks_mib[minutes] = peak_mib([*command, "--reference", str(reference(tmp_path, stereo))])
    ratio = peaks_mib[60] / peaks_mib[1]
    table = Table()
    text = f"{ratio:.2f} x ({peaks_mib[60]:.0f} MiB; one minute {peaks_mib[1]:.0f} MiB)"
    table.add("memory of a one-hour track / of a one-minute track", text, "<= 1.2 x", is_met=ratio <= 1.2)
    table.check()


def reference(folder: Path, stereo: np.ndarray) -> Path:
    """The same song, darker and softer: something to move towards, so that the whole file is rendered."""
    path = folder / "reference.wav"
    dark = np.cumsum(stereo - stereo.mean(axis=1, keepdims=True), axis=1)
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=2) as writer:
        writer.write((0.05 * dark / np.abs(dark).max()).astype(np.float32))
    return path


def peak_mib(command: list[str]) -> float:
    """The largest resident size of a process and all its children together."""
    peak = 0
    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            try:
                tree = [process, *process.children(recursive=True)]
                peak = max(peak, sum(member.memory_info().rss for member in tree))
            except psutil.NoSuchProcess:
                continue
            time.sleep(0.02)
        assert process.returncode == 0, process.stderr.read()
    return peak / MIB


class pings:  # noqa: N801 (a context manager that reads like a function)
    """Pings the daemon every 50 ms from a thread of its own; yields the waits for an answer in milliseconds."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._waits_ms: list[float] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> list[float]:
        self._thread.start()
        return self._waits_ms

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5.0)
            client.connect(("127.0.0.1", self._port))
            while not self._stop.wait(0.05):
                begin = time.perf_counter()
                client.send(PING)
                while not client.recv(4096).startswith(b"/bridge/status"):
                    pass  # progress of the running job
                self._waits_ms.append(1e3 * (time.perf_counter() - begin))
