"""Several processes learn as one: the same batches, the same losses, and an end for all when one dies."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from small_training import RECIPE, THROUGH_PLUGINS, small_options
from torch import nn

from bridge.errors import SettingsError
from bridge.training.train import train
from bridge.training.trainer.distributed import ProcessGroup, read_process_group

SUPPORT = Path(__file__).parents[2] / "support"
PROGRAM = str(SUPPORT / "small_training.py")
LIMIT_S = 120
Started = subprocess.Popen[str]
Start = Callable[..., Started]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs; what still runs at the end is ended, with its children."""
    started: list[Started] = []

    def begin(*command: str, **variables: str) -> Started:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", **variables}
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment))
        return started[-1]

    yield begin
    for program in started:
        if program.poll() is None:
            for child in psutil.Process(program.pid).children(recursive=True):
                child.kill()
            program.kill()
        program.communicate()


def curves(folder: Path) -> dict[str, np.ndarray]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {tag: np.array([event.value for event in events.Scalars(tag)]) for tag in events.Tags()["scalars"]}


def test_two_processes_learn_what_one_does(start: Start, folder: Path, tmp_path: Path) -> None:
    """Each has half of every batch and half of the examples to make. Sums of floats in another order are all that
    may differ (6e-7 was seen after thirty updates); through the plugins each draws its own."""
    pytest.importorskip("tensorboard")
    assert (
        train(small_options(folder, tmp_path / "one", RECIPE + THROUGH_PLUGINS), progress=lambda _share, _text: None)
        is not None
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = start(*torchrun, PROGRAM, str(folder), str(tmp_path / "two"))
    together, errors = two.communicate(timeout=LIMIT_S)
    assert two.returncode == 0, errors
    expected, found = curves(tmp_path / "one curves"), curves(tmp_path / "two curves")
    assert found.keys() == expected.keys()
    cached = [name for name in expected if name.startswith("learning/") and "plugins" not in name]
    assert {"learning/match.position", "learning/automix.target", "learning/match.surrogate"} <= set(cached)
    for name in cached:
        np.testing.assert_allclose(found[name][:3], expected[name][:3], rtol=1e-4, err_msg=name)
    assert found["learning/plugins"][0] == pytest.approx(expected["learning/plugins"][0], rel=0.5)
    assert sum("step 40: validation" in line for line in together.splitlines()) == 1
    assert not list((tmp_path / "two").glob("**/*.part"))
    model = ["README.md", "model.json", "weights.safetensors"]
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == model


def test_when_one_dies_the_other_says_so_and_ends(start: Start, folder: Path, tmp_path: Path) -> None:
    first, second = _pair(start, _ENDLESS.format(support=str(SUPPORT)), str(folder), str(tmp_path / "model"))
    for line in first.stdout:
        if "step 20:" in line:
            break
    second.send_signal(signal.SIGKILL)
    _, errors = first.communicate(timeout=LIMIT_S)
    assert first.returncode == 1, errors
    assert "Another process of this training has died" in errors and "--resume" in errors


def test_one_that_lives_but_never_answers_is_waited_for_as_long_as_was_said(start: Start) -> None:
    first, second = _pair(start, _SILENT)
    _, errors = first.communicate(timeout=LIMIT_S)
    assert first.returncode == 1 and "does not answer" in errors
    assert second.poll() is None


def _pair(start: Start, program: str, *arguments: str) -> list[Started]:
    """The same program as the first and the second of two processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return [
        start(
            sys.executable, "-c", program, *arguments,
            WORLD_SIZE="2", RANK=str(rank), LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=port,
        )
        for rank in (0, 1)
    ]  # fmt: skip


_SILENT = """
import threading
from datetime import timedelta
from bridge.training.trainer.distributed import joined_process_group
with joined_process_group(timedelta(seconds=10)) as processes:
    processes.agreed(0.0)  # both are there
    if processes.is_first:
        processes.wait()
    threading.Event().wait(120)
"""

_ENDLESS = """
import sys; sys.path.insert(0, {support!r})
from dataclasses import replace
from pathlib import Path
from small_training import RECIPE, THROUGH_PLUGINS, small_options
from bridge.training.train import train
options = replace(small_options(*map(Path, sys.argv[1:])), steps=10**7, shards=2, tensorboard=None)
train(options, progress=lambda _, text: print(text, flush=True))
"""


def test_a_batch_is_divided_among_all(tmp_path: Path) -> None:
    chosen = np.arange(11)
    parts = [ProcessGroup(rank, 3).part(chosen) for rank in range(3)]
    assert [len(part) for part in parts] == [3, 3, 3]
    assert len(set(np.concatenate(parts).tolist())) == 9
    np.testing.assert_array_equal(ProcessGroup().part(chosen), chosen)


def test_plugin_workers_are_divided_among_all() -> None:
    assert [ProcessGroup(0, count).share(8) for count in (1, 2, 3, 16)] == [8, 4, 2, 1]


def test_one_process_keeps_its_gradients() -> None:
    module = nn.Linear(2, 1)
    module.weight.grad = torch.ones(1, 2)
    ProcessGroup().average_gradients(module)
    assert module.weight.grad.tolist() == [[1.0, 1.0]] and module.bias.grad is None


@pytest.mark.parametrize(
    "variables", [{"WORLD_SIZE": "two"}, {"WORLD_SIZE": "2", "RANK": "2"}, {"WORLD_SIZE": "0"}, {"RANK": "1"}]
)
def test_an_environment_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"WORLD_SIZE.*Unset"):
        read_process_group()
