"""How much a search costs beside its plugins: candidates of a chain that no model knows, against bare processes.

`python -m pytest tests/bench/bench_search.py -s`. The same settings are rendered once by a search, measuring and
fitting included, and once by as many bare processes as there are cores, with no host and no measuring. Taken in turns,
the quickest of each counting, as other programs only ever add.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.chain_search import ChainSearch, Change, search_windows, wanted_change
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.objective import reference_objective
from bridge.automix.proposals import SEARCH_WINDOW_S, SEARCH_WINDOWS
from bridge.automix.tone_match.responses import measure_chain
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.features.windows import choose_excerpts
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost
from bridge.plugins.new_chain import new_chain
from bridge.plugins.worker.instances import Vst3Instance, run_processors
from bridge.types import Audio, NormalizedArray

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

RATE_HZ = 44_100
PLUGINS = ("ZamCompX2", "ZamGEQ31", "ZamTube")
CANDIDATES, TURNS = 48, 3
LEAST_SHARE = 0.9
CORES = os.cpu_count() or 1


@functools.cache
def loaded(text: str) -> Sequence[Vst3Instance]:
    with PluginHost(workers=1) as host:
        chain = parse_chain(text, source="bench", calibrate=host.calibrate)
    catalog = Catalog()
    return [Vst3Instance(slot, catalog.locate(slot.plugin)) for slot in chain.slots]


def run_bare(task: tuple[str, Sequence[NormalizedArray], Sequence[Audio]]) -> float:
    """In a bare process: its share of the candidates, in seconds. Loading does not count."""
    text, rows, windows = task
    instances = loaded(text)
    begin = time.perf_counter()
    for row in rows:
        for window in windows:
            audio, first = window, 0
            for instance in instances:
                count = len(instance.slot.controls)
                instance.set(row[first : first + count], RATE_HZ, is_moving=False)
                first += count
                processors = instance.processors(audio.shape[0])
                audio = run_processors(processors, audio, RATE_HZ, accepts=instance.channels, reset=True)
    return time.perf_counter() - begin


def test_a_search_keeps_the_plugins_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (synthesise("drums", duration_s=6.0, sample_rate_hz=RATE_HZ, seed=seed) for seed in (1, 2))
    with PluginHost(workers=CORES) as host:
        text = new_chain(host, PLUGINS, name="bench")
        chain = parse_chain(text, source="bench", calibrate=host.calibrate)
        features = FeatureSettings()
        renderer = CandidateRenderer(host, chain, [], RATE_HZ, is_dry=True)
        parts = choose_excerpts([first], RATE_HZ, window_s=SEARCH_WINDOW_S, count=SEARCH_WINDOWS)
        searched, held_back = search_windows(renderer, parts)
        sound, reference = (extract_features([one], RATE_HZ, features) for one in (first, 0.3 * second[:, ::-1]))
        metrics = CandidateMetrics(features, RATE_HZ, reference_objective(reference.profile, features))
        nothing = np.zeros(features.bands)
        wanted = wanted_change(sound, reference, metrics, Change(nothing, nothing))
        assert wanted is not None
        response = measure_chain(chain, host, RATE_HZ, features)
        free = np.ones(len(chain.controls), dtype=bool)
        search = ChainSearch(searched, held_back, metrics, response, wanted, chain.neutral, free)
        rows: list[NormalizedArray] = []
        render = CandidateRenderer.render_windows
        monkeypatch.setattr(CandidateRenderer, "render_windows", _recorded(render, rows))
        with multiprocessing.get_context("spawn").Pool(CORES) as bare:
            search_s, bare_s = [], []
            for _ in range(TURNS):
                rows.clear()
                begin = time.perf_counter()
                search.run(1e9, limit_candidates=CANDIDATES)
                search_s.append(time.perf_counter() - begin)
                shares = [(text, rows[core::CORES], searched.windows) for core in range(CORES)]
                bare_s.append(max(bare.map(run_bare, shares, chunksize=1)))
    share = min(bare_s) / min(search_s)
    print(f"\n{len(rows)} candidates: {min(search_s):.2f} s searched, {min(bare_s):.2f} s bare: {share:.2f} of it")
    assert share >= LEAST_SHARE


def _recorded(render: Callable[..., object], rows: list[NormalizedArray]) -> Callable[..., object]:
    def recorded(self: CandidateRenderer, candidates: Sequence[NormalizedArray]) -> object:
        rows.extend(candidates)
        return render(self, candidates)

    return recorded
