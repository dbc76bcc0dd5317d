"""Pairs in folders: both layouts are found, aligned and split by song; what does not fit is named with its remedy."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.resampling import resample
from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError
from bridge.training.data.alignment import align
from bridge.training.data.amplifier import Amplifier
from bridge.training.data.pairs import check_partners, pairs_among, read_pair
from bridge.training.data.recordings import find_files

RATE = 22050


def write(path: Path, audio: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=rate, channels=audio.shape[0]) as file:
        file.write(audio)


def playing(seed: int, seconds: float = 3.0) -> np.ndarray:
    return synthesise("strings", duration_s=seconds, sample_rate_hz=RATE, seed=seed)


def test_both_layouts_are_found_and_grouped_by_song(tmp_path: Path) -> None:
    for name in ("dry/a.wav", "processed/a.flac", "dry/Lied 1/git.wav", "processed/Lied 1/git.wav", "solo.dry.wav"):
        write(tmp_path / name, playing(0))
    write(tmp_path / "solo.processed.wav", playing(0))
    write(tmp_path / "untouched.wav", playing(1))
    files = find_files([tmp_path])
    check_partners(files)
    found = {pair.dry.name: (pair.dry.group, pair.processed.name) for pair in pairs_among(files)}
    assert found == {
        "dry/a.wav": ("a", "processed/a.flac"),
        "dry/Lied 1/git.wav": ("Lied 1", "processed/Lied 1/git.wav"),
        "solo.dry.wav": ("solo", "solo.processed.wav"),
    }


def test_a_pair_comes_back_sample_on_sample_whatever_was_between(tmp_path: Path) -> None:
    """Late, turned over, longer, quieter and in stereo."""
    dry = playing(3)
    late = Amplifier(delay_samples=700, is_inverted=True).play(np.pad(dry, ((0, 0), (0, RATE))), RATE)
    write(tmp_path / "dry" / "x.wav", dry)
    write(tmp_path / "processed" / "x.wav", 0.1 * np.repeat(late, 2, axis=0))
    (pair,) = pairs_among(find_files([tmp_path]))
    read = read_pair(pair)
    assert read.audio.shape == read.processed.shape == (1, dry.shape[-1])
    plain = 0.1 * Amplifier().play(dry, RATE)
    left = align(plain, read.processed, RATE)
    assert not left.is_inverted
    assert abs(left.delay_samples) <= 4, "the few samples that the amplifier's filters take count as its delay"


@pytest.mark.parametrize("names", [("dry/lonely.wav",), ("processed/lonely.wav",), ("lonely.dry.wav",)])
def test_a_file_without_a_partner_is_named(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        write(tmp_path / name, playing(0))
    with pytest.raises(AudioError, match=rf"{names[0]}.*same name in dry/ and processed/"):
        check_partners(find_files([tmp_path]))


def test_two_files_for_one_side_are_named(tmp_path: Path) -> None:
    for name in ("dry/a.wav", "dry/a.flac", "processed/a.wav"):
        write(tmp_path / name, playing(0))
    with pytest.raises(AudioError, match=r"a\.flac.*a\.wav.*Rename"):
        pairs_among(find_files([tmp_path]))


@pytest.mark.parametrize(
    ("other", "rate", "told"),
    [
        (playing(8), RATE, r"does not sound like it processed.*take the pair out"),
        (playing(1), 2 * RATE, r"does not sound like it processed"),
        (np.zeros((1, 2 * RATE), np.float32), RATE, r"silent"),
        (playing(1)[:, : RATE // 2], RATE, r"shorter than 1 s"),
    ],
    ids=["other playing", "other rate", "silence", "short"],
)
def test_pairs_that_do_not_belong_together_are_refused_by_name(
    tmp_path: Path, other: np.ndarray, rate: int, told: str
) -> None:
    write(tmp_path / "dry" / "take 1.wav", playing(1))
    write(tmp_path / "processed" / "take 1.wav", other, rate)
    (pair,) = pairs_among(find_files([tmp_path]))
    with pytest.raises(AudioError, match=rf"take 1\.wav.*{told}"):
        read_pair(pair)


def test_a_pair_of_two_rates_comes_to_that_of_the_dry_side(tmp_path: Path) -> None:
    write(tmp_path / "dry" / "take.wav", playing(1))
    write(tmp_path / "processed" / "take.wav", resample(playing(1), RATE, 2 * RATE), 2 * RATE)
    (pair,) = pairs_among(find_files([tmp_path]))
    read = read_pair(pair)
    assert read.sample_rate_hz == RATE and read.audio.shape == read.processed.shape
    np.testing.assert_allclose(read.processed[:, 500:-500], read.audio[:, 500:-500], atol=0.02)


def test_one_pair_does_not_hide_behind_another_folder(tmp_path: Path) -> None:
    """Two data folders may hold files of the same names."""
    for folder, seed in (("one", 0), ("two", 1)):
        write(tmp_path / folder / "dry" / "a.wav", playing(seed))
        write(tmp_path / folder / "processed" / "a.wav", playing(seed))
    pairs = pairs_among(find_files([tmp_path / "one", tmp_path / "two"]))
    assert [pair.dry.path.parent.parent == pair.processed.path.parent.parent for pair in pairs] == [True, True]


def test_pairs_of_two_folders_may_have_the_same_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for parent in ("a", "b"):
        for side in ("dry", "processed"):
            file = tmp_path / parent / side / "take.wav"
            file.parent.mkdir(parents=True)
            with AudioWriter(file, sample_rate_hz=RATE, channels=1) as written:
                written.write(np.full((1, RATE), 0.1, np.float32))
    monkeypatch.chdir(tmp_path / "b")
    pairs = pairs_among(find_files([tmp_path / "a", Path()]))
    assert len({pair.dry.name for pair in pairs}) == len(pairs) == 2
    assert all(pair.dry.path.resolve().parents[1] == pair.processed.path.resolve().parents[1] for pair in pairs)
