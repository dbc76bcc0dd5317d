"""`bridge train` as people run it: killed and resumed, stopped by Ctrl+C, and what it shows."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from small_training import CHAIN, RECIPE

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.cli import main
from bridge.cli.interrupts import cancellable
from bridge.cli.progress import ProgressLines, TimeLeft
from bridge.model.manifest import read_manifest
from bridge.training.trainer.checkpoint import CheckpointState, load_checkpoint

LIMIT_S = 90
MINUTES = 0.25
RATE_HZ = 44100


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three songs are the fewest of which one can be learned from, one chosen by and one judged by."""
    folder = tmp_path / "Meine Lieder"
    folder.mkdir()
    for number in range(3):
        with AudioWriter(folder / f"lied{number}.wav", sample_rate_hz=RATE_HZ, channels=1) as file:
            file.write(synthesise("strings", duration_s=4.0, sample_rate_hz=RATE_HZ, seed=number))
    return folder


class Training:
    """The real command as a process of its own; `arguments` are those that resume it, too."""

    def __init__(self, recordings: Path, folder: Path, minutes: float) -> None:
        self.output = folder / "neues Modell"
        recipe = folder / "klein.toml"
        small = RECIPE.replace("[learning]", "preparing_share = 0.1\n\n[learning]\ncheckpoint_every_s = 0.5")
        recipe.write_text(small, encoding="utf-8")
        self.arguments = ["--chain", CHAIN, "--task", "channel-strip", "--data", recordings, "--recipe", recipe]
        self.arguments += ["-o", self.output, "--minutes", minutes]
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1", "BRIDGE_HOME": str(folder / "h")}
        self.process: subprocess.Popen[str] | None = None

    def start(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bridge", "train", *map(str, self.arguments), *more]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=self.environment)
        return self.process

    def latest(self) -> CheckpointState | None:
        """Where the last checkpoint stands."""
        for file in self.output.glob(".training/*/*/checkpoint.safetensors"):
            return load_checkpoint(file, "/".join(file.parts[-3:-1]))[1]
        return None

    def wait_for_checkpoint(self, *, after_s: float = 0.0) -> CheckpointState:
        """The first that is more than `after_s` into learning."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and self.process is not None and self.process.poll() is None:
            stand = self.latest()
            if stand is not None and stand.elapsed_s > after_s:
                return stand
            select.select([], [], [], 0.02)
        raise AssertionError(f"no checkpoint was written\n{self.process.communicate() if self.process else ''}")


@pytest.fixture
def training(recordings: Path, tmp_path: Path) -> Iterator[Training]:
    training = Training(recordings, tmp_path, minutes=MINUTES)
    yield training
    if training.process is not None and training.process.poll() is None:
        training.process.kill()
        training.process.communicate()


def test_killed_in_the_middle_it_goes_on_from_its_last_checkpoint(training: Training) -> None:
    killed = training.start()
    stand = training.wait_for_checkpoint(after_s=1.5)
    workers = psutil.Process(killed.pid).children(recursive=True)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    psutil.wait_procs(workers, timeout=20)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    stand = training.latest() or stand
    resumed = training.start("--resume")
    after = training.wait_for_checkpoint(after_s=stand.elapsed_s)
    assert after.prepared_s == stand.prepared_s, "it began again from nothing"
    assert after.step >= stand.step  # a slow machine is still at the same update; the model must have gone on
    told, errors = resumed.communicate(timeout=LIMIT_S)
    assert resumed.returncode == 0, errors
    assert f"reaper-bridge evaluate '{training.output}' DIR" in told, "as a shell takes it"
    manifest = read_manifest(training.output)
    assert manifest.training.steps > stand.step
    assert manifest.training.minutes == pytest.approx(0.9 * MINUTES, abs=0.1)  # of both runs, without judging
    assert not (training.output / ".training").exists()


def test_ctrl_c_stops_it_and_tells_how_to_go_on(training: Training) -> None:
    stopped = training.start()
    training.wait_for_checkpoint()
    stopped.send_signal(signal.SIGINT)
    told, errors = stopped.communicate(timeout=LIMIT_S)
    assert stopped.returncode == 1 and told == ""
    last = errors.strip().splitlines()[-1]
    assert last.startswith("Error: Stopped. No model was written") and last.endswith("--resume")
    assert str(training.output) in last and "Traceback" not in errors
    assert not (training.output / "model.json").exists()
    assert training.latest() is not None


def test_a_second_ctrl_c_ends_it_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), cancellable() as cancelled:
        assert not cancelled.is_set()
        signal.raise_signal(signal.SIGINT)
        assert cancelled.is_set()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_device_that_is_not_there_is_named(training: Training) -> None:
    result = CliRunner().invoke(main, ["train", *map(str, training.arguments), "--device", "tpu"])
    assert result.exit_code == 2
    assert "'tpu'" in result.stderr and "cpu, cuda, mps" in result.stderr


def test_a_seed_that_none_is_drawn_from_is_refused(training: Training) -> None:
    result = CliRunner().invoke(main, ["train", *map(str, training.arguments), "--seed", "-1"])
    assert result.exit_code == 2 and "'--seed'" in result.stderr
    assert not training.output.exists()


def test_time_left_follows_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("bridge.cli.progress.time.monotonic", lambda: now[0])
    left = TimeLeft()
    assert left.text(0.5) == ""  # a resumed training begins in the middle
    now[0] += 60
    assert left.text(0.75) == "1:00 left"
    assert left.text(0.501) == "8:19:00 left"


def test_without_a_terminal_there_are_few_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("bridge.cli.progress.time.monotonic", lambda: now[0])
    show = ProgressLines(TimeLeft())
    for step in range(100):
        show(step / 200, f"sound, step {step}: loss 1")
        now[0] += 0.5
    show(0.5, "step 100: validation loss 2")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(";")[0] for line in lines] == [
        "  0% sound, step 0: loss 1",
        " 15% sound, step 30: loss 1",
        " 30% sound, step 60: loss 1",
        " 45% sound, step 90: loss 1",
        " 50% step 100: validation loss 2",
    ]
    assert lines[-1].endswith("; 0:50 left")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--minutes", "nan"), ("--minutes", "inf"), ("--minutes", "1e300"), ("--minutes", "0"), ("--seed", str(2**32))],
)
def test_numbers_that_no_training_can_have_are_refused(training: Training, option: str, value: str) -> None:
    result = CliRunner().invoke(main, ["train", *map(str, training.arguments), option, value])
    assert result.exit_code == 2 and option in result.stderr and "Traceback" not in result.stderr
    assert not training.output.exists()
