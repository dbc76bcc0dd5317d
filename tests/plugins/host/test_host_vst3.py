"""Real VST3 plugins through the host: mono and stereo, latency, lengths, read-back, history, NaN, versions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PluginError, PluginHung
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain import Chain, Fingerprint, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Float32

RATE_HZ = 48_000
MakeNoise = Callable[..., Float32]
Alone = Callable[[str, Float32, dict[str, float]], Float32]
PLUGINS = ["ZamCompX2", "ZaMaximX2", "ZamEQ2", "ZamGEQ31", "ZamTube", "ZaMultiCompX2", "ZamGateX2", "ZamDynamicEQ"]


@pytest.fixture(scope="module")
def zam_host(zam: Catalog) -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=zam) as opened:
        yield opened


@pytest.fixture(scope="module")
def next_host(next_release: Catalog) -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=next_release) as opened:
        yield opened


def vst3_chain(*plugins: str, controls: dict[str, float] | None = None, fixed: dict[str, float] | None = None) -> Chain:
    """Slots in order; `controls` (of the last slot) by name, with their neutral values."""
    slots = []
    for index, plugin in enumerate(plugins):
        is_last = index == len(plugins) - 1
        held = tuple(
            Control(slot=f"s{index}", name=name, unit="", law=RangeLaw(low=0, high=1), neutral=neutral)
            for name, neutral in (controls or {}).items()
        )
        slots.append(
            Slot(
                name=f"s{index}",
                plugin=f"vst3:{plugin}",
                controls=held if is_last else (),
                fixed=(fixed or {}) if is_last else {},
            )
        )
    return Chain(name="real", slots=tuple(slots))


ALONE = """
import sys, json
import numpy as np, pedalboard
bundle, given, made, values = sys.argv[1:]
loaded = pedalboard.VST3Plugin(bundle)
for parameter in loaded._parameters:
    if parameter.name in json.loads(values):
        parameter.raw_value = json.loads(values)[parameter.name]
audio = np.load(given)
loaded.process(np.zeros((len(audio), 512), np.float32), 48_000)
np.save(made, loaded.process(audio, 48_000, reset=True))
"""


@pytest.fixture
def alone(zam: Catalog, tmp_path: Path) -> Callable[[str, Float32, dict[str, float]], Float32]:
    """The plugin as pedalboard runs it, without the host, on audio of the layout that it takes.

    In a process of its own all the same: some plugins switch off small numbers in the process that loads them.
    """

    def process(plugin: str, audio: Float32, values: dict[str, float]) -> Float32:
        given, made = tmp_path / "given.npy", tmp_path / "made.npy"
        np.save(given, audio)
        bundle = zam.find(plugin)
        command = [sys.executable, "-c", ALONE, bundle, given, made, json.dumps(values)]
        subprocess.run(command, check=True, capture_output=True)
        return np.load(made)

    return process


START_STATE_DIFFERS = {"ZamTube": 2e-3}
"""Plugins of which two instances do not always begin alike: seen twice in many runs, offsets of 0.0011 and 0.0009."""


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_plugin_takes_mono_and_stereo(zam_host: PluginHost, noise: MakeNoise, plugin: str, channels: int) -> None:
    """Same length, same channels, the same bits twice, in whichever worker."""
    audio = noise(channels, seconds=0.7)
    chain = vst3_chain(plugin)
    one, two = zam_host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)] * 2)
    assert one.shape == audio.shape
    assert one.any()
    np.testing.assert_allclose(one, two, rtol=0, atol=START_STATE_DIFFERS.get(plugin, 0.0))


@pytest.mark.parametrize(("plugin", "parameter"), [("ZamTube", "Input level"), ("ZamCompX2", "Threshold")])
def test_a_setting_moved_back_to_the_plugins_default_is_heard(
    zam_host: PluginHost, noise: MakeNoise, plugin: str, parameter: str
) -> None:
    """A reset between setting and processing loses just that: the value before went on sounding."""
    default = next(p.default for p in zam_host.calibrate(f"vst3:{plugin}").parameters if p.name == parameter)
    chain = vst3_chain(plugin, controls={parameter: default})
    audio = noise(1)
    first, moved, back = zam_host.render(
        chain, [RenderInput(audio, RATE_HZ, np.array([value], np.float32)) for value in (default, 0.7, default)]
    )
    assert np.abs(moved - first).max() > 0.05
    np.testing.assert_allclose(back, first, rtol=0, atol=START_STATE_DIFFERS.get(plugin, 0.0))


def test_a_mono_plugin_gets_one_instance_for_each_channel(alone: Alone, zam_host: PluginHost, noise: MakeNoise) -> None:
    """Two sides of one instance would share their state; each side must be what it is alone."""
    audio = noise(2)
    audio[1] *= 3
    settings = {"Threshold": 0.5, "Ratio": 0.6}
    chain = vst3_chain("ZamComp", controls=settings)
    (rendered,) = zam_host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)])
    for channel in (0, 1):
        wanted = alone("ZamComp", audio[channel : channel + 1], settings)
        np.testing.assert_array_equal(rendered[channel], wanted[0])


def test_a_stereo_plugin_takes_mono(alone: Alone, zam_host: PluginHost, noise: MakeNoise) -> None:
    audio = noise(1)
    settings = {"Threshold": 0.5, "Ratio": 0.6}
    chain = vst3_chain("ZamCompX2", controls=settings)
    (rendered,) = zam_host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)])
    wanted = alone("ZamCompX2", np.repeat(audio, 2, axis=0), settings)
    np.testing.assert_allclose(rendered[0], wanted.mean(axis=0), atol=1e-7)


def test_latency_is_taken_out_slot_by_slot(zam_host: PluginHost) -> None:
    """Two limiters of 480 samples each around a click that neither touches."""
    chain = vst3_chain("ZaMaximX2", "ZaMaximX2")
    assert [slot.latency_samples for slot in zam_host.describe(chain)] == [480, 480]
    click = np.zeros((2, 9_000), dtype=np.float32)
    click[:, 4_000] = 0.25
    still, moving = zam_host.render(
        chain,
        [
            RenderInput(click, RATE_HZ, chain.neutral),
            RenderInput(click, RATE_HZ, np.zeros((10, 0), np.float32), block_frames=700),
        ],
    )
    assert still.shape == moving.shape == click.shape
    assert np.abs(still[0]).argmax() == np.abs(moving[0]).argmax() == 4_000


@pytest.mark.parametrize("plugin", ["ZamCompX2", "ZaMaximX2", "ZaMultiCompX2"])
def test_blocks_leave_no_seams(zam_host: PluginHost, noise: MakeNoise, plugin: str) -> None:
    """The same settings in every row give what one vector gives."""
    control = {"ZaMultiCompX2": "Makeup 2"}.get(plugin, "Release")
    chain = vst3_chain(plugin, controls={control: 0.4})
    audio = noise(2, seconds=1.1)
    still, moving = zam_host.render(
        chain,
        [RenderInput(audio, RATE_HZ, chain.neutral), RenderInput(audio, RATE_HZ, np.tile(chain.neutral, (150, 1)))],
    )
    np.testing.assert_allclose(moving, still, atol=1e-6)


def test_moving_settings_arrive_in_their_block(zam_host: PluginHost, noise: MakeNoise) -> None:
    chain = vst3_chain("ZamCompX2", controls={"Makeup": 0.0})
    audio = noise(2)
    rows = np.array([[0.0], [0.0], [1.0]])
    (rendered,) = zam_host.render(chain, [RenderInput(audio, RATE_HZ, rows, block_frames=8_000)])
    level = np.sqrt((rendered**2).mean(axis=0).reshape(-1, 4_000).mean(axis=1) / 0.01)
    assert level[:4] == pytest.approx(1.0, abs=0.1)
    assert (level[5:] > 20).all()  # 30 dB, apart from gliding


def test_no_render_depends_on_those_before(zam_host: PluginHost, noise: MakeNoise) -> None:
    """Settings are set, flushed and read back: A after B is A."""
    chain = vst3_chain("ZamCompX2", controls={"Threshold": 1.0, "Ratio": 0.2, "Makeup": 0.0, "Release": 0.3})
    audio = noise(2)
    a = np.array([0.4, 0.9, 0.2, 0.1])
    b = np.array([0.9, 0.1, 0.8, 0.9])
    first, _, again, _, third = zam_host.render(chain, [RenderInput(audio, RATE_HZ, s) for s in (a, b, a, b, a)])
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, third)


def test_a_setting_that_does_not_stay_is_an_error(zam_host: PluginHost, noise: MakeNoise) -> None:
    """ZaMaximX2 has one program, and goes back to it without a word."""
    chain = vst3_chain("ZaMaximX2", controls={"Current Program": 0.0})
    with pytest.raises(PluginError, match=r"vst3:ZaMaximX2 ignored Current Program = 0\.9"):
        zam_host.render(chain, [RenderInput(noise(2), RATE_HZ, np.array([0.9]))])


def test_a_parameter_that_is_gone(zam_host: PluginHost, noise: MakeNoise) -> None:
    chain = vst3_chain("ZamCompX2", controls={"Warmth": 0.5})
    with pytest.raises(PluginError, match=r"no parameter 'Warmth'.*calibrate"):
        zam_host.render(chain, [RenderInput(noise(2), RATE_HZ, np.array([0.9]))])


def test_fixed_settings_hold(alone: Alone, zam_host: PluginHost, noise: MakeNoise) -> None:
    audio = noise(2)
    chain = vst3_chain("ZamCompX2", fixed={"Makeup": 0.5})
    (rendered,) = zam_host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)])
    np.testing.assert_array_equal(rendered, alone("ZamCompX2", audio, {"Makeup": 0.5}))


def test_another_version_of_a_plugin_is_refused(zam_host: PluginHost, noise: MakeNoise) -> None:
    (found,) = zam_host.describe(vst3_chain("ZamCompX2"))
    right = found.fingerprint
    older = Fingerprint(identifier=right.identifier, version="3.9.0", parameters=right.parameters)
    for fingerprint, is_fine in ((right, True), (older, False)):
        slot = Slot(name="s", plugin="vst3:ZamCompX2", fingerprint=fingerprint)
        chain = Chain(name="c", slots=(slot,))
        if is_fine:
            zam_host.render(chain, [RenderInput(noise(2), RATE_HZ, chain.neutral)])
        else:
            with pytest.raises(PluginError, match=r"version .* instead of 3\.9\.0"):
                zam_host.render(chain, [RenderInput(noise(2), RATE_HZ, chain.neutral)])


def test_a_plugin_that_takes_too_long_to_load(zam: Catalog, noise: MakeNoise) -> None:
    """ZamVerb takes most of a minute here."""
    chain = vst3_chain("ZamVerb")
    with PluginHost(workers=1, load_limit_s=5.0, catalog=zam) as host:
        began_s = time.monotonic()
        with pytest.raises(PluginHung, match=r"vst3:ZamVerb did not load within 5 s"):
            host.render(chain, [RenderInput(noise(2), RATE_HZ, chain.neutral)])
        assert time.monotonic() - began_s < 20
        other = vst3_chain("ZamEQ2")
        host.render(other, [RenderInput(noise(2), RATE_HZ, other.neutral)])


def test_a_file_that_is_no_plugin(
    zam_host: PluginHost, noise: MakeNoise, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bundle = tmp_path_factory.mktemp("plug ins ü") / "Broken.vst3"
    binary = bundle / "Contents" / "x86_64-linux" / "Broken.so"
    binary.parent.mkdir(parents=True)
    binary.write_bytes(b"no library")
    chain = Chain(name="c", slots=(Slot(name="s", plugin=f"vst3:{bundle}"),))
    with pytest.raises(PluginError, match="cannot be loaded"):
        zam_host.render(chain, [RenderInput(noise(2), RATE_HZ, chain.neutral)])


class TestNextRelease:
    """A second version and a second vendor, with hazards that the first do not have."""

    @pytest.mark.parametrize("channels", [1, 2])
    def test_defaults_reach_a_plugin_that_must_be_told_once(
        self, next_host: PluginHost, noise: MakeNoise, channels: int
    ) -> None:
        """ZamEQ2 4.2 returns NaN until its boosts have been moved; at 0 dB it changes nothing."""
        chain, audio = vst3_chain("ZamEQ2"), noise(channels)
        (rendered,) = next_host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)])
        np.testing.assert_allclose(rendered, audio, atol=1e-3)

    def test_parameters_are_taken_afresh_after_every_block(self, next_host: PluginHost, noise: MakeNoise) -> None:
        """Dragonfly rebuilds its list while processing: an object from before crashed the process every time."""
        chain = vst3_chain("DragonflyRoomReverb", controls={"Size": 0.3, "Decay": 0.4, "Dry Level": 0.8})
        generator = np.random.default_rng(0)
        settings = [generator.uniform(size=3) for _ in range(12)]
        still = next_host.render(chain, [RenderInput(noise(2), RATE_HZ, s) for s in settings])
        (moving,) = next_host.render(chain, [RenderInput(noise(2), RATE_HZ, np.stack(settings), block_frames=4_000)])
        assert all(np.isfinite(rendered).all() for rendered in [*still, moving])
