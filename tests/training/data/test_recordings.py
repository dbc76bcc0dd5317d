"""Recordings: grouped by song, split so that no song is on two sides, silent ones left out."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import KINDS
from bridge.errors import AudioError
from bridge.training.data.recordings import AudioFileEntry, find_files, read_recordings, split_by_song, synthesised

RATE = 22050


def write(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=RATE, channels=audio.shape[0]) as file:
        file.write(audio)


def test_stems_of_one_length_are_a_song_and_loops_are_not(folder: Path) -> None:
    groups = {file.name: file.group for file in find_files([folder])}
    assert groups["song01/bass.wav"] == groups["song01/drums.wav"] == "song01"
    assert groups["loops/loop0.flac"] == "loops/loop0.flac"
    assert groups["silence.wav"] == "silence.wav"


def test_a_mix_stays_with_its_stems(tmp_path: Path) -> None:
    """Beside their folder, or in one of its own: on another side of the split the song would be known already. It is
    no stem, though; and what has another length is another recording."""
    for song in range(8):
        seconds = 2.0 + 0.3 * song
        for name in ("stems/bass", "stems/drums", "mix", "mixes/loud") if song % 2 else ("bass", "drums"):
            write(tmp_path / "Lieder" / f"{song}" / f"{name}.wav", np.full((1, round(seconds * RATE)), 0.1, np.float32))
    for name, seconds in (("Lieder/1/idea", 1.0), ("mix", 2.3)):
        write(tmp_path / f"{name}.wav", np.full((1, round(seconds * RATE)), 0.1, np.float32))
    files = find_files([tmp_path])
    found = {file.name: file for file in files}
    for song in (1, 3, 5, 7):
        for name in ("mix", "mixes/loud"):
            mix = found[f"Lieder/{song}/{name}.wav"]
            assert mix.song == f"Lieder/{song}/stems" and mix.group == mix.name
    assert not any(found[name].song for name in ("Lieder/1/idea.wav", "mix.wav", "Lieder/1/stems/bass.wav"))
    sides = split_by_song(files)
    for song in range(8):
        whole = {name for name in found if name.startswith(f"Lieder/{song}/") and "idea" not in name}
        assert [len(whole & {file.name for file in side}) for side in sides.values()].count(len(whole)) == 1
    assert sum(map(len, sides.values())) == len(files)


def test_a_file_below_two_of_the_folders_is_found_once(folder: Path) -> None:
    """Under two names it could be learned from by one and judged by the other."""
    for folders in ([folder, folder / "loops"], [folder / "loops", folder], [folder, folder]):
        paths = [file.path for file in find_files(folders)]
        assert len(paths) == len(set(paths)) == 13


def test_no_song_is_on_two_sides_and_every_file_is_on_one() -> None:
    songs = [AudioFileEntry(f"song{s:02d}/{i}.wav", f"song{s:02d}", Path()) for s in range(20) for i in range(4)]
    loops = [AudioFileEntry(f"loop{i}.wav", f"loop{i}.wav", Path()) for i in range(22)]
    sides = split_by_song([*songs, *loops])
    groups = {side: {file.group for file in files} for side, files in sides.items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["test"] & (groups["train"] | groups["validation"])
    assert sum(map(len, sides.values())) == len(songs) + len(loops)
    assert {group for group in groups["test"] if group.startswith("song")} == {"song17", "song18", "song19"}
    assert {group for group in groups["validation"] if group.startswith("song")} == {"song14", "song15", "song16"}


def test_silence_is_left_out_and_the_rest_is_mono(folder: Path) -> None:
    recordings = read_recordings(find_files([folder]))
    assert len(recordings) == 12
    assert "silence.wav" not in {recording.name for recording in recordings}
    assert all(recording.audio.shape[0] == 1 for recording in recordings)


def test_a_folder_without_audio_names_itself(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("la la")
    with pytest.raises(AudioError, match=r"No audio file.*\.flac"):
        find_files([tmp_path])


@pytest.mark.slow
def test_synthesised_recordings_repeat_with_their_seed() -> None:
    first, again = (synthesised(3, takes=1, sample_rate_hz=22050, duration_s=2.0) for _ in range(2))
    assert len(first) >= len(KINDS)
    for one, other in zip(first, again, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.audio, other.audio)
    names = {recording.name for recording in synthesised(4, takes=1, sample_rate_hz=22050, duration_s=2.0)}
    assert not names & {recording.name for recording in first}


def test_two_folders_may_hold_the_same_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two takes that are called alike are two recordings, and no stems of one song."""
    for parent in ("a", "b/a"):
        for name in ("take.wav", "song/bass.wav", "song/drums.wav"):
            write(tmp_path / parent / "Lieder" / name, np.full((1, RATE), 0.1, np.float32))
    monkeypatch.chdir(tmp_path / "b" / "a" / "Lieder")
    files = find_files([tmp_path / "a" / "Lieder", Path()])
    assert len({file.name for file in files}) == len(files) == 6
    assert sorted(len([1 for one in files if one.group == group]) for group in {one.group for one in files}) == [
        1,
        1,
        2,
        2,
    ]
    for file in files:
        assert file.path.resolve().as_posix().endswith(f"/{file.name}"), (
            "as it is known again, from wherever it is given"
        )


def test_what_is_over_at_once_is_left_out(tmp_path: Path) -> None:
    for samples in (1, RATE // 50, RATE // 10):
        write(tmp_path / f"{samples}.wav", np.full((1, samples), 0.5, np.float32))
    assert [one.name for one in read_recordings(find_files([tmp_path]))] == [f"{RATE // 10}.wav"]


def test_a_broken_file_is_named_once_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("good", "cut", "nan"):
        write(tmp_path / f"{name}.wav", np.full((1, RATE), 0.1, np.float32))
    cut, nan = tmp_path / "cut.wav", tmp_path / "nan.wav"
    cut.write_bytes(cut.read_bytes()[:9_000])
    nan.write_bytes(nan.read_bytes()[:-4] + np.float32(np.nan).tobytes())
    (tmp_path / "phone.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    for _ in range(2):
        files = find_files([tmp_path])
    assert [file.name for file in files] == ["good.wav", "nan.wav"]
    assert [recording.name for recording in read_recordings(files)] == ["good.wav"]
    assert [record.getMessage().split(str(tmp_path))[1].split()[0] for record in caplog.records] == [
        "/cut.wav",
        "/phone.m4a",
        "/nan.wav",
    ]


def test_a_folder_of_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"a list")
    with pytest.raises(AudioError, match="No audio file that can be read"):
        find_files([tmp_path])
