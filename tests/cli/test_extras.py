"""An installation without extras: what a REAPER user does works, and what needs a package names its extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.extras import EXTRA_MODULES

ROOT = Path(__file__).parents[2]
RATE_HZ = 44_100
MODULE_OF_PACKAGE = {"pillow": "PIL"}  # where a package's module has another name than the package
PROGRAM = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))  # an import of one of these fails as it does where it is missing
from bridge.cli import main
if __name__ == "__main__":
    main(sys.argv[1:])
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "in.wav"
    with AudioWriter(file, sample_rate_hz=RATE_HZ, channels=1) as writer:
        writer.write(synthesise("strings", duration_s=3.0, sample_rate_hz=RATE_HZ, seed=1))
    return file


def run_without_extras(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = folder / "without_extras.py"
    blocked = sorted({module for modules in EXTRA_MODULES.values() for module in modules})
    program.write_text(PROGRAM.format(blocked=blocked), encoding="utf-8")
    command = [sys.executable, str(program), "--home", str(folder / "home"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_extras_of_the_installation_are_those_that_are_asked_for() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]

    def modules_of(extra: str) -> set[str]:
        found = set()
        for requirement in extras[extra]:
            name = re.split(r"[\[<>=]", requirement)[0]
            if name == "reaper-bridge":
                found |= {m for other in re.findall(r"\[(.*)\]", requirement)[0].split(",") for m in modules_of(other)}
            else:
                found.add(MODULE_OF_PACKAGE.get(name, name))
        return found

    assert {extra: modules_of(extra) for extra in EXTRA_MODULES} == {e: set(m) for e, m in EXTRA_MODULES.items()}
    core = " ".join(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])
    assert not re.search("cmaes|distributed|lupa|matplotlib|pillow|scipy|tensorboard", core)


@pytest.mark.parametrize("arguments", [("--help",), ("models",), ("levels", "show")], ids=" ".join)
def test_listings_need_no_extra(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_without_extras(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr


def test_the_doctor_needs_no_extra(tmp_path: Path) -> None:
    done = run_without_extras(tmp_path, "doctor", "--resource-path", tmp_path / "no REAPER here")
    assert "Bridge doctor" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_mixed_without_any_extra(tmp_path: Path, recording: Path) -> None:
    done = run_without_extras(tmp_path, "automix", recording, "-o", tmp_path / "out.wav")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.wav").stat().st_size > RATE_HZ


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("demo", ("demo", "-o", "{folder}/demo")),
        ("train", ("train", "--chain", "c.toml", "--task", "t", "--data", "{folder}", "-o", "{folder}/new")),
        ("train", ("evaluate", "channel-strip", "{folder}")),
        ("report", ("automix", "{folder}/in.wav", "-o", "{folder}/out.wav", "--report", "{folder}/page.html")),
        ("cluster", ("automix", "{folder}", "-o", "{folder}/out", "--cluster", "tcp://127.0.0.1:1")),
        ("refine", ("automix", "{folder}/in.wav", "-o", "{folder}/out.wav", "--refine", "1")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_missing_extra_is_named_in_one_line(
    tmp_path: Path, recording: Path, extra: str, arguments: tuple[str, ...]
) -> None:
    done = run_without_extras(tmp_path, *(argument.format(folder=recording.parent) for argument in arguments))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"pip install 'reaper-bridge[{extra}]'" in line
    assert not (tmp_path / "out.wav").exists()
