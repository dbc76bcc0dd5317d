"""The mapping on what the scripts really send and write: stock doubles with laws drawn at random, real Lua between."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from desk import PlayedDaemon, noise

from bridge.plugins.chain_file import load_chain
from bridge.reaper.mapping import Mapping, map_chain
from bridge.reaper.messages import SCHEMA, Reply, Request
from bridge.settings import shipped_folder
from bridge.standin import StandIn

CHAIN = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
KINDS = {"cutoff_frequency_hz": "frequency", "gain_db": "gain", "q": "q"}


class Player:
    """Answers with random settings and remembers what it wanted."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.mapping: Mapping | None = None
        self.after = np.zeros(0, dtype=np.float32)

    def __call__(self, request: Request) -> Reply:
        self.mapping = map_chain(CHAIN, request.fx)
        wanted = self.rng.uniform(0.1, 0.9, len(CHAIN.controls)).astype(np.float32)
        self.after = self.mapping.realizable(wanted)
        return Reply(
            schema=SCHEMA,
            id=request.id,
            status="apply",
            message="drawn at random",
            project_change_count=request.project.change_count,
            writes=self.mapping.writes(self.after),
            changes=self.mapping.changes(self.after, np.ones_like(self.after)),
        )


@pytest.mark.parametrize("seed", range(12))
def test_what_the_mapping_writes_is_what_the_fx_then_have(tmp_path: Path, seed: int) -> None:
    player = Player(seed)
    with StandIn(home=tmp_path, lua="5.4", seed=seed) as reaper:
        daemon = PlayedDaemon(reaper)
        daemon.answer = player
        track = reaper.project.add_track("Vocals", noise(1.0))
        eq, comp = track.add_fx("ReaEQ"), track.add_fx("ReaComp")
        track.selected = True
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle(limit_s=60)
        assert reaper.messages.boxes == []
        (receipt,) = daemon.receipts()
        assert receipt.status == "applied", receipt
        assert {result.status for result in receipt.results} == {"ok"}
        mapping = player.mapping
        assert mapping is not None
        assert mapping.free.sum() >= len(CHAIN.controls) - 1  # all but the low cut, where ReaEQ has none
        for index, translation in mapping.translations.items():
            control, place = translation.control, translation.place
            wanted = control.real_value(float(player.after[index]))
            fx = eq if place.fx.guid == eq.guid else comp
            has = fx.real_value(place.parameter.name)
            if control.name == "q":
                has = 1 / (2 * math.sinh(math.log(2) / 2 * has))
            allowed = {"dB": 0.25, "ms": 0.5 + 0.04 * wanted}.get(control.unit, 0.03 * wanted)
            assert has == pytest.approx(wanted, abs=allowed), (control.label, place.parameter.text)
