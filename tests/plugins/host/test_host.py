"""The host against pedalboard itself: same audio, whatever the batch, the threads and the layout."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pedalboard
import pytest

from bridge.errors import AudioError, ChainError, PluginError, PluginMissing
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.worker.shared_memory import PREFIX
from bridge.types import Float32

RATE_HZ = 48_000


def peak_chain() -> Chain:
    gain = Control(slot="peak", name="gain_db", unit="dB", law=RangeLaw(low=-12, high=12), neutral=0.5)
    slot = Slot(
        name="peak", plugin="builtin:PeakFilter", fixed={"cutoff_frequency_hz": 800.0, "q": 1.2}, controls=(gain,)
    )
    return Chain(name="peak", slots=(slot,))


def by_pedalboard(audio: Float32, gain_db: float) -> Float32:
    return pedalboard.PeakFilter(cutoff_frequency_hz=800.0, gain_db=gain_db, q=1.2).process(audio, RATE_HZ)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_render_is_what_pedalboard_gives(host: PluginHost, noise: Callable[..., Float32], channels: int) -> None:
    audio = noise(channels)
    (rendered,) = host.render(peak_chain(), [RenderInput(audio, RATE_HZ, np.array([0.75]))])
    assert rendered.dtype == np.float32
    np.testing.assert_array_equal(rendered, by_pedalboard(audio, 6.0))


def test_results_come_in_the_order_of_the_renders(host: PluginHost, noise: Callable[..., Float32]) -> None:
    lengths = [0.05, 1.5, 0.1, 0.7, 0.02, 1.1]
    renders = [RenderInput(noise(2, seconds=s, seed=i), RATE_HZ, np.array([i / 6])) for i, s in enumerate(lengths)]
    for index, (render, rendered) in enumerate(zip(renders, host.render(peak_chain(), renders), strict=True)):
        np.testing.assert_array_equal(rendered, by_pedalboard(render.audio, -12 + 24 * np.float32(index / 6)))


def test_state_is_reset_between_renders(host: PluginHost, noise: Callable[..., Float32]) -> None:
    delay = Chain(name="delay", slots=(Slot(name="d", plugin="builtin:Delay", fixed={"delay_seconds": 0.2}),))
    quiet = np.zeros((1, RATE_HZ), dtype=np.float32)
    renders = [RenderInput(audio, RATE_HZ, delay.neutral) for audio in (noise(), quiet) * 4]
    assert all(not rendered.any() for rendered in host.render(delay, renders)[1::2])


def test_the_input_is_left_as_it_is(host: PluginHost, noise: Callable[..., Float32]) -> None:
    audio = noise()
    before = audio.copy()
    (rendered,) = host.render(peak_chain(), [RenderInput(audio, RATE_HZ, np.array([1.0]))])
    rendered += 1.0
    np.testing.assert_array_equal(audio, before)


def test_settings_outside_the_range_are_taken_as_far_as_the_effect_goes(
    host: PluginHost, channel_strip: Chain, noise: Callable[..., Float32]
) -> None:
    audio = noise(2)
    (rendered,) = host.render(peak_chain(), [RenderInput(audio, RATE_HZ, np.array([1.5]))])
    np.testing.assert_array_equal(rendered, by_pedalboard(audio, 24.0))
    wild = np.full(len(channel_strip.controls), 40.0, dtype=np.float32)
    (clamped,) = host.render(channel_strip, [RenderInput(audio, RATE_HZ, wild)])
    assert np.isfinite(clamped).all()


def test_filters_stay_below_half_the_sample_rate(
    host: PluginHost, channel_strip: Chain, noise: Callable[..., Float32]
) -> None:
    """A shelf at 14 kHz in audio of 22.05 kHz: unchecked, pedalboard's filters return infinity there."""
    settings = np.ones(len(channel_strip.controls), dtype=np.float32)
    (rendered,) = host.render(channel_strip, [RenderInput(noise(2), 22_050, settings)])
    assert np.isfinite(rendered).all()


class TestMovingSettings:
    def test_rows_that_do_not_move_are_one_vector(
        self, host: PluginHost, channel_strip: Chain, noise: Callable[..., Float32]
    ) -> None:
        audio = noise(2, seconds=1.37)
        settings = np.random.default_rng(3).uniform(0.2, 0.8, len(channel_strip.controls)).astype(np.float32)
        rows = np.tile(settings, (200, 1))
        still, moving = host.render(
            channel_strip, [RenderInput(audio, RATE_HZ, settings), RenderInput(audio, RATE_HZ, rows, block_frames=480)]
        )
        np.testing.assert_array_equal(moving, still)

    def test_each_row_holds_for_its_block(self, host: PluginHost) -> None:
        gain = Control(slot="g", name="gain_db", unit="dB", law=RangeLaw(low=-20, high=0))
        chain = Chain(name="gain", slots=(Slot(name="g", plugin="builtin:Gain", controls=(gain,)),))
        audio = np.ones((1, 4000), dtype=np.float32)
        (rendered,) = host.render(chain, [RenderInput(audio, RATE_HZ, np.array([[0.0], [1.0]]), block_frames=1000)])
        assert rendered[0, 900] == pytest.approx(0.1, rel=1e-3)
        assert rendered[0, 3999] == pytest.approx(1.0, rel=1e-3)

    def test_a_gliding_gain_makes_no_clicks(self, host: PluginHost) -> None:
        """A low tone through a peak filter that rises 6 dB: no step is steeper than the louder tone's own."""
        time_s = np.arange(RATE_HZ) / RATE_HZ
        tone = (0.3 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)[np.newaxis]
        rows = np.linspace(0.5, 0.75, 400)[:, np.newaxis]
        (rendered,) = host.render(peak_chain(), [RenderInput(tone, RATE_HZ, rows, block_frames=120)])
        allowed = np.abs(np.diff(by_pedalboard(tone, 6.0)[:, 4800:])).max()
        assert np.abs(np.diff(rendered)).max() <= 1.02 * allowed

    def test_the_last_row_holds_to_the_end_and_spare_rows_are_no_error(
        self, host: PluginHost, noise: Callable[..., Float32]
    ) -> None:
        audio = noise(1, seconds=0.5)
        rows = np.full((2, 1), 0.75)
        few, many = host.render(
            peak_chain(),
            [
                RenderInput(audio, RATE_HZ, rows, block_frames=100),
                RenderInput(audio, RATE_HZ, np.full((9999, 1), 0.75), block_frames=100),
            ],
        )
        np.testing.assert_array_equal(few, by_pedalboard(audio, 6.0))
        np.testing.assert_array_equal(many, few)


@pytest.mark.parametrize("frames", [1, 2, 3, 511])
def test_the_shortest_audio_keeps_its_shape(host: PluginHost, channel_strip: Chain, frames: int) -> None:
    audio = np.full((2, frames), 0.1, dtype=np.float32)
    (rendered,) = host.render(channel_strip, [RenderInput(audio, RATE_HZ, channel_strip.neutral)])
    assert rendered.shape == (2, frames)


def test_long_audio_goes_through_in_stretches_without_seams(host: PluginHost, noise: Callable[..., Float32]) -> None:
    audio = noise(1, seconds=25)
    (rendered,) = host.render(peak_chain(), [RenderInput(audio, RATE_HZ, np.array([0.75]))])
    np.testing.assert_array_equal(rendered, by_pedalboard(audio, 6.0))


def test_several_threads_share_a_host(host: PluginHost, noise: Callable[..., Float32]) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            renders = [RenderInput(noise(seed=number, seconds=0.1), RATE_HZ, np.array([number / 8])) for _ in range(4)]
            wanted = by_pedalboard(renders[0].audio, -12 + 24 * np.float32(number / 8))
            wrong.extend(number for got in host.render(peak_chain(), renders) if not np.array_equal(got, wanted))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_an_empty_batch_is_an_empty_answer(host: PluginHost) -> None:
    assert host.render(peak_chain(), []) == []


def test_one_audio_array_travels_once(host: PluginHost, noise: Callable[..., Float32]) -> None:
    """Of 24 renders of one array there is one shared source; the rest of the room is for results."""
    audio = noise(2, seconds=4)
    jobs = host._jobs(peak_chain(), batch=None, renders=[RenderInput(audio, RATE_HZ, np.array([0.5]))] * 24)  # type: ignore[arg-type]
    assert len({id(job.source) for job in jobs}) == 1


class TestWrongInput:
    @pytest.mark.parametrize(
        ("audio", "message"),
        [
            (np.zeros(100, np.float32), r"shape \(100,\)"),
            (np.zeros((0, 100), np.float32), "empty"),
            (np.zeros((1, 0), np.float32), "empty"),
            (np.zeros((6, 100), np.float32), "6 channels"),
            (np.zeros((48_000, 2), np.float32), "transpose"),
            (np.full((1, 100), np.nan, np.float32), "NaN"),
            (np.zeros((1, 100), np.int16), "int16"),
        ],
    )
    def test_audio(self, host: PluginHost, audio: Float32, message: str) -> None:
        with pytest.raises(AudioError, match=message):
            host.render(peak_chain(), [RenderInput(audio, RATE_HZ, np.array([0.5]))])

    @pytest.mark.parametrize("settings", [np.zeros(3), np.zeros((2, 2)), np.zeros((0, 1)), np.array([np.nan])])
    def test_settings(self, host: PluginHost, noise: Callable[..., Float32], settings: Float32) -> None:
        with pytest.raises(ChainError, match=r"peak|shape"):
            host.render(peak_chain(), [RenderInput(noise(), RATE_HZ, settings)])

    def test_a_missing_plugin(self, host: PluginHost, noise: Callable[..., Float32]) -> None:
        chain = Chain(name="c", slots=(Slot(name="s", plugin="vst3:NoSuchThing"),))
        with pytest.raises(PluginMissing, match=r"NoSuchThing.*BRIDGE_PLUGIN_PATH"):
            host.render(chain, [RenderInput(noise(), RATE_HZ, chain.neutral)])

    def test_an_unknown_scheme(self, host: PluginHost, noise: Callable[..., Float32]) -> None:
        chain = Chain(name="c", slots=(Slot(name="s", plugin="clap:Thing"),))
        with pytest.raises(PluginError, match="clap"):
            host.render(chain, [RenderInput(noise(), RATE_HZ, chain.neutral)])


def test_a_closed_host_says_so(noise: Callable[..., Float32]) -> None:
    host = PluginHost(workers=1)
    host.close()
    host.close()
    with pytest.raises(PluginError, match="closed"):
        host.render(peak_chain(), [RenderInput(noise(), RATE_HZ, np.array([0.5]))])


def test_describe_tells_latency_and_identity(host: PluginHost) -> None:
    chain = Chain(name="c", slots=(Slot(name="s", plugin="builtin:BrickwallLimiter"),))
    (slot,) = host.describe(chain)
    assert slot.latency_samples == 240  # 5 ms of looking ahead
    assert slot.fingerprint.identifier == "builtin:BrickwallLimiter"


def test_latency_is_taken_out(host: PluginHost) -> None:
    chain = Chain(name="c", slots=(Slot(name="s", plugin="builtin:BrickwallLimiter"),) * 1)
    click = np.zeros((1, 2000), dtype=np.float32)
    click[0, 700] = 0.25
    still, moving = host.render(
        chain,
        [
            RenderInput(click, RATE_HZ, chain.neutral),
            RenderInput(click, RATE_HZ, np.zeros((9, 0), np.float32), block_frames=200),
        ],
    )
    assert np.abs(still[0]).argmax() == np.abs(moving[0]).argmax() == 700
    assert still.shape == moving.shape == click.shape


def shared_files() -> set[Path]:
    return {
        path for folder in (Path("/dev/shm"), Path("/tmp")) if folder.is_dir() for path in folder.glob(f"{PREFIX}*")
    }


def test_nothing_is_left_behind(noise: Callable[..., Float32]) -> None:
    psutil = pytest.importorskip("psutil")
    before = shared_files()
    with PluginHost(workers=2) as host:
        host.render(peak_chain(), [RenderInput(noise(seed=i), RATE_HZ, np.array([0.5])) for i in range(8)])
        pids = host.worker_pids
        assert pids
        assert shared_files() - before
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not {path for path in shared_files() - before if f"-{os.getpid()}-" in path.name}


def test_renders_begun_come_one_by_one_in_any_order(
    host: PluginHost, channel_strip: Chain, noise: Callable[..., Float32]
) -> None:
    renders = [RenderInput(noise(seed=index), RATE_HZ, channel_strip.neutral) for index in range(6)]
    expected = host.render(channel_strip, renders)
    batch = host.begin(channel_strip, renders)
    for index in (0, 5, 3, 3, 1, 2, 4):
        np.testing.assert_array_equal(batch.result(index), expected[index])
