"""The mapping on what the scripts really send and write: stock doubles with laws drawn at random, real Lua between."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from mapping_values import largest_difference_db
from reaper_session import RATE_HZ, FakeDaemon, noise

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.settings import shipped_folder
from bridge.standin import StandIn
from bridge.standin.fx.stock import ReaEqDouble

CHAIN = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
KINDS = {"cutoff_frequency_hz": "frequency", "gain_db": "gain", "q": "q"}


def short_chain() -> Chain:
    """The strip without its second peak, so that one of ReaEQ's bands is over."""
    return msgspec.structs.replace(CHAIN, slots=tuple(s for s in CHAIN.slots if s.name != "peak_high"))


class Player:
    """Answers with random settings and remembers what it wanted."""

    def __init__(self, seed: int, chain: Chain = CHAIN) -> None:
        self.chain = chain
        self.rng = np.random.default_rng(seed)
        self.mapping: ChainMapping | None = None
        self.after = np.zeros(0, dtype=np.float32)

    def __call__(self, request: Request) -> Reply:
        self.mapping = map_chain(self.chain, request.fx)
        wanted = self.rng.uniform(0.1, 0.9, len(self.chain.controls)).astype(np.float32)
        self.after = self.mapping.realizable(wanted)
        return Reply(
            schema=SCHEMA,
            id=request.id,
            status="apply",
            project_change_count=request.project.change_count,
            writes=self.mapping.writes(self.after),
            changes=self.mapping.changes(self.after, np.ones_like(self.after)),
        )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.slow
def test_what_the_mapping_writes_is_what_the_fx_then_have(tmp_path: Path, seed: int) -> None:
    player = Player(seed)
    with StandIn(home=tmp_path, lua="5.4", seed=seed) as reaper:
        daemon = FakeDaemon(reaper)
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
        for index, translation in mapping.conversions.items():
            control, place = translation.control, translation.binding
            wanted = control.real_value(float(player.after[index]))
            fx = eq if place.fx.guid == eq.guid else comp
            has = fx.real_value(place.parameter.name)
            if control.name == "q":
                has = 1 / (2 * math.sinh(math.log(2) / 2 * has))
            allowed = {"dB": 0.25, "ms": 0.5 + 0.04 * wanted}.get(control.unit, 0.03 * wanted)
            assert has == pytest.approx(wanted, abs=allowed), (control.label, place.parameter.text)


def disturb(eq: ReaEqDouble, rng: np.random.Generator) -> None:
    """What no slot of the strip speaks of: master gain, a band that is over, shelves of another width."""
    eq.set_real_value("Global Gain", float(rng.uniform(-9, 9)))
    for parameter in eq.parameters:
        if parameter.name.startswith("Gain-"):
            eq.set_real_value(parameter.name, float(rng.uniform(-8, 8)))
        elif parameter.name.startswith("Q-"):
            eq.set_real_value(parameter.name, float(rng.uniform(0.5, 3.5)))


@pytest.mark.parametrize(("seed", "low_cut"), [(0, "missing"), (1, "on"), (2, "off"), (3, "on"), (4, "off")])
@pytest.mark.parametrize("is_turned", [False, True], ids=["EQ first", "compressor first"])
@pytest.mark.slow
def test_what_is_judged_is_what_the_track_sounds_like_before_and_after(
    tmp_path: Path, seed: int, low_cut: str, is_turned: bool
) -> None:
    player = Player(seed, short_chain())
    dry = noise(1.0)
    with StandIn(home=tmp_path, lua="5.4", seed=seed) as reaper, PluginHost(workers=1) as host:
        daemon = FakeDaemon(reaper)
        daemon.answer = player
        track = reaper.project.add_track("Vocals", dry)
        if is_turned:
            track.add_fx("ReaComp")
        eq = track.add_fx("ReaEQ", low_cut=low_cut)
        if not is_turned:
            track.add_fx("ReaComp")
        disturb(eq, np.random.default_rng(seed))
        track.selected = True
        before = track.render()
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle(limit_s=60)
        after, mapping = track.render(), player.mapping
        assert mapping is not None
        assert [row.what for row in mapping.left_alone] == ["low_cut"] * (low_cut == "missing")
        rows = [mapping.proxy_values(settings) for settings in (mapping.current, player.after)]
        judged = host.render(mapping.proxy.chain, [RenderInput(dry, RATE_HZ, row) for row in rows])
        assert largest_difference_db(before, after) > 3  # or nothing would be shown
        assert largest_difference_db(before, judged[0]) < 0.3
        assert largest_difference_db(after, judged[1]) < 0.3
