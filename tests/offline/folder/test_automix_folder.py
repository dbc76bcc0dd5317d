"""Many files: done beside each other, gone on with, changed ones again; what is broken is named and left out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest
import soundfile
from small_model import save_neutral_model

from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError
from bridge.offline.folder.automix_folder import FileState, FolderResult, automix_folder
from bridge.offline.folder.plan import fingerprint, plan_files
from bridge.offline.folder.records import RECORD_FILE
from bridge.offline.job import FileJob
from bridge.settings import Settings, load_settings

RATE_HZ = 22_050
Work = Callable[..., FolderResult]


def write_song(file: Path, seed: int, duration_s: float = 1.2) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, synthesise("strings", duration_s=duration_s, sample_rate_hz=RATE_HZ, seed=seed).T, RATE_HZ)


@pytest.fixture
def settings(bridge_home: Path) -> Settings:
    return load_settings({"home": bridge_home})


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Four recordings in two folders, one of them of a kind that is not written, and a file that is none."""
    folder = tmp_path / "Songs ä"
    for seed, name in enumerate(["one.wav", "three.flac", "live/two.ogg", "live/four.wav"]):
        write_song(folder / name, seed)
    (folder / "broken.wav").write_bytes(b"no audio")
    (folder / "notes.txt").write_text("not looked at")
    (folder / "._one.wav").write_bytes(b"what a Mac leaves")
    return folder


@pytest.fixture
def work(songs: Path, settings: Settings, tmp_path: Path) -> Work:
    """Do the songs, into the folder `out`."""
    model = tmp_path / "neutral"
    save_neutral_model(model)

    def automix(workers: int = 2, **options: object) -> FolderResult:
        job = FileJob(source=songs, target=songs.parent / "out", model=str(model))
        return automix_folder(job, msgspec.structs.replace(settings, workers=workers), **options)  # type: ignore[arg-type]

    return automix


def states(result: FolderResult) -> dict[str, str]:
    return {row.job.source.name: row.state.value for row in result.rows}


def test_a_folder_is_done_and_only_what_changed_is_done_again(work: Work, songs: Path) -> None:
    shares: list[float] = []
    first = work(progress=lambda share, _step: shares.append(share))
    out = songs.parent / "out"
    assert states(first) == {"broken.wav": "failed"} | dict.fromkeys(
        ["one.wav", "two.ogg", "three.flac", "four.wav"], "finished"
    )
    (failed,) = [row for row in first.rows if row.state is FileState.FAILED]
    assert "broken.wav" in failed.error
    written = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    assert written == {"one.wav", "three.flac", str(Path("live/two.wav")), str(Path("live/four.wav")), RECORD_FILE}
    assert shares[-1] == 1.0
    assert shares == sorted(shares)

    before = {file: file.stat().st_mtime_ns for file in out.rglob("*.wav")}
    write_song(songs / "one.wav", seed=9)
    (out / "three.flac").unlink()
    with (out / RECORD_FILE).open("ab") as records:
        records.write(b'\n{"fingerprint": "of another version"}\n{"fingerprint": "cut of')
    again = work()
    assert states(again) == {
        "broken.wav": "failed",
        "one.wav": "finished",
        "two.ogg": "finished before",
        "three.flac": "finished",
        "four.wav": "finished before",
    }
    changed = {file.name for file, time_ns in before.items() if file.stat().st_mtime_ns != time_ns}
    assert changed == {"one.wav"}
    kept = next(row for row in again.rows if row.job.source.name == "four.wav")
    assert kept.result == next(row for row in first.rows if row.job.source.name == "four.wav").result


def test_what_was_cancelled_is_gone_on_with(work: Work, songs: Path) -> None:
    steps: list[str] = []
    first = work(1, progress=lambda _share, step: steps.append(step), is_cancelled=lambda: "1 of" in " ".join(steps))
    assert first.count(FileState.OPEN)
    assert not list((songs.parent / "out").rglob(".bridge-*")), "what was begun is left behind"

    second = work(1)
    assert second.count(FileState.FINISHED_BEFORE) == first.count(FileState.FINISHED) >= 1
    assert second.count(FileState.OPEN) == 0


def test_a_process_that_is_killed_takes_one_file_with_it(work: Work) -> None:
    killed: list[int] = []

    def kill_one(_share: float, _step: str) -> None:
        if killed:  # what is left of it has no command line
            return
        busy = [one for one in psutil.Process().children() if "multiprocessing.spawn" in " ".join(one.cmdline())]
        if busy:
            killed.append(busy[0].pid)
            os.kill(busy[0].pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    result = work(progress=kill_one)
    assert result.count(FileState.FAILED) == 2
    assert result.count(FileState.FINISHED) == 3
    assert any("ended" in row.error for row in result.rows)


def test_nothing_takes_an_inputs_place(songs: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="name another"):
        plan_files(FileJob(source=songs, target=songs))
    write_song(tmp_path / "nested" / "a" / "x.wav", 0)
    write_song(tmp_path / "nested" / "a" / "a" / "x.wav", 0)
    with pytest.raises(AudioError, match="one of the inputs"):
        plan_files(FileJob(source=tmp_path / "nested" / "a", target=tmp_path / "nested"))
    with pytest.raises(AudioError, match="no audio"):
        plan_files(FileJob(source=_empty(tmp_path), target=tmp_path / "out"))


def test_another_wish_or_model_makes_another_result(songs: Path, tmp_path: Path) -> None:
    model, job = tmp_path / "weights", FileJob(source=songs / "one.wav", target=tmp_path / "one.wav")
    model.write_bytes(b"1")
    first = fingerprint(job, [model])
    assert fingerprint(job, [model]) == first
    assert fingerprint(replace(job, amount_percent=50.0), [model]) != first
    model.write_bytes(b"22")
    assert fingerprint(job, [model]) != first


def test_outputs_inside_of_the_folder_are_no_inputs(songs: Path) -> None:
    target = songs / "mixed"
    write_song(target / "one.wav", 0)
    assert target / "one.wav" not in {job.source for job in plan_files(FileJob(source=songs, target=target))}


def test_files_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a.ogg", "a.wav", "b.ogg"):
        write_song(tmp_path / "in" / name, 0)
    jobs = plan_files(FileJob(source=tmp_path / "in", target=tmp_path / "out"))
    assert [job.target.name for job in jobs] == ["a.ogg.wav", "a.wav", "b.wav"]


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"
