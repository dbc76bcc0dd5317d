"""A small folder of songs and loops, and a renderer of them."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.model.manifest import Manifest, read_manifest
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import find_files, read_recordings

ROOT = Path(__file__).parents[2]
RATE = 44100


def write(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=RATE, channels=audio.shape[0]) as file:
        file.write(audio)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four songs of two stems, four loops, and one silent file. 6 s each."""
    root = tmp_path_factory.mktemp("Aufnahmen für Tests")
    for song in range(4):
        for kind in ("bass", "drums"):
            audio = synthesise(kind, duration_s=6.0, sample_rate_hz=RATE, seed=song)
            write(root / f"song{song:02d}" / f"{kind}.wav", audio)
    for loop in range(4):
        audio = synthesise("strings", duration_s=4.0 + loop, sample_rate_hz=RATE, seed=loop)
        write(root / "loops" / f"loop{loop}.flac", audio)
    write(root / "silence.wav", np.zeros((1, 3 * RATE), np.float32))
    return root


@pytest.fixture(scope="session")
def manifest(chain: Chain) -> Manifest:
    """Of a model that was never trained."""
    shipped = read_manifest(ROOT / "models" / "channel-strip")
    return msgspec.structs.replace(shipped, chain=chain)


@pytest.fixture(scope="session")
def renderer(chain: Chain, host: PluginHost, folder: Path) -> ExampleRenderer:
    return ExampleRenderer(chain, host, read_recordings(find_files([folder])), RATE, clip_s=1.5)
