"""FX in containers, and parameters that something else moves: what requests say of them, and that writes find them."""

from collections.abc import Callable

import pytest
from reaper_session import ReaperSession, applying, set_comp, silent, write_to

from bridge.reaper.protocol.fx_snapshot import Modulation
from bridge.reaper.protocol.left_alone import ModulationKind
from bridge.reaper.protocol.messages import Reply, Request, encode
from bridge.standin.fx.container import FxContainer
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.modulation import Modulation as StandInModulation


@pytest.fixture
def container(desk: ReaperSession) -> FxContainer:
    """ReaEQ, and ReaComp in a container in a container."""
    comp = desk.track.fx[1]
    container = desk.track.put_in_container(desk.track.put_in_container(comp))
    desk.reaper.project.history.rebase()
    return container


def band_gains(equaliser: StandInFx) -> list[str]:
    return [parameter.name for parameter in equaliser.parameters if parameter.name.startswith("Gain-Band")]


def ask(desk: ReaperSession) -> Request:
    desk.run()
    return desk.daemon.requests[-1]


def answer_after(desk: ReaperSession, change: Callable[[], object], answer: Callable[[Request], Reply]) -> None:
    """Run the action, with `change` done while the daemon listens."""
    desk.daemon.answer = silent
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    change()
    request = desk.daemon.requests[-1]
    desk.daemon.put(desk.daemon.spool / "replies" / f"{request.id}.json", encode(answer(request)))
    desk.reaper.run_until_idle()


def test_a_request_has_them_in_the_order_of_the_sound(desk: ReaperSession, container: FxContainer) -> None:
    fx = ask(desk).fx
    inner = container.fx[0]
    assert [(f.type, f.index) for f in fx] == [("VST", 0), ("Container", 1), ("Container", 2), ("VST", 3)]
    assert [f.container for f in fx] == ["", "", container.guid, inner.guid]
    assert fx[3].parameters


def test_they_are_set_in_one_undo_step_and_the_amount_moves_them(desk: ReaperSession, container: FxContainer) -> None:
    before = desk.comp_values()
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == pytest.approx((0.4, 0.3))
    assert desk.reaper.messages.boxes == []
    desk.run("bridge_amount_down.lua")
    assert desk.comp_values()[0] == pytest.approx(0.4 + 0.1 * (before[0] - 0.4), abs=1e-6)
    desk.reaper.undo()
    assert desk.comp_values() == pytest.approx((0.4, 0.3))
    desk.reaper.undo()
    assert desk.comp_values() == before


def test_they_are_put_back_where_one_refuses(desk: ReaperSession, container: FxContainer) -> None:
    before = desk.comp_values()
    desk.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
    desk.daemon.answer = set_comp
    desk.run()
    assert "everything was put back" in desk.box
    assert desk.comp_values() == before


def test_an_fx_that_leaves_its_container_meanwhile_is_seen(desk: ReaperSession, container: FxContainer) -> None:
    before, inner = desk.comp_values(), container.fx[0]
    assert isinstance(inner, FxContainer)

    def take_out() -> None:
        container.fx.append(inner.fx.pop())
        desk.reaper.project.touch()

    answer_after(desk, take_out, set_comp)
    assert "its FX were put into another order" in desk.box
    assert desk.comp_values() == before


def test_curves_count_the_latency_before_them_and_nothing_else(desk: ReaperSession, container: FxContainer) -> None:
    desk.track.fx[0].latency_samples = 4800
    desk.reaper.project.time_selection = (0.5, 1.5)
    desk.daemon.answer = set_comp
    desk.run("bridge_write_automation.lua")
    assert desk.reaper.messages.boxes == []
    assert [e.effective_at(1.0) for e in desk.track.envelopes] == pytest.approx([0.4, 0.3])


# ---------------------------------------------------------------- parameters that something else moves


def test_a_request_says_what_moves_a_parameter(desk: ReaperSession) -> None:
    equaliser, comp = desk.track.fx
    source, gains = comp.index("Thresh"), band_gains(equaliser)
    equaliser.modulate(gains[0], StandInModulation("plink", source=comp, source_parameter=source))
    equaliser.modulate(gains[1], StandInModulation("plink"))
    comp.modulate("Ratio", StandInModulation("lfo"))
    comp.modulate("Knee", StandInModulation("acs"))
    comp.modulate("Attack", StandInModulation("lfo", is_active=False))
    found = {p.name: p.modulation for fx in ask(desk).fx for p in fx.parameters if p.modulation}
    assert found == {
        gains[0]: Modulation(kind=ModulationKind.LINK, fx_guid=comp.guid, index=source),
        gains[1]: Modulation(kind=ModulationKind.MIDI),
        "Ratio": Modulation(kind=ModulationKind.LFO),
        "Knee": Modulation(kind=ModulationKind.AUDIO),
    }


def test_a_link_in_a_container_counts_the_fx_in_there(desk: ReaperSession) -> None:
    equaliser, comp = desk.track.fx
    desk.track.put_in_container(equaliser, comp)
    equaliser.modulate(band_gains(equaliser)[0], StandInModulation("plink", source=comp, source_parameter=1))
    (found,) = (p.modulation for fx in ask(desk).fx for p in fx.parameters if p.modulation)
    assert (found.fx_guid, found.index) == (comp.guid, 1)


def test_what_moves_by_itself_is_no_touch_of_the_users(desk: ReaperSession) -> None:
    comp = desk.track.find_fx("ReaComp")
    comp.modulate("Knee", StandInModulation("lfo"))
    answer_after(desk, desk.reaper.project.touch, set_comp)
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == pytest.approx((0.4, 0.3))


def test_a_parameter_that_came_to_be_moved_is_not_written(desk: ReaperSession) -> None:
    comp, before = desk.track.find_fx("ReaComp"), desk.comp_values()
    link = StandInModulation("plink", baseline=before[0])
    answer_after(desk, lambda: comp.modulate("Thresh", link), lambda r: applying(r, write_to(r.fx[1], "Thresh", 0.4)))
    assert "came to be moved by something else" in desk.box
    assert desk.reaper.undo_points == []


def test_an_amount_leaves_what_something_else_moves(desk: ReaperSession) -> None:
    desk.daemon.answer = set_comp
    desk.run()
    desk.track.find_fx("ReaComp").modulate("Thresh", StandInModulation("plink", baseline=0.4))
    desk.run("bridge_compare.lua")
    assert "is moved by" in desk.console
    assert desk.comp_values()[0] == pytest.approx(0.4)
