"""The task distortion: pairs given or demonstrated, a training of seconds on a real amplifier plugin, its cases."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from mastering_chain import FETCHED, zam_catalog

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError
from bridge.model.bundle import load_model
from bridge.model.predict import Predictor
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain, parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.alignment import align
from bridge.training.data.amplifier import Amplifier
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.pairs import PairedRecording
from bridge.training.data.recordings import find_files
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.options import TrainOptions
from bridge.training.recipe import load_recipe
from bridge.training.tasks.distortion import DEMONSTRATION_SOURCE, DistortionTask
from bridge.training.tasks.registry import task_of_model
from bridge.training.train import train

ROOT = Path(__file__).parents[3]
RATE = 44100
CHAIN = """
[[slot]]
name = "amplifier"
plugin = "vst3:ZamTube"
[slot.fixed]
"Tone Stack Model" = "VOX AC-15"
[slot.control."Tube Drive"]
[slot.control."Treble"]
[slot.control."Input level"]
[slot.control."Insane Boost"]
[[slot]]
name = "output"
plugin = "builtin:Gain"
[slot.control.gain_db]
range = [-40.0, 20.0]
role = "output_gain"
"""
SMALL = """
[encoder]
width = 16
blocks = 1
embedding = 16
hidden = 32
[examples]
clip_s = 0.8
shard_examples = 4
validation_shards = 1
[examples.search]
generations = 6
population = 10
passages = 2
passage_s = 0.5
polishing = 2
[learning]
batch = 4
rate = 4e-3
average_decay = 0.9
validate_every = 20
"""


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_PLUGIN_PATH", str(FETCHED))


@pytest.fixture(scope="module")
def host(calibrations: Path) -> Iterator[PluginHost]:
    with PluginHost(workers=2, catalog=zam_catalog(calibrations)) as opened:
        yield opened


@pytest.fixture(scope="module")
def amplifier(host: PluginHost) -> Chain:
    return parse_chain(CHAIN, source="test", calibrate=host.calibrate)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Four songs at 48 kHz, dry and through an amplifier that comes late and turned over."""
    root = tmp_path_factory.mktemp("Paare")
    target = Amplifier(delay_samples=900, is_inverted=True)
    for song in range(4):
        dry = 0.3 * synthesise("strings", duration_s=2.5, sample_rate_hz=48000, seed=song)
        for side, audio in (("dry", dry), ("processed", target.play(dry, 48000))):
            path = root / side / f"song{song}.wav"
            path.parent.mkdir(exist_ok=True)
            with AudioWriter(path, sample_rate_hz=48000, channels=1) as file:
                file.write(audio)
    yield root


def test_pairs_are_used_where_there_are_some(pairs: Path) -> None:
    gathered = DistortionTask().load_recordings([pairs], seed=0, takes=0)
    assert [one.name for one in (*gathered.train, *gathered.validation)] == [*gathered_names(gathered)]
    assert {*gathered_names(gathered), *gathered.test} == {f"dry/song{song}.wav" for song in range(4)}
    assert "pairs" in gathered.sources[0] and "formulas" not in gathered.sources[0]
    for one in gathered.train:
        assert isinstance(one, PairedRecording)
        left = align(one.audio, one.processed, one.sample_rate_hz)
        assert abs(left.delay_samples) <= 8 and not left.is_inverted


def test_without_pairs_the_amplifier_in_formulas_makes_them_and_says_so(folder: Path) -> None:
    gathered = DistortionTask().load_recordings([folder], seed=0, takes=0)
    assert DEMONSTRATION_SOURCE in gathered.sources[0]
    assert {Path(one.name).stem for one in gathered.train} == {"bass"}, "what goes into an amplifier"
    for one in gathered.train:
        assert isinstance(one, PairedRecording)
        assert np.abs(one.audio).max() <= 1
        assert one.processed.shape == one.audio.shape


def test_a_lonely_file_stops_the_training_before_it_begins(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "dry").mkdir()
    (tmp_path / "dry" / "alone.wav").write_bytes((pairs / "dry" / "song0.wav").read_bytes())
    with pytest.raises(AudioError, match=r"dry/alone\.wav"):
        DistortionTask().load_recordings([tmp_path], seed=0, takes=0)


def test_passages_of_a_pair_stay_aligned_at_another_rate(pairs: Path, amplifier: Chain, host: PluginHost) -> None:
    gathered = DistortionTask().load_recordings([pairs], seed=0, takes=0)
    renderer = ExampleRenderer(amplifier, host, gathered.train, RATE, clip_s=1.5)
    for example in DistortionTask().draw(renderer, np.random.default_rng(0), 3):
        example = example["amplifier"]
        assert example.input.shape == example.truth.shape == (1, round(1.5 * RATE))
        assert abs(align(example.input, example.truth, RATE).delay_samples) <= 8


def test_a_training_of_seconds_comes_closer_to_the_amplifier(
    pairs: Path, amplifier: Chain, host: PluginHost, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    told: list[str] = []
    options = TrainOptions(
        chain=amplifier,
        data=(pairs,),
        output=tmp_path / "mein Verstärker",
        task="distortion",
        recipe=load_recipe("distortion", tmp_path / "small.toml"),
        steps=40,
        shards=2,
        evaluated_cases=0,
    )
    manifest = train(options, progress=lambda _, text: told.append(text))
    assert manifest is not None and not manifest.use.keeps_loudness
    judged_by = task_of_model(manifest.training)
    with pytest.raises(AudioError, match=r"learned from pairs.*dry/NAME\.wav"):
        judged_by.cases(amplifier, host, find_files([pairs / "dry"]), each=1, seed=0)
    assert any("one setting for all" in text for text in told)
    bundle = load_model(options.output)
    cases = judged_by.cases(amplifier, host, unheard(manifest, pairs), each=2, seed=0)["amplifier"]
    assert {case.name for case in cases} == {"dry/song3.wav"}
    before, after = [], []
    for case in cases:
        assert case.loudness_counts
        predictor = Predictor(bundle)
        settings = predictor.predict(predictor.extract_features([case.given], case.sample_rate_hz), None).normalized
        (made,) = host.render(amplifier, [RenderInput(case.given, case.sample_rate_hz, settings)])
        before.append(EvaluationMetrics(case).main_db(case.given))
        after.append(EvaluationMetrics(case).main_db(made))
    assert np.mean(after) < 0.6 * np.mean(before)


def test_the_shipped_chain_holds_the_shipped_model(host: PluginHost) -> None:
    """Trained by its printed command: same chain, and what it was made with is told."""
    bundle = load_model(ROOT / "models" / "distortion")
    chain = load_chain(ROOT / "models" / "chains" / "distortion.toml", calibrate=host.calibrate)
    assert [c.label for c in bundle.chain.controls] == [c.label for c in chain.controls]
    assert DEMONSTRATION_SOURCE in bundle.manifest.training.sources[0]
    assert task_of_model(bundle.manifest.training) == DistortionTask()
    assert (ROOT / "models" / "distortion" / "weights.safetensors").stat().st_size < 5_000_000


def gathered_names(gathered: object) -> list[str]:
    return [one.name for side in ("train", "validation") for one in getattr(gathered, side)]


def unheard(manifest: msgspec.Struct, folder: Path) -> list:
    training = manifest.training  # type: ignore[attr-defined]
    return [file for file in find_files([folder]) if file.name not in {*training.training_files, *training.validation}]
