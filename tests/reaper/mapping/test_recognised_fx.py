"""FX of any maker carry the channel strip: right where their texts tell all that it takes, untouched where not."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from listed_doubles import Outcome, draw_wanted, snapshot_of, try_double
from made_up_lists import ALL, BUS_COMPRESSOR, CONSOLE_EQ, FREE_EQ
from small_model import ROOT

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.recognition.recognise import ParameterList, PluginReading, recognise
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.recognised.channels import has_twins
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAloneKind


@pytest.fixture(scope="module")
def strip() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


def mapped(strip: Chain, *fx: FxSnapshot, **options: object) -> ChainMapping:
    return map_chain(strip, fx, **options)  # type: ignore[arg-type]


def kinds_of(mapping: ChainMapping, fx: FxSnapshot) -> set[LeftAloneKind]:
    return {fact.kind for fact in mapping.left_alone if fact.what == fx.name}


def with_grid(fx: FxSnapshot, name: str, texts: list[str], **fields: object) -> FxSnapshot:
    """`fx` with other texts of one parameter, over its range."""
    grid = tuple((n / (len(texts) - 1), text) for n, text in enumerate(texts))
    return changed(fx, name, grid=grid, **fields)


def changed(fx: FxSnapshot, name: str, **fields: object) -> FxSnapshot:
    parameters = tuple(msgspec.structs.replace(p, **fields) if p.name == name else p for p in fx.parameters)
    assert parameters != fx.parameters, name
    return msgspec.structs.replace(fx, parameters=parameters)


def steady_double(listed, seed: int = 0):  # type: ignore[no-untyped-def]
    """A double that tells its texts, whatever else is drawn."""
    double = listed.double(seed)
    double.formats_values = True
    return double


@pytest.mark.parametrize("listed", ALL, ids=lambda one: one.name)
def test_most_settings_are_right_and_the_rest_is_left_alone(strip: Chain, listed) -> None:  # type: ignore[no-untyped-def]
    trials = [try_double(listed.double(seed), strip, draw_wanted(strip, seed)) for seed in range(12)]
    verdicts = [one.verdict for trial in trials for one in trial.outcomes]
    assert verdicts.count("right") >= 0.75 * len(verdicts), [one for trial in trials for one in trial.outcomes]
    assert not set(verdicts) & {"off", "silent"}
    assert not any(trial.wrong_controls for trial in trials)


def test_switches_and_types_are_written_first(strip: Chain) -> None:
    fx = snapshot_of(steady_double(FREE_EQ, 3))
    mapping = mapped(strip, fx)
    writes = mapping.writes(mapping.realizable(draw_wanted(strip, 3)))
    switches = [write.is_switch for write in writes]
    assert any(switches) and switches == sorted(switches, reverse=True)
    assert {write.fx_guid for write in writes} == {fx.guid}


def test_what_is_computed_is_said_and_rendered_as_the_user_has_it(strip: Chain) -> None:
    fx = snapshot_of(steady_double(CONSOLE_EQ, 1))
    mapping = mapped(strip, fx)
    assert mapping.computed == (fx.name,)
    assert not mapping.unrendered
    assert np.array_equal(mapping.proxy_values(mapping.current), mapping.proxy_values(mapping.current))
    wanted = mapping.realizable(draw_wanted(strip, 1))
    assert not np.array_equal(mapping.proxy_values(wanted), mapping.proxy_values(mapping.current))


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["0.0 dB"] * 49, id="the same text for every value"),
        pytest.param([f"{abs(24 - n)} dB" for n in range(49)], id="a law that turns"),
        pytest.param([f"{n % 7} dB" for n in range(49)], id="a law that jumps"),
        pytest.param(["~~", "~~~"], id="no numbers"),
    ],
)
def test_a_law_that_cannot_be_read_leaves_the_plugin_untouched(strip: Chain, texts: list[str]) -> None:
    fx = with_grid(snapshot_of(steady_double(BUS_COMPRESSOR)), "Threshold", texts, text=texts[0])
    mapping = mapped(strip, fx)
    assert not mapping.carriers
    assert LeftAloneKind.NO_DISPLAY_LAW in kinds_of(mapping, fx)


def test_a_parameter_without_texts_is_none(strip: Chain) -> None:
    fx = with_grid(snapshot_of(steady_double(BUS_COMPRESSOR)), "Threshold", [""] * 49, text="")
    mapping = mapped(strip, fx)
    assert not mapping.carriers
    assert LeftAloneKind.NO_PARAMETER in kinds_of(mapping, fx)


def test_a_plugin_that_tells_only_its_present_texts_is_left_untouched(strip: Chain) -> None:
    double = steady_double(CONSOLE_EQ)
    double.formats_values = False
    fx = snapshot_of(double)
    mapping = mapped(strip, fx)
    assert not mapping.carriers
    assert LeftAloneKind.NO_DISPLAY_LAW in kinds_of(mapping, fx)


def test_a_text_that_belongs_to_another_value_is_not_believed(strip: Chain) -> None:
    """A plugin that shows its present text for every value, or late ones."""
    fx = changed(snapshot_of(steady_double(BUS_COMPRESSOR)), "Threshold", text="-39.5 dB", normalized=0.02)
    assert not mapped(strip, fx).carriers


def test_thousands_of_parameters_and_one_name_for_all_end_in_a_word(strip: Chain) -> None:
    one = snapshot_of(steady_double(BUS_COMPRESSOR)).parameters[0]
    many = tuple(msgspec.structs.replace(one, index=i, ident=f"{i}:x", name="Threshold") for i in range(5000))
    fx = msgspec.structs.replace(snapshot_of(steady_double(BUS_COMPRESSOR)), parameters=many)
    mapping = mapped(strip, fx)
    assert not mapping.carriers
    assert kinds_of(mapping, fx)


def test_a_mix_with_the_dry_signal_is_said(strip: Chain) -> None:
    fx = snapshot_of(steady_double(BUS_COMPRESSOR))
    half = changed(fx, "Mix", normalized=0.5, text="50.0 %")
    mapping = mapped(strip, half)
    assert not mapping.carriers
    assert LeftAloneKind.MIXES_DRY in kinds_of(mapping, half)


def test_what_an_envelope_drives_is_not_set(strip: Chain) -> None:
    fx = changed(snapshot_of(steady_double(BUS_COMPRESSOR)), "Threshold", automated=True)
    mapping = mapped(strip, fx)
    assert not mapping.carriers
    assert LeftAloneKind.AUTOMATED in kinds_of(mapping, fx)


def test_an_uncertain_reading_leaves_the_plugin_untouched_until_the_user_says_so(strip: Chain) -> None:
    fx = snapshot_of(steady_double(BUS_COMPRESSOR))

    def unsure(plugin: ParameterList) -> PluginReading:
        reading = recognise(plugin)
        doubted = (msgspec.structs.replace(p, confidence=0.6) for p in reading.parameters)
        return msgspec.structs.replace(reading, parameters=tuple(doubted))

    mapping = mapped(strip, fx, recognise=unsure)
    assert not mapping.carriers
    assert LeftAloneKind.UNSURE_READING in kinds_of(mapping, fx)
    assert mapped(strip, fx).carriers


def test_the_plugin_that_the_user_prefers_comes_first(strip: Chain) -> None:
    first, second = (snapshot_of(steady_double(one)) for one in (CONSOLE_EQ, FREE_EQ))
    second = msgspec.structs.replace(second, index=1)
    assert mapped(strip, first, second).carriers[0].fx.guid == first.guid
    assert mapped(strip, first, second, preferred=("VST: Free Equaliser",)).carriers[0].fx.guid == second.guid


def test_stock_fx_come_before_others(strip: Chain, desk) -> None:  # type: ignore[no-untyped-def]
    other = msgspec.structs.replace(snapshot_of(steady_double(CONSOLE_EQ)), index=3)
    mapping = mapped(strip, desk.rea_eq(), desk.rea_comp(), other)
    assert not mapping.carriers


def test_only_what_is_understood_of_a_plugin_is_written(strip: Chain) -> None:
    double = steady_double(BUS_COMPRESSOR, 2)
    trial = try_double(double, strip, draw_wanted(strip, 2))
    assert trial.outcomes == (Outcome("compressor", "right", trial.outcomes[0].off_by),)
    assert trial.wrong_controls == ()


def test_a_broken_number_is_no_law(strip: Chain) -> None:
    fx = snapshot_of(steady_double(CONSOLE_EQ))
    parameters = tuple(_broken(p) for p in fx.parameters)
    mapping = mapped(strip, msgspec.structs.replace(fx, parameters=parameters))
    assert not mapping.carriers


def _broken(parameter: ParameterSnapshot) -> ParameterSnapshot:
    return msgspec.structs.replace(parameter, grid=tuple((n, "inf dB") for n, _ in parameter.grid), text="inf dB")


@pytest.mark.parametrize(
    ("names", "is_double"),
    [
        (["Ch1LoFreq", "Ch1LoGain", "Ch2LoFreq", "Ch2LoGain"], True),
        (["LF Freq1", "LF Gai1", "HF Freq1", "LF Freq2", "LF Gai2", "HF Freq2"], True),
        (["L Thresh", "L Ratio", "R Thresh", "R Ratio"], True),
        (["Threshold Left", "Ratio Left", "Threshold Right", "Ratio Right"], True),
        (["Boost/Cut 1", "Frequency 1", "Boost/Cut 2", "Frequency 2", "Boost/Cut L", "Boost/Cut H"], False),
        (["Band 1 Gain", "Band 1 Frequency", "Band 2 Gain", "Band 2 Frequency"], False),
        (["LF Gain", "LMF Gain", "HMF Gain", "HF Gain"], False),
        (["Threshold", "Ratio", "Attack", "Release"], False),
    ],
)
def test_controls_that_are_there_for_each_channel_are_not_set_on_one(names: list[str], is_double: bool) -> None:
    assert has_twins(names) == is_double
