"""What changes the sound of an FX beside its own parameters: pins, delta, auto make-up; and what moves parameters."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.decibels import amplitude_to_db
from bridge.standin import StandIn
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.modulation import Modulation
from bridge.standin.project.track import ReaperTrack
from bridge.types import Audio

Run = Callable[[str], list[str]]


@pytest.fixture
def track(reaper: StandIn) -> ReaperTrack:
    return reaper.project.tracks[0]


@pytest.fixture
def comp(track: ReaperTrack) -> StandInFx:
    comp = track.fx[0]
    comp.set_real_value("Thresh", -30.0)  # type: ignore[attr-defined]
    return comp


def level_db(audio: Audio) -> float:
    return float(amplitude_to_db(np.sqrt((audio**2).mean())))


def test_pins_say_what_an_fx_gets_and_where_it_goes(track: ReaperTrack, comp: StandInFx, run: Run) -> None:
    dry, wet = track.pre_fx(0.0, 24000), track.render()
    assert dry is not None
    said = run("""
        say(reaper.TrackFX_GetIOSize(track, 0))
        say(reaper.TrackFX_GetPinMappings(track, 0, 0, 1))
        reaper.TrackFX_SetPinMappings(track, 0, 0, 1, 1, 0)  -- both inputs get the left channel
        reaper.TrackFX_SetPinMappings(track, 0, 1, 0, 0, 0)  -- the left output goes nowhere
        say(reaper.TrackFX_GetPinMappings(track, 0, 0, 1))
    """)
    assert said == ["0 2 2", "2 0", "1 0"]
    assert not comp.pins.is_in_order
    moved = track.render()
    assert np.array_equal(moved[0], dry[0]), "nothing is written to the left channel"
    assert np.allclose(moved[1], wet[0], atol=1e-6)


def test_delta_is_the_difference_alone(track: ReaperTrack, comp: StandInFx) -> None:
    dry, wet = track.pre_fx(0.0, 24000), track.render()
    comp.write(comp.find(":delta"), 1.0)
    assert np.allclose(track.render(), wet - dry, atol=1e-6)


def test_auto_make_up_is_heard(track: ReaperTrack, comp: StandInFx) -> None:
    before_db = level_db(track.render())
    comp.write(comp.index("Auto Make Up Gain"), 1.0)
    assert 3.0 < level_db(track.render()) - before_db < 20.0
    comp.set_real_value("Thresh", 0.0)  # type: ignore[attr-defined]
    plain = track.render()
    comp.write(comp.index("Auto Make Up Gain"), 0.0)
    assert np.array_equal(plain, track.render()), "nothing is taken away, so nothing is made up"


def test_a_linked_parameter_follows_and_takes_no_value(
    reaper: StandIn, track: ReaperTrack, comp: StandInFx, run: Run
) -> None:
    equaliser = track.add_fx("ReaEQ", low_cut="off")
    name = next(p.name for p in equaliser.parameters if p.name.startswith("Gain-Band"))
    gain, source = equaliser.index(name), comp.index("Thresh")
    link = Modulation("plink", baseline=0.2, strength=0.5, source=comp, source_parameter=source)
    equaliser.modulate(name, link)
    comp.write(source, 0.6)
    reaper.tick()
    assert equaliser.read_normalized(gain) == pytest.approx(0.5)
    equaliser.write(gain, 0.9)
    assert equaliser.read_normalized(gain) == pytest.approx(0.5)
    keys = ("mod.active", "lfo.active", "plink.active", "plink.effect", "plink.param")
    said = run("".join(f"say(reaper.TrackFX_GetNamedConfigParm(track, 1, 'param.{gain}.{key}'))\n" for key in keys))
    assert said == ["true 1", "true 0", "true 1", "true 0", f"true {source}"]
    assert run(f"say(reaper.TrackFX_GetNamedConfigParm(track, 1, 'param.{gain + 1}.mod.active'))")[-1] == "true 0"


def test_an_lfo_moves_a_parameter_about_what_is_written(reaper: StandIn, comp: StandInFx) -> None:
    comp.modulate("Thresh", Modulation("lfo", baseline=0.5, strength=0.1, period_ticks=20.0))
    comp.write(comp.index("Thresh"), 0.7)
    count, seen = reaper.project.change_count, []
    for _ in range(20):
        reaper.tick()
        seen.append(comp.read_normalized(comp.index("Thresh")))
    assert min(seen) == pytest.approx(0.6, abs=0.01)
    assert max(seen) == pytest.approx(0.8, abs=0.01)
    assert reaper.project.change_count == count, "nobody has edited anything"


@pytest.mark.parametrize(("mode", "override", "is_recorded"), [
    (0, -1, False), (1, -1, False), (2, -1, True), (3, -1, True), (4, -1, True), (4, 0, False), (0, 4, True),
    (4, 5, False),
])  # fmt: skip
def test_touch_latch_and_write_record_what_is_set(
    reaper: StandIn, track: ReaperTrack, run: Run, mode: int, override: int, is_recorded: bool
) -> None:
    track.automation_mode, reaper.automation_override = mode, override
    reaper.project.cursor_s = 0.25
    run("reaper.TrackFX_SetParamNormalized(track, 0, 0, 0.75)")
    assert [e.parameter for e in track.envelopes] == ([0] if is_recorded else [])
    if is_recorded:
        assert track.envelopes[0].effective_at(0.25) == pytest.approx(0.75)
