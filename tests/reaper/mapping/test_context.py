"""What is heard beside the model's slots: rendered as it stands, or named. Real Lua, real plugins."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from mapping_values import changed, kinds, largest_difference_db, reason
from reaper_session import RATE_HZ, FakeDaemon, noise, unchanged

from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.hosted_fx import HostedFx
from bridge.reaper.protocol.left_alone import FxMode, LeftAlone, LeftAloneKind, Requirement
from bridge.reaper.protocol.messages import Request
from bridge.settings import shipped_folder
from bridge.standin import StandIn
from bridge.standin.project.track import ReaperTrack

CHAIN = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
DRY = noise(1.0)
COMP = "VST: ReaComp (Cockos)"


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=1) as host:
        yield host


@pytest.fixture(scope="module")
def hosted(host: PluginHost) -> HostedFx:
    return HostedFx(host)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[Callable[[ReaperTrack], None]], tuple[Request, np.ndarray]]]:
    """`ask(prepare)`: what the scripts send of a track, and what it sounds like."""
    with StandIn(home=tmp_path, lua="5.4", seed=3) as reaper:
        daemon = FakeDaemon(reaper)
        daemon.answer = unchanged

        def ask_(prepare: Callable[[ReaperTrack], None]) -> tuple[Request, np.ndarray]:
            track = reaper.project.add_track("Vocals", DRY)
            prepare(track)
            track.selected = True
            reaper.run_action("bridge_automix.lua")
            reaper.run_until_idle(limit_s=60)
            return daemon.requests[-1], track.render()

        yield ask_


def rendered(mapping: ChainMapping, host: PluginHost) -> np.ndarray:
    row = mapping.proxy_values(mapping.current)
    return host.render(mapping.proxy.chain, [RenderInput(DRY, RATE_HZ, row)])[0]


def second_pair(track: ReaperTrack) -> None:
    track.add_fx("ReaEQ", low_cut="off")
    own = track.add_fx("ReaEQ", low_cut="on", is_used=True)
    own.set_real_value("Global Gain", -4.0)
    track.add_fx("ReaComp")
    squeezed = track.add_fx("ReaComp")
    squeezed.set_real_value("Thresh", -30.0)
    squeezed.set_real_value("Wet", 5.0)


def foreign(track: ReaperTrack) -> None:
    eq = track.add_fx("VST3: ZamEQ2")
    eq.write(eq.index("Boost/Cut L"), 0.3)
    track.add_fx("ReaEQ", low_cut="off")
    limiter = track.add_fx("VST3: ZaMaximX2")
    limiter.write(limiter.index("Threshold"), 0.6)


@pytest.mark.parametrize("prepare", [second_pair, foreign])
def test_what_stands_beside_is_rendered_as_it_is(ask, host: PluginHost, hosted: HostedFx, prepare) -> None:
    request, heard = ask(prepare)
    mapping = map_chain(CHAIN, request.fx, hosted)
    assert mapping.unrendered == ()
    assert largest_difference_db(heard, rendered(mapping, host)) < 0.3
    assert largest_difference_db(heard, DRY) > 2.0  # or nothing would be shown


def test_the_rest_of_a_plugin_that_stands_for_a_slot_is_rendered_too(ask, host: PluginHost, hosted: HostedFx) -> None:
    def prepare(track: ReaperTrack) -> None:
        eq = track.add_fx("VST3: ZamEQ2")
        eq.write(eq.index("Boost/Cut L"), 0.3)
        eq.write(eq.index("Master Gain"), 0.7)

    request, heard = ask(prepare)
    file = '[[slot]]\nname = "one"\nplugin = "vst3:ZamEQ2"\n[slot.control."Boost/Cut L"]\n'
    mapping = map_chain(_chain(file, host), request.fx, hosted)
    assert mapping.free.all()
    assert largest_difference_db(heard, rendered(mapping, host)) < 0.3


def _chain(slots: str, host: PluginHost) -> Chain:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.toml"
        file.write_text(f'name = "one"\n{slots}', encoding="utf-8")
        return load_chain(file, calibrate=host.calibrate)


# ---------------------------------------------------------------- what cannot be rendered is named


def as_hosted(desk, ident: str = "/usr/lib/vst3/ZamEQ2.vst3<1", **more):
    """A ZamEQ2 as REAPER shows it at its defaults, but for what is given."""
    shown = {"Boost/Cut 1": (0.7142857, "0.000000")}
    gain = desk.Law(-50.0, 20.0, "")
    parameters = [desk.parameter(name, gain, 0.0, has_grid=False) for name in shown]
    values = {"type": "VST3", "ident": ident, "original_name": "VST3: ZamEQ2 (Damien Zammit)", "index": 5} | more
    return desk.fx("ZamEQ2", parameters, **values)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"ident": "/home/other/NoSuchPlugin.vst3<1"}, LeftAloneKind.NOT_INSTALLED),
        ({"type": "VST3i"}, LeftAloneKind.NOT_RENDERED),
        ({"type": "JS", "ident": "utility/volume"}, LeftAloneKind.NOT_RENDERED),
        ({}, LeftAloneKind.HOST_DIFFERS),  # it shows fewer parameters than the plugin has
    ],
)
def test_a_plugin_that_cannot_be_hosted_is_named(desk, hosted: HostedFx, fields, kind) -> None:
    fx = as_hosted(desk, **fields)
    mapping = map_chain(CHAIN, [desk.rea_eq(), desk.rea_comp(), fx], hosted)
    assert kinds(mapping, fx.name) == [LeftAloneKind.NOT_IN_MODEL, kind]
    assert mapping.unrendered == (fx.name,)


def test_a_plugin_that_comes_and_goes_is_looked_for_again(desk, tmp_path: Path) -> None:
    """The daemon lives on while plugins are installed and removed."""
    (tmp_path / "Gone.vst3").symlink_to(tmp_path / "nowhere")
    with PluginHost(workers=1, catalog=Catalog(folders=[tmp_path])) as host:
        bundle, fx = tmp_path / "ZamEQ2.vst3", as_hosted(desk)
        assert "ZamEQ2" not in host.catalog.bundles()
        shutil.copytree(Catalog().find("vst3:ZamEQ2"), bundle)
        found = HostedFx(host)(fx)
        assert isinstance(found, LeftAlone) and found.kind is LeftAloneKind.HOST_DIFFERS  # it was loaded
        shutil.rmtree(bundle)
        for gone in (fx, as_hosted(desk, ident="Gone.vst3")):
            found = HostedFx(host)(gone)
            assert isinstance(found, LeftAlone) and found.kind is LeftAloneKind.NOT_INSTALLED


def test_what_is_not_heard_voids_nothing(desk, hosted: HostedFx) -> None:
    quiet = [as_hosted(desk, type="JS", **state) for state in ({"enabled": False}, {"offline": True}, {"wet": 0.0})]
    mapping = map_chain(CHAIN, [desk.rea_eq(), desk.rea_comp(), *quiet], hosted)
    assert mapping.unrendered == ()


def test_a_moving_setting_of_a_second_equaliser_is_not_rendered_as_if_it_stood_still(desk) -> None:
    second = changed(desk.rea_eq(((2, 0, True, 400.0, 6.0, 1.4),), index=5, name="mine"), "Gain-Band 1", automated=True)
    mapping = map_chain(CHAIN, [desk.rea_eq(), desk.rea_comp(), second])
    assert kinds(mapping, "mine") == [LeftAloneKind.DUPLICATE, LeftAloneKind.AUTOMATED]
    assert mapping.unrendered == ("mine",)


# ---------------------------------------------------------------- what else changes the sound of a stock FX


@pytest.mark.parametrize(
    ("name", "value", "requirement"),
    [
        ("SignIn", (0.001, "Auxiliary Input L+R"), Requirement.DETECTOR_INPUT),
        ("Filter Preview", (1.0, "On"), Requirement.FILTER_PREVIEW),
        ("Legacy Attack/Knee Options", (0.5, "attack"), Requirement.LEGACY_OPTIONS),
        ("Deprecated Broken Anti-Alias", (1.0, "On"), Requirement.OUTPUT_LIMIT),
        ("Multichannel Mode", (0.5, "linked"), Requirement.MULTICHANNEL),
    ],
)
def test_a_setting_that_changes_the_sound_makes_the_compressor_unusable(desk, name, value, requirement) -> None:
    mapping = map_chain(CHAIN, [desk.rea_eq(), desk.rea_comp(beside={name: value})])
    unmet = reason(mapping, COMP)
    assert (unmet.kind, unmet.requirement, unmet.text) == (LeftAloneKind.UNMET_REQUIREMENT, requirement, value[1])
    assert mapping.unrendered == (COMP,)
    assert not mapping.free[mapping.chain.index("compressor.ratio")]


def test_what_does_not_change_the_sound_holds_nothing_up(desk) -> None:
    beside = {"AudIn": (0.4, "2"), "resvd": (0.5, ""), "Metering Index": (0.9, "")}
    assert map_chain(CHAIN, [desk.rea_comp(beside=beside)]).unrendered == ()


@pytest.mark.parametrize("name", ["Dry", "Auto make up gain", "Knee", "SignIn"])
def test_a_demand_whose_parameter_is_not_found_is_unmet(desk, name: str) -> None:
    comp = desk.rea_comp()
    bare = msgspec.structs.replace(comp, parameters=tuple(p for p in comp.parameters if p.name != name))
    mapping = map_chain(CHAIN, [desk.rea_eq(), bare])
    assert (reason(mapping, COMP).kind, mapping.unrendered) == (LeftAloneKind.NO_PARAMETER, (COMP,))


def test_a_setting_that_bridge_does_not_know_makes_an_fx_unusable_unless_it_is_at_rest(desk) -> None:
    at_rest, used = (map_chain(CHAIN, [desk.rea_comp(beside={"Warmth": (v, f"{v}")})]) for v in (0.0, 0.4))
    assert at_rest.unrendered == ()
    assert at_rest.free.any()
    unknown = reason(used, COMP)
    assert (unknown.kind, unknown.parameter, unknown.text) == (LeftAloneKind.UNKNOWN_SETTING, "Warmth", "0.4")
    assert used.unrendered == (COMP,)


@pytest.mark.parametrize("mode", list(FxMode))
def test_an_fx_that_reaper_runs_otherwise_is_unusable(desk, mode: FxMode) -> None:
    mapping = map_chain(CHAIN, [desk.rea_eq(modes=(mode,)), desk.rea_comp()])
    unmet = reason(mapping, "VST: ReaEQ (Cockos)")
    assert unmet.requirement == Requirement(mode)
    assert mapping.unrendered == ("VST: ReaEQ (Cockos)",)


# ---------------------------------------------------------------- output gain


def test_without_a_usable_compressor_the_output_gain_is_rea_eqs(desk) -> None:
    eq = desk.rea_eq(master_gain_db=-3.0)
    for chain in ([eq], [eq, desk.rea_comp(auto_gain=1.0)]):
        mapping = map_chain(CHAIN, chain)
        place = mapping.chain.index("output.gain_db")
        assert mapping.free[place]
        assert mapping.conversions[place].binding.parameter.name == "Global Gain"
        assert mapping.chain.controls[place].real_value(float(mapping.current[place])) == pytest.approx(-3.0, abs=0.02)
    both = map_chain(CHAIN, [eq, desk.rea_comp()])
    assert both.conversions[place].binding.parameter.name == "Wet"
    assert [row.what for row in map_chain(CHAIN, [eq]).left_alone] == ["compressor"]
