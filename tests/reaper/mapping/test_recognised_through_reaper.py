"""FX of any maker through the real scripts: texts asked for over the range, switches first, read back, put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from listed_doubles import draw_wanted
from made_up_lists import BUS_COMPRESSOR, CONSOLE_EQ, FREE_EQ
from reaper_session import FakeDaemon, ReaperSession, noise
from small_model import ROOT

from bridge.plugins.chain.chain_file import load_chain
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.recognised.band_fit import error_db
from bridge.reaper.mapping.recognised.equaliser_part import EqualiserPart
from bridge.reaper.mapping.recognised.filters import Shape, frequencies_hz
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.standin import StandIn

CHAIN = load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


class Player:
    """Answers with a drawn setting of the channel strip."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.mapping: ChainMapping | None = None
        self.after = CHAIN.neutral

    def __call__(self, request: Request) -> Reply:
        self.mapping = map_chain(CHAIN, request.fx)
        wanted = draw_wanted(CHAIN, self.seed)
        self.after = self.mapping.realizable(wanted)
        writes = self.mapping.writes(self.after)
        return Reply(
            schema=SCHEMA,
            id=request.id,
            status="apply" if writes else "unchanged",
            project_change_count=request.project.change_count,
            writes=writes,
            changes=self.mapping.changes(self.after, np.ones_like(self.after)),
            left_alone=self.mapping.left_alone,
            computed=self.mapping.computed,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReaperSession]:
    with StandIn(tmp_path / "home", lua="5.4", seed=5) as reaper:
        track = reaper.project.add_track("Vocals", noise(1.0))
        track.selected = True
        reaper.ext_state["Bridge", "add_fx"] = "no"
        yield ReaperSession(reaper, FakeDaemon(reaper), track)


@pytest.mark.parametrize("seed", [0, 4])
def test_an_equaliser_of_any_maker_is_set(desk: ReaperSession, seed: int) -> None:
    player = desk.daemon.answer = Player(seed)
    doubles = [listed.double(seed) for listed in (FREE_EQ, BUS_COMPRESSOR)]
    for double in doubles:
        double.formats_values = True
        desk.track.put_fx(double)
    before = [double.values() for double in doubles]
    desk.reaper.project.history.rebase()
    desk.run()
    assert desk.reaper.messages.boxes == []
    (receipt,) = desk.daemon.receipts()
    assert receipt.status == "applied", receipt
    assert player.mapping is not None
    part = next(p for c in player.mapping.carriers for p in c.parts if isinstance(p, EqualiserPart))
    states = part.wanted(player.after)
    rest_db = part.axes.sum_db([state for state in states if state.shape is not Shape.LOW_CUT])
    hz = frequencies_hz()
    cuts_db = sum(doubles[0].low_cut_db(state.freq_hz, hz) for state in states if state.shape is Shape.LOW_CUT)
    assert error_db(doubles[0].response_db(hz), rest_db + cuts_db) <= 1.0
    assert desk.reaper.undo()
    assert [double.values() for double in doubles] == before


@pytest.mark.parametrize("fault", [{"is_late": True}, {"is_text_late": True}, {"step": 1 / 512}])
def test_values_that_land_late_or_rounded_are_waited_for(desk: ReaperSession, fault: dict[str, object]) -> None:
    desk.daemon.answer = Player(2)
    double = BUS_COMPRESSOR.double(2)
    double.formats_values = True
    double.fault("Threshold", **fault)
    desk.track.put_fx(double)
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert receipt.status == "applied", receipt


def test_a_plugin_that_refuses_a_type_is_as_it_was(desk: ReaperSession) -> None:
    desk.daemon.answer = Player(1)
    double = CONSOLE_EQ.double(1)
    double.formats_values = True
    for parameter in double.parameters:
        double.fault(parameter.name, is_refused=True)
    desk.track.put_fx(double)
    before = double.values()
    desk.reaper.project.history.rebase()
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert receipt.status == "restored", receipt
    assert double.values() == before


def test_a_plugin_that_cannot_be_read_is_named_and_untouched(desk: ReaperSession) -> None:
    desk.daemon.answer = Player(0)
    double = CONSOLE_EQ.double(0)
    double.formats_values = False
    desk.track.put_fx(double)
    before = double.values()
    desk.run()
    assert double.values() == before
    assert "no rising or falling row of numbers" in desk.console
