"""What the request says of the project, the track and its FX."""

import math

import pytest
from reaper_session import ReaperSession, noise, unchanged

from bridge.plugins.chain.display_law import measure_display_law
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.left_alone import FxMode
from bridge.reaper.protocol.messages import SCHEMA, Request
from bridge.standin.fx.fx import StandInParameter


def ask(desk: ReaperSession, action: str = "bridge_automix.lua") -> Request:
    desk.daemon.answer = unchanged
    desk.run(action)
    return desk.daemon.requests[-1]


def fx_called(request: Request, name: str) -> FxSnapshot:
    return next(fx for fx in request.fx if name in fx.original_name)


def test_project_and_track(desk: ReaperSession) -> None:
    desk.track.name = 'Lead "Völ" \\ 1\t'
    desk.track.automation_mode = 1
    request = ask(desk)
    assert (request.schema, request.action, request.project.path) == (SCHEMA, "automix", "/projects/Song One.rpp")
    assert request.track.name == 'Lead "Völ" \\ 1\t'
    assert (request.track.guid, request.track.index) == (desk.track.guid, 0)
    assert (request.track.muted, request.track.is_folder, request.track.automation_mode) == (False, False, 1)


def test_fx_are_described_with_identity_and_values(desk: ReaperSession) -> None:
    desk.track.fx[1].renamed = "Glue"
    desk.track.fx[0].is_enabled = False
    request = ask(desk)
    eq, comp = request.fx
    assert (eq.guid, eq.index, eq.enabled, eq.type) == (desk.track.fx[0].guid, 0, False, "VST")
    assert (comp.name, comp.original_name) == ("Glue", "VST: ReaComp (Cockos)")
    assert comp.ident == desk.track.fx[1].ident
    shown = desk.track.fx[1].values()
    assert {p.name: (p.normalized, p.text) for p in comp.parameters} == shown


def test_reapers_own_parameters_are_left_out(desk: ReaperSession) -> None:
    comp = fx_called(ask(desk), "ReaComp")
    assert [p.name for p in comp.parameters].count("Wet") == 1
    assert {p.ident for p in comp.parameters}.isdisjoint({":wet", ":bypass", ":delta"})


def test_the_wet_mix_of_an_fx_is_told(desk: ReaperSession) -> None:
    comp = desk.track.find_fx("ReaComp")
    comp.write(comp.find(":wet"), 0.25)
    assert [fx.wet for fx in ask(desk).fx] == [1.0, 0.25]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_parameter_that_is_no_number_is_left_out(desk: ReaperSession, value: float) -> None:
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    broken = other.add_fx("ReaComp")
    other.selected = True
    broken._values[3] = value
    desk.daemon.answer = unchanged
    desk.run()
    assert desk.reaper.messages.boxes == []
    whole, rest = (fx_called(request, "ReaComp") for request in desk.daemon.requests)
    assert [p.index for p in rest.parameters] == [p.index for p in whole.parameters if p.index != 3]


def test_the_grid_tells_the_display_law(desk: ReaperSession) -> None:
    comp = desk.track.find_fx("ReaComp")
    parameter = next(p for p in fx_called(ask(desk), "ReaComp").parameters if p.name == "Thresh")
    values = [n for n, _ in parameter.grid]
    assert values == sorted(set(values))
    assert {i / 32 for i in range(33)} <= set(values)
    assert 0 < values[1] < 1 / 500  # close to the ends, where a law in decibels runs off
    law = measure_display_law(parameter.grid)
    assert law is not None
    index = comp.index("Thresh")
    for normalized in (0.1, 0.37, 0.8):
        assert law.to_real(normalized) == pytest.approx(comp.laws[index].to_real(normalized), abs=1.5)


@pytest.mark.parametrize(
    ("name", "more", "has_grid"), [("Big", 640, False), ("Small", 600, True), ("ReaComp", 640, True)]
)
def test_texts_are_asked_of_fx_with_few_parameters_and_of_reapers_own(
    desk: ReaperSession, name: str, more: int, has_grid: bool
) -> None:
    fx = desk.track.find_fx("ReaComp")
    fx.original_name, fx.ident = f"VST: {name} (Maker)", f"/plugins/{name.lower()}.so<1"
    fx.parameters += [StandInParameter(f"P{i}", f"{20 + i}:_P{i}", 0.5, "{:.2f}".format) for i in range(more)]
    fx._values += [0.5] * more
    parameters = fx_called(ask(desk), name).parameters
    assert len(parameters) == len(fx.parameters) > more
    assert {bool(p.grid) for p in parameters} == {has_grid}


def test_vst3_plugins_come_without_a_grid(desk: ReaperSession) -> None:
    desk.track.add_fx("VST3: ZamCompX2")
    request = ask(desk)
    zam = fx_called(request, "ZamCompX2")
    assert zam.type == "VST3"
    assert zam.ident.split("<")[0].endswith("ZamCompX2.vst3")
    attack = next(p for p in zam.parameters if p.name == "Attack")
    assert (attack.grid, attack.text) == ((), "10.000000")


def test_switches_and_steps_are_told(desk: ReaperSession) -> None:
    switch = next(p for p in fx_called(ask(desk), "ReaComp").parameters if p.name == "Auto Make Up Gain")
    assert (switch.is_toggle, switch.step, switch.text) == (True, 1.0, "Off")


def test_bands_are_told_by_role(desk: ReaperSession) -> None:
    eq = fx_called(ask(desk), "ReaEQ")
    roles = {(p.eq.band_type, p.eq.band_index, p.eq.kind): p for p in eq.parameters if p.eq}
    assert set(roles) == {
        (band, index, kind)
        for band, index in ((0, 0), (1, 0), (2, 0), (2, 1), (4, 0))
        for kind in ("frequency", "gain", "q")
    } | {(-1, 0, "gain")}
    low_cut = roles[(0, 0, "frequency")].eq
    assert low_cut is not None
    assert not low_cut.enabled
    assert all(p.eq and p.eq.enabled for key, p in roles.items() if key[0] != 0)


@pytest.mark.parametrize(
    ("is_active", "points", "override", "is_automated"),
    [
        (True, [(0.0, 0.5)], -1, True),
        (False, [(0.0, 0.5)], -1, False),
        (True, [], -1, False),
        (True, [(0.0, 0.5)], 5, False),
    ],
)
def test_automation_that_would_override_is_told(
    desk: ReaperSession, is_active: bool, points: list, override: int, is_automated: bool
) -> None:
    envelope = desk.track.add_envelope(desk.track.find_fx("ReaComp"), "Ratio", points)
    envelope.is_active = is_active
    desk.reaper.automation_override = override
    parameters = fx_called(ask(desk), "ReaComp").parameters
    assert {p.name for p in parameters if p.automated} == ({"Ratio"} if is_automated else set())


def test_options_come_from_the_ext_state(desk: ReaperSession) -> None:
    desk.reaper.ext_state |= {
        ("Bridge", "amount_percent"): "140",
        ("Bridge", "model"): "vocals",
        ("Bridge", "style"): "warm",
    }
    options = ask(desk).options
    assert (options.model, options.style, options.amount_percent) == ("vocals", "warm", 100.0)
    assert not options.add_missing_fx


def test_text_that_is_no_utf8_arrives_as_text(desk: ReaperSession) -> None:
    desk.track.fx[1].renamed = "caf\ufffd"
    assert fx_called(ask(desk), "ReaComp").name == "caf\ufffd"


@pytest.mark.parametrize("tick", [3, 5, 7])
def test_an_fx_that_goes_while_the_chain_is_read(desk: ReaperSession, tick: int) -> None:
    desk.track.add_fx("VST3: ZaMultiCompX2", formats_values=True)  # slow to read: it takes several ticks
    desk.reaper.on_tick(tick, lambda: desk.track.fx.pop(0))
    request = ask(desk)
    assert [fx.guid for fx in request.fx] == [fx.guid for fx in desk.track.fx]
    for heard, there in zip(request.fx, desk.track.fx, strict=True):
        assert {p.name: p.normalized for p in heard.parameters} == {n: v for n, (v, _) in there.values().items()}


def test_offline_fx_are_told(desk: ReaperSession) -> None:
    desk.track.fx[0].is_offline = True
    eq = ask(desk).fx[0]
    assert eq.offline
    assert eq.parameters == ()


def test_how_reaper_runs_an_fx_is_told(desk: ReaperSession) -> None:
    eq, comp = desk.track.fx
    assert [fx.modes for fx in ask(desk).fx] == [(), ()]
    eq.write(eq.find(":delta"), 1.0)
    eq.oversampling_shift = 1
    comp.is_parallel = True
    comp.pins.outputs[1] = 0b100
    assert [fx.modes for fx in ask(desk).fx] == [
        (FxMode.DELTA_SOLO, FxMode.OVERSAMPLED),
        (FxMode.PARALLEL, FxMode.PINS),
    ]


def test_detector_pins_that_stand_in_order_are_no_other_channels(desk: ReaperSession) -> None:
    pins = desk.track.fx[1].pins
    pins.inputs += [0b100, 0b1000]
    assert ask(desk).fx[1].modes == ()
    pins.inputs[2:] = [0b1, 0b10]
    assert ask(desk).fx[1].modes == (FxMode.PINS,)
