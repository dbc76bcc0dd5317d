"""Styles: kept and found again, thinned, and honest about what is wrong with a file."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors
import safetensors.numpy

from bridge.errors import ModelError
from bridge.features.profile import SoundFeatures, profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.features.styles import MAX_FRAMES, Style, list_styles, load_style, save_style, style_for
from bridge.model.manifest import read_manifest


def style(name: str = "warm vocal", frames: int = 300) -> Style:
    log_mel = np.random.default_rng(0).normal(-40, 8, (64, frames)).astype(np.float32)
    return Style(name, SoundFeatures(log_mel, 60), FeatureSettings(), ("take 1.wav", "Gesang ü.flac"))


def test_a_style_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "Stile für alle"
    saved = style()
    save_style(folder, saved)
    loaded = load_style(folder, "warm vocal")
    assert list_styles(folder) == ["warm vocal"]
    assert (loaded.name, loaded.files, loaded.features) == (saved.name, saved.files, saved.features)
    assert loaded.sound.valid_bands == 60
    assert profile_distance_db(loaded.sound.profile, saved.sound.profile, loudness_counts=True) < 0.05


def test_a_long_style_is_thinned_and_sounds_the_same(tmp_path: Path) -> None:
    long = style(frames=5 * MAX_FRAMES)
    path = save_style(tmp_path, long)
    thinned = load_style(tmp_path, long.name).sound
    assert thinned.log_mel.shape[1] == MAX_FRAMES
    assert path.stat().st_size < 400_000
    assert profile_distance_db(thinned.profile, long.sound.profile, loudness_counts=True) < 0.5


def test_an_unknown_style_names_those_there_are(tmp_path: Path) -> None:
    save_style(tmp_path, style("dry drums"))
    with pytest.raises(ModelError, match="dry drums"):
        load_style(tmp_path, "wet drums")


@pytest.mark.parametrize("name", ["", "../outside", "a/b", "dot.", "x" * 65, "nul\0"])
def test_names_that_no_file_may_have_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot name a style"):
        save_style(tmp_path, style(name))


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_damaged_style_is_named(tmp_path: Path, damage: str) -> None:
    path = save_style(tmp_path, style())
    content = {"cut": path.read_bytes()[:-100], "text": b"hello", "empty": b""}[damage]
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged.*add it again"):
        load_style(tmp_path, "warm vocal")


def test_a_style_of_another_version_is_refused(tmp_path: Path) -> None:
    path = save_style(tmp_path, style())
    path.write_bytes(safetensors.numpy.save({"log_mel": np.zeros((64, 5), np.float16)}, {"schema": "9"}))
    with pytest.raises(ModelError, match="version 9"):
        load_style(tmp_path, "warm vocal")


@pytest.mark.parametrize("shape", [(64,), (3, 20), (64, 0)])
def test_frames_of_another_shape_are_damage(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = save_style(tmp_path, style())
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    path.write_bytes(safetensors.numpy.save({"log_mel": np.zeros(shape, np.float16)}, metadata))
    with pytest.raises(ModelError, match=r"damaged.*add it again"):
        load_style(tmp_path, "warm vocal")


def test_a_style_is_for_models_with_the_same_ears(tmp_path: Path, model_folder: Path) -> None:
    save_style(tmp_path, style())
    same = read_manifest(model_folder)
    assert style_for(tmp_path, "warm vocal", features=same.features, model=same.name).valid_bands == 60
    other = msgspec.structs.replace(same, features=FeatureSettings(bands=48))
    with pytest.raises(ModelError, match=r"warm vocal.*features of another model.*styles add"):
        style_for(tmp_path, "warm vocal", features=other.features, model=other.name)
