"""How much the plugin host costs: a batch of 32 renders of 3 s against the same plugins alone.

`python -m pytest tests/bench/bench_host.py -s`. Two floors, measured in turns with the host, the quickest turn of
each counting, as other programs only ever add: `ideal` is the time of one instance alone x renders / cores, and what
the target is held to; `at once` is what as many bare processes as there are cores need for the same renders side by
side, with no host at all.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pedalboard
import pytest

from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.chain_file import load_chain, parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.worker.instances import BuiltinInstance
from bridge.types import Float32

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ = 48_000
RENDERS = 32
LEAST_TURNS = 4
LONGEST_S = 6.0
CORES = os.cpu_count() or 1
COSTLY_MS = 3.0
LEAST_SHARE = 0.9
MOST_OVERHEAD_MS = 0.3


def strip() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


def equaliser() -> Chain:
    bands = "".join('[[slot]]\nplugin = "builtin:PeakFilter"\n[slot.control.gain_db]\n' for _ in range(2))
    return parse_chain(bands, source="bench")


def real(plugin: str) -> Chain:
    return Chain(name=plugin, slots=(Slot(name="s", plugin=f"vst3:{plugin}"),))


CHAINS: dict[str, tuple[Callable[[], Chain], int]] = {
    "2 bands, mono": (equaliser, 1),
    "ZamEQ2, mono": (lambda: real("ZamEQ2"), 1),
    "channel-strip, mono": (strip, 1),
    "channel-strip, stereo": (strip, 2),
    "ZaMultiCompX2, stereo": (lambda: real("ZaMultiCompX2"), 2),
    "ZamGateX2, stereo": (lambda: real("ZamGateX2"), 2),
    "ZamTube, mono": (lambda: real("ZamTube"), 1),
}


def alone(chain: Chain, catalog: Catalog) -> Callable[[Float32], Float32]:
    """The chain as pedalboard runs it in this process, at its neutral settings."""
    plugins = []
    for slot in chain.slots:
        if slot.scheme == "vst3":
            plugins.append(pedalboard.VST3Plugin(str(catalog.find(slot.plugin))))
        else:
            instance = BuiltinInstance(slot)
            instance.set([control.neutral for control in slot.controls], RATE_HZ, is_moving=False)
            plugins.append(instance.effect)
    board = pedalboard.Pedalboard(plugins)
    return lambda audio: board.process(audio, RATE_HZ, reset=True)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@functools.cache
def loaded(name: str) -> Callable[[Float32], Float32]:
    return alone(CHAINS[name][0](), Catalog())


def run_bare(name: str) -> float:
    """In a bare process: its share of the renders, in seconds."""
    audio = np.random.default_rng(1).normal(0, 0.1, (CHAINS[name][1], 3 * RATE_HZ)).astype(np.float32)
    process = loaded(name)
    return seconds(lambda: [process(audio) for _ in range(RENDERS // CORES)])


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    print(f"\n\n{RENDERS} renders of 3 s, {CORES} workers")
    print(
        f"{'chain':<33} |   alone |    ideal |  at once |     host | of ideal | of at once | overhead/render | target"
    )
    print("\n".join(lines))


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("audios", ["one audio", "32 audios"])
def test_host(name: str, audios: str, table: list[str]) -> None:
    make, channels = CHAINS[name]
    chain, catalog = make(), Catalog()
    generator = np.random.default_rng(1)
    different = RENDERS if audios == "32 audios" else 1
    sounds = [generator.normal(0, 0.1, (channels, 3 * RATE_HZ)).astype(np.float32) for _ in range(different)]
    renders = [RenderInput(sounds[index % different], RATE_HZ, chain.neutral) for index in range(RENDERS)]
    process = alone(chain, catalog)
    context = multiprocessing.get_context("spawn")
    with (
        PluginHost(workers=CORES, catalog=catalog) as host,
        context.Pool(CORES) as bare,
    ):
        floor_s, at_once_s, host_s = [], [], []
        end_s = time.monotonic() + LONGEST_S
        while len(host_s) < LEAST_TURNS or time.monotonic() < end_s:
            floor_s += [seconds(lambda: process(sounds[0])) for _ in range(4)]
            at_once_s.append(max(bare.map(run_bare, [name] * CORES, chunksize=1)))
            host_s.append(seconds(lambda: host.render(chain, renders)))
    alone_ms, at_once_ms, host_ms = 1000 * min(floor_s), 1000 * min(at_once_s), 1000 * min(host_s)
    ideal_ms = alone_ms * RENDERS / CORES
    is_costly = alone_ms >= COSTLY_MS
    overhead_ms = (host_ms - ideal_ms) / RENDERS
    is_met = ideal_ms / host_ms >= LEAST_SHARE if is_costly else overhead_ms <= MOST_OVERHEAD_MS
    target = f">= {LEAST_SHARE} of ideal" if is_costly else f"<= {MOST_OVERHEAD_MS} ms overhead"
    table.append(
        f"{name + ', ' + audios:<33} | {alone_ms:7.2f} | {ideal_ms:8.1f} | {at_once_ms:8.1f} | {host_ms:8.1f} "
        f"| {ideal_ms / host_ms:8.2f} | {at_once_ms / host_ms:10.2f} | {overhead_ms:12.3f} ms "
        f"| {target}: {'met' if is_met else 'MISSED'}"
    )
    assert is_met, table[-1]
