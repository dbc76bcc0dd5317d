"""The pages on tasks: their numbers are the cards', their pictures what the panel draws, and their commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from panel_picture import draw, read_notes
from task_pages import BLOCK, with_scores

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.cli import main
from bridge.mix_balance.role_by_name import ROLES
from bridge.mix_balance.targets import SHIPPED, read_targets

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RATE_HZ = 44100
MODELS = sorted(file.parent.name for file in (ROOT / "models").glob("*/model.json"))


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_page_with_the_numbers_of_its_card(model: str) -> None:
    assert BLOCK.search(page(model)), f"docs/{model}.md shows no scores"
    assert page(model) == with_scores(page(model), ROOT / "models"), "run python tests/bench/write_scores.py"
    assert f"{model}.md" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_the_picture_of_the_panel_is_what_the_panel_draws(tmp_path: Path) -> None:
    fields, words = read_notes(DOCS / "images" / "panel.png")
    assert any(change["explanation"] for change in fields["changes"])
    _, drawn = draw(fields, "dark", tmp_path)
    assert drawn == words, "run python tests/bench/draw_panel.py"


def write(path: Path, audio: np.ndarray, *, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=channels) as writer:
        writer.write(np.repeat(audio, channels, axis=0))


def sound(kind: str, *, seed: int = 1, seconds: float = 3.0) -> np.ndarray:
    return 0.5 * synthesise(kind, duration_s=seconds, sample_rate_hz=RATE_HZ, seed=seed)


def prepare(folder: Path) -> None:
    """What the commands are given: songs of three stems, and files of any kind."""
    for name in ("vocal", "a voice I like", "speech", "voice"):
        write(folder / f"{name}.wav", sound("voice"))
    write(folder / "guitar.wav", sound("strings"))
    for name in ("mix", "a record I like"):
        write(folder / f"{name}.wav", sound("drums") + sound("pad"), channels=2)
    for number in range(3):
        for stem, kind in (("drums", "drums"), ("bass", "bass"), ("vocals", "voice")):
            write(folder / "songs" / f"song {number}" / f"{stem}.wav", sound(kind, seed=number))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    prepare(folder)
    return folder


@pytest.mark.parametrize("name", [*MODELS, "levels"])
def test_the_commands_of_the_page_run(
    name: str, prepared: Path, bridge_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prepared)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page(name), re.DOTALL) for line in block.splitlines()]
    assert lines
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "reaper-bridge"
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        if "was calibrated with" in result.output:
            pytest.skip("the shipped model was made for another version of zam-plugins")
        assert result.exit_code == 0, f"{line}\n{result.output}"
        if "-o" in arguments:
            assert (prepared / arguments[arguments.index("-o") + 1]).stat().st_size > 300


def test_the_page_on_levels_says_what_the_levels_say() -> None:
    targets, text = read_targets(SHIPPED), page("levels")
    assert {level.songs for level in targets.roles.values()} == {14} and "from 14 songs" in text
    assert targets.of("vocals") == targets.roles["lead"] and targets.of("keys") == targets.roles["guitar"]
    assert all(targets.of(role) is not None for role in ROLES)
