"""The examples run as their docstrings say, and do what they show."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.errors import PluginMissing
from bridge.plugins.chain.catalog import Catalog

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RATE_HZ = 44100
ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error"}


def command_lines() -> list[list[str]]:
    """Every command of every example's docstring: the example's name, then its arguments."""
    docs = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "" for file in EXAMPLES)
    lines = [line for doc in docs for line in re.findall(r"^    python examples/(.*)$", doc, re.MULTILINE)]
    return [shlex.split(line) for line in lines]


def run(name: str, arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "BRIDGE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands are given."""
    folder = tmp_path_factory.mktemp("examples")
    names = ("vocal.wav", "a voice I like.wav", "recordings/one.wav", "recordings/two.wav")
    for seed, name in enumerate((*names, *(f"songs/song {number}.wav" for number in range(3)))):
        (folder / name).parent.mkdir(exist_ok=True)
        with AudioWriter(folder / name, sample_rate_hz=RATE_HZ, channels=1) as writer:
            writer.write(0.3 * synthesise("voice", duration_s=4.0, sample_rate_hz=RATE_HZ, seed=seed))
    return folder


def has_zam_plugins() -> bool:
    try:
        return bool(Catalog().find("vst3:ZamCompX2") and Catalog().find("vst3:ZamEQ2"))
    except PluginMissing:
        return False


def test_every_example_says_what_it_shows_and_how_to_run_it() -> None:
    assert {name for name, *_ in command_lines()} == {file.name for file in EXAMPLES}
    assert all("\n\nShows " in (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "") for file in EXAMPLES)


def test_examples_use_only_the_public_api_unless_they_say_so() -> None:
    for file in EXAMPLES:
        modules = set(re.findall(r"^\s*(?:from|import) (bridge[\w.]*)", file.read_text("utf-8"), re.MULTILINE))
        assert modules == {"bridge"} or file.name == "custom_task.py", f"{file.name} imports {modules}"


@pytest.mark.parametrize("command", command_lines(), ids=" ".join)
def test_the_example_runs(command: list[str], folder: Path) -> None:
    name, *arguments = command
    needs_zam = "vst3" in " ".join(arguments) or (name == "optimise_chain.py" and not arguments)
    if needs_zam and not has_zam_plugins():
        pytest.skip("zam-plugins are not installed; run python tests/prepare_machine.py")
    output = run(name, arguments, folder)
    distances = [float(number) for number in re.findall(r"([\d.]+) dB (?:before|after|from(?! sounds))", output)]
    assert output
    assert not distances or distances[-1] < 0.5 * distances[0], output


def test_a_bad_file_does_not_end_the_batch(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a broken one.wav").write_bytes(b"RIFF")
    (tmp_path / "in" / "voice.wav").write_bytes((folder / "vocal.wav").read_bytes())
    command = [sys.executable, str(ROOT / "examples" / "automix_folder.py"), "in", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a broken one.wav" in done.stderr
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["voice.wav"]
