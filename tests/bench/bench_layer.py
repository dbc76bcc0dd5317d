"""What plugins as a layer cost: forward and backward against the renders that they consist of.

    python -m pytest tests/bench/bench_layer.py -s

The floor is one bare pedalboard instance in this process, measured in turns with the layer: its time for one render,
by the number of renders, by the number of cores. The quickest turn of each counts, as other programs only ever add.

Where the renders do not divide by the cores, one core has the last render to itself, and nobody can cut that in two: so
much of the margin is gone before the layer does anything (on 2 cores 7% of batches of 5, 5% of batches of 7). `in
wholes` prints that floor beside; every batch is held to the one without it. `at once` is what as many bare processes as
there are cores need for the same renders side by side, with no host and no layer: what the machine has to give.
`of CPU` compares processor time instead of the clock's: all that workers and this process spent, by what the bare
renders spend. It shows what the layer costs where other programs are running.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pedalboard
import psutil
import pytest
import torch

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost
from bridge.plugins.worker.instances import BuiltinInstance
from bridge.training.plugin_layer.perturbation import SPSA
from bridge.training.plugin_layer.plugin_layer import PluginLayer
from bridge.types import Float32

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

RATE_HZ = 24_000
SECONDS = 5
CORES = os.cpu_count() or 1
LEAST_TURNS, LONGEST_S = 6, 10.0
MOST_OF_FLOOR = 1.15
LINEAR_WITHIN = 0.25
MOST_GROWTH_MIB = 24

BAND = "[slot.control.cutoff_frequency_hz]\n[slot.control.gain_db]\n[slot.control.q]\n"
BANDS = ("LowShelfFilter", *["PeakFilter"] * 4, "HighShelfFilter")


def strip() -> Chain:
    """Six bands of an equaliser and a compressor: 22 controls."""
    bands = "".join(f'[[slot]]\nplugin = "builtin:{band}"\n{BAND}' for band in BANDS)
    compressor = "".join(f"[slot.control.{name}]\n" for name in ("threshold_db", "ratio", "attack_ms", "release_ms"))
    return parse_chain(f'{bands}[[slot]]\nplugin = "builtin:Compressor"\n{compressor}', source="bench")


@functools.cache
def bare() -> Callable[[Float32], Float32]:
    """The chain as pedalboard runs it in this process, in the middle of its ranges."""
    effects = []
    for slot in strip().slots:
        instance = BuiltinInstance(slot)
        instance.set([(control.low + control.high) / 2 for control in slot.controls], RATE_HZ, is_moving=False)
        effects.append(instance.effect)
    board = pedalboard.Pedalboard(effects)
    return lambda audio: board.process(audio, RATE_HZ, reset=True)


def noise(batch: int) -> Float32:
    return np.random.default_rng(1).normal(0, 0.1, (batch, 1, SECONDS * RATE_HZ)).astype(np.float32)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def run_bare(renders: int) -> float:
    """In a bare process: so many renders, in seconds."""
    sound, process = noise(1)[0], bare()
    return seconds(lambda: [process(sound) for _ in range(renders)])


def steps(host: PluginHost, batch: int, samples: int) -> Callable[[], None]:
    """One forward and backward pass of a layer, as a training does it."""
    layer = PluginLayer(host, strip(), RATE_HZ, estimator=SPSA(samples))
    audio = torch.from_numpy(noise(batch))
    positions = torch.full((batch, len(strip().controls)), 0.5, requires_grad=True)
    upstream = torch.randn_like(audio)

    def step() -> None:
        positions.grad = None
        layer(audio, positions).backward(upstream)
        assert positions.grad is not None

    return step


def spent_s(host: PluginHost) -> float:
    """Processor time of this process and its workers so far."""
    return sum(sum(process.cpu_times()[:2]) for process in map(psutil.Process, [os.getpid(), *host.worker_pids]))


def quickest(work: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Each in turn, many times; the least of each in ms."""
    times: dict[str, list[float]] = {name: [] for name in work}
    end_s = time.monotonic() + LONGEST_S
    while len(next(iter(times.values()))) < LEAST_TURNS or time.monotonic() < end_s:
        for name, run in work.items():
            times[name].append(run())
    return {name: 1000 * min(values) for name, values in times.items()}


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    torch.set_num_threads(1)
    with PluginHost(workers=CORES) as opened:
        yield opened


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    print(f"\n\nSix bands and a compressor, {SECONDS} s at {RATE_HZ} Hz, k = 1, {CORES} workers; ms")
    print(
        "batch | renders | one alone | floor | in wholes | at once | layer | of floor | of wholes | efficiency | of CPU"
    )
    print("\n".join(lines))


@pytest.mark.parametrize("batch", [4, 5, 6, 7, 8])
def test_forward_and_backward(host: PluginHost, batch: int, table: list[str]) -> None:
    renders = 3 * batch
    step, sound, process = steps(host, batch, 1), noise(1)[0], bare()
    step()
    spent: list[float] = []
    alone: list[float] = []

    def run_layer() -> float:
        before_s = spent_s(host)
        took_s = seconds(step)
        spent.append(spent_s(host) - before_s)
        return took_s

    def run_alone() -> float:
        before_s = time.thread_time()
        took_s = min(seconds(lambda: process(sound)) for _ in range(4))
        alone.append((time.thread_time() - before_s) / 4)
        return took_s

    with multiprocessing.get_context("spawn").Pool(CORES) as processes:
        shares = [renders // CORES + (n < renders % CORES) for n in range(CORES)]

        def run_at_once() -> float:
            return max(processes.map(run_bare, shares, chunksize=1))

        found = quickest({"alone": run_alone, "at once": run_at_once, "layer": run_layer})
    floor_ms, wholes_ms = found["alone"] * renders / CORES, found["alone"] * -(-renders // CORES)
    of_floor, of_wholes = found["layer"] / floor_ms, found["layer"] / wholes_ms
    of_cpu = sum(spent) / len(spent) / (renders * sum(alone) / len(alone))
    table.append(
        f"{batch:5} | {renders:7} | {found['alone']:9.2f} | {floor_ms:5.1f} | {wholes_ms:9.1f} "
        f"| {found['at once']:7.1f} | {found['layer']:5.1f} | {of_floor:8.3f} | {of_wholes:9.3f} "
        f"| {1 / of_floor:10.2f} | {of_cpu:6.3f}"
    )
    assert of_floor <= MOST_OF_FLOOR, table[-1]


def test_cost_grows_as_batch_and_samples_do(host: PluginHost) -> None:
    """A step of twice the batch, or of four times the pairs, costs in proportion to its renders."""
    sizes = {"4 x 1": (4, 1), "8 x 1": (8, 1), "16 x 1": (16, 1), "8 x 2": (8, 2), "8 x 4": (8, 4), "8 x 8": (8, 8)}
    found = quickest({name: functools.partial(seconds, steps(host, *size)) for name, size in sizes.items()})
    per_render = {name: found[name] / (batch * (2 * k + 1)) for name, (batch, k) in sizes.items()}
    print("\n\nbatch x k | renders | step in ms | ms per render")
    for name, (batch, k) in sizes.items():
        print(f"{name:>9} | {batch * (2 * k + 1):7} | {found[name]:10.1f} | {per_render[name]:13.3f}")
    assert max(per_render.values()) <= (1 + LINEAR_WITHIN) * min(per_render.values())


def test_memory_is_one_chain_per_worker() -> None:
    """Thirty layers of the same chain, and batches eight times as large, load no further plugins: a worker that has
    rendered one batch does not grow by more than its buffers."""
    with PluginHost(workers=CORES) as host:

        def in_use_mib() -> float:
            """Of all workers, without the audio that they share with this process."""
            infos = [psutil.Process(pid).memory_info() for pid in host.worker_pids]
            return sum(info.rss - info.shared for info in infos) / 2**20

        for _ in range(5):
            steps(host, 4, 1)()
        before_mib = in_use_mib()
        found = {}
        for name, batch, samples, layers in (("30 layers", 4, 1, 30), ("batch 32", 32, 1, 5), ("k = 8", 8, 8, 5)):
            for _ in range(layers):
                steps(host, batch, samples)()
            found[name] = in_use_mib()
        assert len(host.worker_pids) == CORES
    print(f"\n\nmemory of {CORES} workers: {before_mib:.0f} MiB after 5 steps of 4")
    for name, mib in found.items():
        print(f"{name:>10}: {mib:.0f} MiB")
    assert max(found.values()) - before_mib <= MOST_GROWTH_MIB
