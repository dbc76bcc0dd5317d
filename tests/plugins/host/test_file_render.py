"""Files of any length through a chain: exact length, no seams, bounded memory, and nothing left after an error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bridge.audio.files import AudioWriter, probe, read_audio
from bridge.errors import AudioError, PluginCrashed, PluginHung, PluginOutputInvalid
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.host.file_render import STRETCH_FRAMES
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Float32

RATE_HZ = 48_000
ROOT = Path(__file__).resolve().parents[3]
MakeNoise = Callable[..., Float32]


def write(path: Path, audio: Float32) -> Path:
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=audio.shape[0]) as writer:
        writer.write(audio)
    return path


@pytest.mark.parametrize("frames", [1, 100, STRETCH_FRAMES, STRETCH_FRAMES + 1, 3 * STRETCH_FRAMES - 7])
def test_a_file_is_what_one_render_gives(
    host: PluginHost, channel_strip: Chain, tmp_path: Path, noise: MakeNoise, frames: int
) -> None:
    audio = noise(2, seconds=9)[:, :frames]
    settings = np.random.default_rng(5).uniform(0.2, 0.8, len(channel_strip.controls))
    source = write(tmp_path / "in put ü.wav", audio)
    host.render_file(channel_strip, settings, source, tmp_path / "out.wav")
    rendered, rate_hz = read_audio(tmp_path / "out.wav")
    (wanted,) = host.render(channel_strip, [RenderInput(audio, RATE_HZ, settings)])
    assert rate_hz == RATE_HZ
    np.testing.assert_array_equal(rendered, wanted)


def test_latency_and_length_of_real_plugins(host: PluginHost, zam: Catalog, tmp_path: Path, noise: MakeNoise) -> None:
    """A mono plugin, a limiter of 480 samples, built-in effects and a limiter again, on stereo."""
    names = ["vst3:ZamEQ2", "vst3:ZaMaximX2", "builtin:BrickwallLimiter", "vst3:ZaMaximX2"]
    chain = Chain(name="c", slots=tuple(Slot(name=f"s{i}", plugin=name) for i, name in enumerate(names)))
    audio = noise(2, seconds=3.1)
    source = write(tmp_path / "in.wav", audio)
    host.render_file(chain, chain.neutral, source, tmp_path / "out.flac")
    rendered, _ = read_audio(tmp_path / "out.flac")
    (wanted,) = host.render(chain, [RenderInput(audio, RATE_HZ, chain.neutral)])
    assert rendered.shape == audio.shape
    np.testing.assert_allclose(rendered, wanted, atol=2e-6)


def test_settings_move_in_a_file(host: PluginHost, channel_strip: Chain, tmp_path: Path, noise: MakeNoise) -> None:
    audio = noise(1, seconds=4)
    rows = np.random.default_rng(5).uniform(0.3, 0.7, (400, len(channel_strip.controls)))
    host.render_file(channel_strip, rows, write(tmp_path / "in.wav", audio), tmp_path / "out.wav", block_frames=500)
    (wanted,) = host.render(channel_strip, [RenderInput(audio, RATE_HZ, rows, block_frames=500)])
    np.testing.assert_array_equal(read_audio(tmp_path / "out.wav")[0], wanted)


def test_progress_rises_to_one(host: PluginHost, channel_strip: Chain, tmp_path: Path, noise: MakeNoise) -> None:
    seen: list[float] = []
    source = write(tmp_path / "in.wav", noise(1, seconds=12))
    host.render_file(channel_strip, channel_strip.neutral, source, tmp_path / "out.wav", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) >= 4


@pytest.mark.parametrize(
    ("fault", "error"), [("Crash", PluginCrashed), ("Hang", PluginHung), ("NaN", PluginOutputInvalid)]
)
def test_a_fault_leaves_nothing_at_the_target(
    fault_host: Callable[..., PluginHost],
    faults: ModuleType,
    tmp_path: Path,
    noise: MakeNoise,
    fault: str,
    error: type[Exception],
) -> None:
    """The third row triggers the fault, in the middle of the file; what was there before stays."""
    host = fault_host(workers=1, render_limit_s=1.0)
    source = write(tmp_path / "in.wav", noise(1, seconds=9))
    (tmp_path / "out.wav").write_text("mine")
    rows = np.array([[0.0], [0.0], [1.0]])
    with pytest.raises(error, match=f"fault:{fault}"):
        host.render_file(faults.fault_chain(fault), rows, source, tmp_path / "out.wav", block_frames=100_000)
    assert (tmp_path / "out.wav").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "out.wav"]


def test_a_worker_that_dies_once_is_replaced(
    fault_host: Callable[..., PluginHost],
    faults: ModuleType,
    tmp_path: Path,
    noise: MakeNoise,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(faults.MARKER, str(tmp_path / "crashed"))
    audio = noise(1, seconds=5)
    source = write(tmp_path / "in.wav", audio)
    fault_host(workers=1).render_file(faults.fault_chain("CrashOnce"), [1.0], source, tmp_path / "out.wav")
    np.testing.assert_array_equal(read_audio(tmp_path / "out.wav")[0], audio)
    assert (tmp_path / "crashed").exists()


def test_files_that_cannot_be_used(host: PluginHost, channel_strip: Chain, tmp_path: Path, noise: MakeNoise) -> None:
    source = write(tmp_path / "in.wav", noise())
    for wrong, target, message in (
        (tmp_path / "none.wav", tmp_path / "out.wav", "does not exist"),
        (source, tmp_path / "no folder" / "out.wav", "cannot be written"),
        (source, tmp_path / "out.mp4", r"\.wav, \.flac"),
    ):
        with pytest.raises(AudioError, match=message):
            host.render_file(channel_strip, channel_strip.neutral, wrong, target)
    host.render_file(channel_strip, channel_strip.neutral, source, tmp_path / "out.wav")
    assert probe(tmp_path / "out.wav").frames == probe(source).frames


PROGRAM = """
import resource, sys
from pathlib import Path
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost
source, target, chain = map(Path, sys.argv[1:])
with PluginHost(workers=1) as host:
    loaded = load_chain(chain)
    host.render_file(loaded, loaded.neutral, source, target)
    target.unlink()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path: Path, noise: MakeNoise) -> None:
    """Ten minutes against half of one: the peak of the program and of its worker, in fresh processes."""
    peaks = []
    minute = noise(2, seconds=30)
    for count in (1, 20):
        source = tmp_path / f"{count}.flac"
        with AudioWriter(source, sample_rate_hz=RATE_HZ, channels=2) as writer:
            for _ in range(count):
                writer.write(minute)
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            source,
            tmp_path / "out.wav",
            ROOT / "models/chains/channel-strip.toml",
        ]
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
        )
        peaks.append([int(number) for number in done.stdout.split()])
    for short, long in zip(*peaks, strict=True):
        assert long <= 1.2 * short
