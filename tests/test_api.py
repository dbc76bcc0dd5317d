"""The public Python API: its names, that they are lazy and documented, and that each does its work on real plugins."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bridge
from bridge import api
from bridge.audio.files import AudioWriter, read_excerpts
from bridge.audio.synthesis import synthesise
from bridge.automix.facts import DecisionKind
from bridge.training.data.scenes import draw_scene
from bridge.training.data.voices import synthesise_speech
from bridge.training.evaluation.nonspeech_metrics import event_results

ROOT = Path(__file__).parents[1]
RATE_HZ = 44100


def test_exported_members() -> None:
    """Whoever adds or removes a public name changes all three lists, and the page."""
    defined = {name for name, value in vars(api).items() if getattr(value, "__module__", "") == api.__name__}
    text = Path(f"{bridge.__file__}i").read_text("utf-8")
    stub = set(re.findall(r"^from bridge\.api import \w+ as (\w+)$", text, re.MULTILINE))
    page = (ROOT / "docs" / "python-api.md").read_text("utf-8")
    assert bridge.__all__ == api.__all__
    assert stub == set(bridge.__all__) >= {name for name in defined if not name.startswith("_")}
    assert not [name for name in bridge.__all__ if f"`{name}`" not in page], "docs/python-api.md leaves some out"
    assert not [name for name in bridge.__all__ if not inspect.getdoc(getattr(bridge, name))]


def test_no_name_hides_a_room() -> None:
    rooms = {path.stem for path in (ROOT / "bridge").iterdir()}
    assert not rooms & set(bridge.__all__)


@pytest.mark.slow
def test_torch_waits_until_a_name_is_used() -> None:
    program = "import sys, bridge; assert 'torch' not in sys.modules; bridge.load_model; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        bridge.automix_everything  # noqa: B018


@pytest.fixture(scope="module")
def model() -> bridge.Model:
    return bridge.load_model("channel-strip")


def sound(kind: str = "strings", *, seed: int = 1) -> np.ndarray:
    return 0.3 * synthesise(kind, duration_s=4.0, sample_rate_hz=RATE_HZ, seed=seed)


def test_an_array_comes_closer_to_its_reference(model: bridge.Model, host: bridge.PluginHost) -> None:
    dark = host.render(model.chain, [bridge.RenderInput(sound(), RATE_HZ, darkened(model))])[0]
    mixed = bridge.automix_audio(dark, RATE_HZ, model=model, host=host, reference=sound())
    assert mixed.result.applied
    before, after = mixed.result.measures_before.distance_db, mixed.result.measures_after.distance_db
    assert before is not None
    assert after is not None
    assert after < 0.7 * before
    assert mixed.audio.dtype == np.float32
    assert mixed.audio.shape == dark.shape
    assert not np.array_equal(mixed.audio, dark)


class SpikingHost:
    """A host whose plugins put a spike above full scale into renders of a whole sound, and of nothing shorter."""

    def __init__(self, host: bridge.PluginHost, frames: int) -> None:
        self._host, self._frames, self.whole_renders = host, frames, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._host, name)

    def render(self, chain: bridge.Chain, renders: list[bridge.RenderInput], **options: object) -> list[np.ndarray]:
        outputs = self._host.render(chain, renders, **options)
        for output in outputs:
            if output.shape[1] == self._frames:
                self.whole_renders += 1
                output[:, self._frames // 2] = 2.0
        return outputs


def test_a_peak_that_only_the_whole_render_shows_is_never_returned(
    model: bridge.Model, host: bridge.PluginHost
) -> None:
    """The guard renders parts; what comes out is the whole: measured, tried once more with headroom, then refused."""
    wanted = np.tile(sound(), 4)  # longer than the pieces in which the guard looks for peaks
    given = host.render(model.chain, [bridge.RenderInput(wanted, RATE_HZ, darkened(model))])[0]
    spiking = SpikingHost(host, given.shape[1])
    done = bridge.automix_audio(given, RATE_HZ, model=model, host=spiking, reference=wanted)
    assert spiking.whole_renders > 0
    assert not done.result.applied
    assert np.array_equal(done.audio, given)


def darkened(model: bridge.Model) -> np.ndarray:
    settings = model.chain.neutral.copy()
    settings[model.chain.index("high_shelf.gain_db")] = 0.1
    return settings


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_arrays_are_rendered_with_curves(host: bridge.PluginHost) -> None:
    generator, model, down_db = np.random.default_rng(3), bridge.load_model("nonspeech"), []
    for voice in synthesise_speech("test", 31, takes=4, sample_rate_hz=RATE_HZ):
        scene = draw_scene(voice.audio[0], RATE_HZ, generator, side="test", duration_s=8.0, eventless=0.0)
        mixed = bridge.automix_audio(scene.audio, RATE_HZ, model=model, host=host)
        assert mixed.result.curves
        assert mixed.audio.shape == scene.audio.shape
        down_db += [event.down_db for event in event_results(scene, mixed.audio)]
    assert np.median(down_db) > 6


def test_music_is_left_to_itself_by_a_model_for_speech(host: bridge.PluginHost) -> None:
    model = bridge.load_model("nonspeech")
    music = sound("drums")
    mixed = bridge.automix_audio(music, RATE_HZ, model=model, host=host)
    assert mixed.result.decision.kind is DecisionKind.NO_SPEECH
    assert np.array_equal(mixed.audio, music)
    assert bridge.describe_decision(mixed.result.decision).startswith("Left as it is")


def test_silence_comes_back_as_it_was(model: bridge.Model, host: bridge.PluginHost) -> None:
    silence = np.zeros((2, RATE_HZ), dtype=np.float32)
    mixed = bridge.automix_audio(silence, RATE_HZ, model=model, host=host)
    assert not mixed.result.applied
    assert np.array_equal(mixed.audio, silence)


def test_arrays_of_another_layout_are_refused(model: bridge.Model, host: bridge.PluginHost) -> None:
    with pytest.raises(bridge.AudioError, match="transpose"):
        bridge.automix_audio(sound().T, RATE_HZ, model=model, host=host)


@pytest.mark.slow
def test_a_file_is_mixed(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "in.wav", sample_rate_hz=RATE_HZ, channels=1) as writer:
        writer.write(sound())
    result = bridge.automix_file(tmp_path / "in.wav", str(tmp_path / "out.wav"), reference=tmp_path / "in.wav")
    assert result.model == "channel-strip"
    assert sum(audio.shape[1] for _, audio in read_excerpts(tmp_path / "out.wav", 10.0, 1)) == 4 * RATE_HZ


def test_a_new_chain_can_be_loaded(tmp_path: Path, host: bridge.PluginHost) -> None:
    file = tmp_path / "two.toml"
    file.write_text(bridge.new_chain(["builtin:PeakFilter", "builtin:Gain"], "two", host=host), encoding="utf-8")
    chain = bridge.load_chain(str(file), host=host)
    assert [slot.plugin for slot in chain.slots] == ["builtin:PeakFilter", "builtin:Gain"]
    assert chain.index("gain.gain_db") == 3


def test_a_chain_is_a_layer_with_gradients(tmp_path: Path, host: bridge.PluginHost) -> None:
    torch = pytest.importorskip("torch")
    (file := tmp_path / "gain.toml").write_text(bridge.new_chain(["builtin:Gain"], "gain", host=host))
    chain = bridge.load_chain(file, host=host)
    layer = bridge.PluginLayer(host, chain, RATE_HZ, estimator=bridge.CentralDifferences())
    positions = torch.full((1, 1), 0.5, requires_grad=True)
    louder = layer(torch.from_numpy(sound()[None]), positions).square().mean()
    louder.backward()
    assert positions.grad is not None
    assert positions.grad.item() > 0
