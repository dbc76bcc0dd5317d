"""Chains as data and as TOML: what is read is what was written, and what is wrong is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pedalboard
import pytest

from bridge.errors import ChainError, PluginMissing
from bridge.plugins.chain.builtin import EFFECTS
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain import Chain, Fingerprint, chain_from_dict, chain_to_dict
from bridge.plugins.chain.chain_file import load_chain, parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput

PEAK = """
name = "one"
[[slot]]
name = "peak"
plugin = "builtin:PeakFilter"
[slot.fixed]
q = 0.9
[slot.control.gain_db]
range = [-12.0, 12.0]
neutral = 0.0
role = "output_gain"
[slot.control.cutoff_frequency_hz]
range = [100.0, 1600.0]
scale = "log"
"""


def test_the_shipped_channel_strip(channel_strip: Chain) -> None:
    labels = [control.label for control in channel_strip.controls]
    assert labels[:2] == ["low_cut.cutoff_frequency_hz", "low_shelf.cutoff_frequency_hz"]
    assert [c.label for c in channel_strip.controls if c.role == "output_gain"] == ["output.gain_db"]
    assert channel_strip.neutral.dtype == np.float32
    assert ((channel_strip.neutral >= 0) & (channel_strip.neutral <= 1)).all()
    assert channel_strip.index("compressor.ratio") == labels.index("compressor.ratio")


def test_neutral_settings_change_next_to_nothing(
    host: PluginHost, channel_strip: Chain, noise: Callable[..., np.ndarray]
) -> None:
    audio = noise(2)
    (rendered,) = host.render(channel_strip, [RenderInput(audio, 48_000, channel_strip.neutral)])
    assert np.sqrt(np.mean((rendered - audio) ** 2)) < 0.1 * np.sqrt(np.mean(audio**2))


def test_ranges_scales_and_neutral_values() -> None:
    chain = parse_chain(PEAK, source="test")
    gain, cutoff = chain.controls
    assert gain.neutral == pytest.approx(0.5)
    assert gain.real_value(1.0) == pytest.approx(12.0)
    assert cutoff.real_value(0.5) == pytest.approx(400.0)
    assert cutoff.neutral == pytest.approx(0.5)  # no value of a cutoff alone takes the filter away
    assert chain.slots[0].fixed == {"q": 0.9}


def test_a_chain_survives_json(channel_strip: Chain) -> None:
    plain = json.loads(json.dumps(chain_to_dict(channel_strip)))
    again = chain_from_dict(plain)
    assert again == channel_strip
    assert again.key == channel_strip.key


def test_the_key_changes_with_the_sound_alone() -> None:
    chain = parse_chain(PEAK, source="test")
    renamed = parse_chain(PEAK.replace('"one"', '"another"'), source="test")
    changed = parse_chain(PEAK.replace("0.9", "0.91"), source="test")
    assert chain.key == renamed.key != changed.key


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("builtin:PeakFilter", "builtin:PeekFilter", "Did you mean PeakFilter"),
        ("builtin:PeakFilter", "vts3:Thing", "write builtin:NAME or vst3:NAME"),
        ("slot.control.gain_db", "slot.control.gian_db", "Did you mean gain_db"),
        ("q = 0.9", "k = 0.9", r"Known: .*gain_db"),
        ("q = 0.9", "q = 0.0", r"is set to 0; the plugin takes 0.01 to 100"),
        ("q = 0.9", 'q = "wide"', "'wide'"),
        ("q = 0.9", "gain_db = 1.0", "both fixes and controls 'gain_db'"),
        ("[-12.0, 12.0]", "[12.0, -12.0]", "must be larger"),
        ("[-12.0, 12.0]", "[-12.0, 900.0]", "900"),
        ("[-12.0, 12.0]", "[-12.0]", "range"),
        ("[100.0, 1600.0]", "[0.0, 1600.0]", "logarithmic"),
        ("neutral = 0.0", "neutral = 13.0", "neutral"),
        ("neutral = 0.0", "nuetral = 0.0", "Did you mean neutral"),
        ('role = "output_gain"', 'role = "loud"', "loud"),
        ('scale = "log"', 'scale = "cubic"', "cubic"),
        ('name = "one"', "name = 1", "name"),
        ('name = "one"', 'name = "one', "not valid TOML"),
        ('name = "one"', f"name = {5000 * '['}", "not valid TOML"),
        ('name = "one"', 'name = "one"\ncolour = "red"', "colour"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "my chain ü.toml"
    assert old in PEAK
    file.write_text(PEAK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ChainError, match=message) as raised:
        load_chain(file)
    assert "my chain ü" in str(raised.value) or "peak." in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_slots_of_one_name() -> None:
    with pytest.raises(ChainError, match="two slots named 'peak'"):
        parse_chain(PEAK + PEAK.replace('name = "one"', ""), source="test")


@pytest.mark.parametrize("content", [b"", b"name = 'x'\n", b"slot = []\n", b"\xff\xfe"])
def test_files_that_are_no_chain(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "chain.toml"
    file.write_bytes(content)
    with pytest.raises(ChainError, match=r"chain\.toml"):
        load_chain(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="cannot be read"):
        load_chain(tmp_path / "none.toml")


@pytest.mark.parametrize("damage", [{"slots": []}, {"slots": 3}, {"colour": 1}])
def test_a_damaged_embedded_chain(channel_strip: Chain, damage: dict[str, object]) -> None:
    with pytest.raises(ChainError, match=r"model\.json"):
        chain_from_dict(chain_to_dict(channel_strip) | damage, source="model.json")


def test_every_built_in_effect_is_what_the_table_says(host: PluginHost, noise: Callable[..., np.ndarray]) -> None:
    """Each parameter exists and takes both ends of what the table lets through, at the lowest rate too."""
    for name, parameters in EFFECTS.items():
        if not hasattr(pedalboard, name):
            continue  # of a newer pedalboard
        controls = "".join(f"[slot.control.{parameter}]\n" for parameter in parameters)
        chain = parse_chain(f'[[slot]]\nplugin = "builtin:{name}"\n{controls}', source=name)
        count = len(chain.controls)
        settings = [np.full(count, value, np.float32) for value in (-50.0, 0.0, 0.5, 1.0, 50.0)]
        renders = [RenderInput(noise(2, seconds=0.3), 22_050, values) for values in [*settings, chain.neutral]]
        for rendered in host.render(chain, renders):
            assert rendered.shape == renders[0].audio.shape, name


def test_switches_are_set_by_name(host: PluginHost, noise: Callable[..., np.ndarray]) -> None:
    text = '[[slot]]\nplugin = "builtin:LadderFilter"\n[slot.fixed]\nmode = "HPF24"\ncutoff_hz = 2000\n'
    chain = parse_chain(text, source="test")
    audio = noise()
    (rendered,) = host.render(chain, [RenderInput(audio, 48_000, chain.neutral)])
    wanted = pedalboard.LadderFilter(pedalboard.LadderFilter.Mode.HPF24, cutoff_hz=2000).process(audio, 48_000)
    np.testing.assert_array_equal(rendered, wanted)
    with pytest.raises(ChainError, match="HPF24"):
        parse_chain(text.replace("HPF24", "HPF25"), source="test")


class TestVst3:
    TEXT = """
    [[slot]]
    plugin = "vst3:ZamCompX2"
    [slot.fixed]
    Makeup = 6.0
    Sidechain = false
    [slot.control.Threshold]
    range = [-60.0, -10.0]
    neutral = -10.0
    [slot.control.Ratio]
    [slot.control."Stereo Detection"]
    """

    def test_ranges_are_in_displayed_units(self, host: PluginHost, zam: Catalog) -> None:
        chain = parse_chain(self.TEXT, source="test", calibrate=host.calibrate)
        threshold, ratio, detection = chain.controls
        assert threshold.text(threshold.low) == "-60.0 dB"
        assert threshold.text(threshold.high) == threshold.text(threshold.neutral) == "-10.0 dB"
        assert ratio.text(ratio.neutral) == "4"
        assert len(detection.choices) == 2
        assert chain.slots[0].fixed == {"Makeup": pytest.approx(0.2), "Sidechain": 0.0}
        assert isinstance(chain.slots[0].fingerprint, Fingerprint)
        assert chain_from_dict(json.loads(json.dumps(chain_to_dict(chain)))) == chain

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("slot.control.Threshold", "slot.control.Treshold", "Did you mean Threshold"),
            ("[-60.0, -10.0]", "[-600.0, -10.0]", "takes -80 to 0"),
            ("neutral = -10.0", "neutral = -3.0", "neutral"),
            ("slot.control.Ratio", 'slot.control."Output Level"', "cannot be a control"),
            ("slot.control.Ratio", 'slot.control."Current Program"', "cannot be a control"),
            ("Makeup = 6.0", "Makeup = 99.0", "takes 0 to 30"),
            ("Sidechain = false", 'Sidechain = "on"', "'on'"),
        ],
    )
    def test_what_is_wrong_is_named(self, host: PluginHost, zam: Catalog, old: str, new: str, message: str) -> None:
        assert old in self.TEXT
        with pytest.raises(ChainError, match=message):
            parse_chain(self.TEXT.replace(old, new, 1), source="test", calibrate=host.calibrate)

    def test_a_missing_plugin(self, host: PluginHost, zam: Catalog) -> None:
        with pytest.raises(PluginMissing, match=r"'ZamCompX3'.*Did you mean ZamCompX2"):
            parse_chain(self.TEXT.replace("ZamCompX2", "ZamCompX3"), source="test", calibrate=host.calibrate)

    def test_without_a_calibration_it_says_so(self) -> None:
        with pytest.raises(ChainError, match="calibrated"):
            parse_chain(self.TEXT, source="test")
