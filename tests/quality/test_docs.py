"""Documentation that is run: the README's commands, every command's --help, and the links between documents."""

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.cli import main
from bridge.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*(f.name for f in sorted(ROOT.glob("*.md"))), *(f"docs/{f.name}" for f in sorted(ROOT.glob("docs/*.md")))]
TOP = {"bridge", "docs", "examples", "models", "reaper_scripts", "tests", ".github"}
README = (ROOT / "README.md").read_text("utf-8")


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_and_every_option_is_explained(path: tuple[str, ...], command: click.Command) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert command.help
    unexplained = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not unexplained


def test_every_command_that_the_readme_names_exists() -> None:
    known = {" ".join(path) for path, _ in commands()}
    named = set(re.findall(r"reaper-bridge ([a-z][a-z-]*)", README))
    assert named, "the README names no command"
    assert named <= known


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def shell_lines(document: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text_of(document), re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


def write_song(path: Path, *, seed: int) -> None:
    with AudioWriter(path, sample_rate_hz=44100, channels=1) as writer:
        writer.write(synthesise("strings", duration_s=4.0, sample_rate_hz=44100, seed=seed))


@pytest.mark.slow
def test_readme_commands_for_files_run_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.search(r"## Use it on files\s+```sh\n(.*?)```", README, re.DOTALL)
    assert block
    for seed, name in enumerate(["vocal.wav", "guitar.wav", "a guitar I like.wav", "song1.wav", "song2.wav"]):
        audio = synthesise("voice" if seed == 0 else "strings", duration_s=4.0, sample_rate_hz=44100, seed=seed)
        with AudioWriter(tmp_path / name, sample_rate_hz=44100, channels=1) as writer:
            writer.write(audio)
    (tmp_path / "stems").mkdir()
    write_song(tmp_path / "stems" / "bass.wav", seed=5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    for line in block[1].strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "reaper-bridge"
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        if "-o" in arguments:
            target = tmp_path / arguments[arguments.index("-o") + 1]
            assert (target / "bass.wav" if target.is_dir() else target).stat().st_size > 1000


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_of_the_documents_name_what_there_is(document: str) -> None:
    """Commands that take long are not run, but every command and option in them exists, and their values are taken."""
    known = {" ".join(path): command for path, command in commands()}
    for line in shell_lines(document):
        program, *arguments = shlex.split(line)
        if program == "torchrun":
            assert arguments[arguments.index("-m") + 1] == "bridge"
            arguments = arguments[arguments.index("-m") + 2 :]
        elif program != "reaper-bridge":
            continue
        name = next(path for path in (" ".join(arguments[:2]), arguments[0]) if path in known)
        options = {text for option in known[name].params for text in option.opts}
        given = {text for text in arguments if text.startswith("-") and not re.fullmatch(r"-[\d.]*", text)}
        assert given <= options, line


@pytest.mark.slow
@pytest.mark.alone
def test_training_commands_run_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block, with seconds in place of its minutes and a recipe by which a small network learns in them."""
    lines = shell_lines("docs/training.md")[:3]
    (tmp_path / "songs").mkdir()
    for number in range(3):
        write_song(tmp_path / "songs" / f"song{number}.wav", seed=number)
    write_song(tmp_path / "vocal.wav", seed=9)
    shutil.copy(ROOT / "models" / "chains" / "channel-strip.toml", tmp_path / "strip.toml")
    (tmp_path / "small.toml").write_text(
        "[encoder]\nwidth = 16\nblocks = 1\n[examples]\nclip_s = 1.5\nsynthesised_takes = 0\nshard_examples = 16\n"
        "[learning]\nrate = 5e-3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    for line in lines:
        program, *arguments = shlex.split(line.replace("--minutes 30", "--minutes 0.25 --recipe small.toml"))
        assert program == "reaper-bridge"
        arguments += ["--each", "1"] if arguments[0] == "evaluate" else []
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, f"{line}\n{result.output}"
    assert (tmp_path / "my-strip" / "model.json").is_file()
    assert (tmp_path / "better.wav").stat().st_size > 1000


@pytest.mark.parametrize("document", DOCUMENTS)
def test_recipes_of_the_documents_can_be_used(document: str, tmp_path: Path) -> None:
    """And those that the documents show in full are the ones that are shipped."""
    blocks = re.findall(r"(?:<!-- (\S+?):?(?: (\S+))? -->\n)?```toml\n(.*?)```", text_of(document), re.DOTALL)
    for kind, shipped, block in blocks:
        if kind not in ("", "recipe"):
            continue
        (tmp_path / "recipe.toml").write_text(block, encoding="utf-8")
        assert load_recipe("channel-strip", tmp_path / "recipe.toml") != load_recipe("channel-strip")
        if shipped:
            assert (ROOT / shipped).read_text("utf-8") == block


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    for target in re.findall(r"(?:\]\(|<img src=\")([^)#\"]+)[)\"]", text_of(document)):
        place = (ROOT / document).parent / target
        assert target.startswith("https://") or place.exists(), f"{document} links to {target}"


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "CHANGELOG.md"])
def test_paths_that_the_documents_name_exist(document: str) -> None:
    """Whole paths of this repository, in backticks: folders of code, and files that are code or text."""
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", text_of(document))
    ours = [path for path in named if path.split("/")[0] in TOP or re.search(r"\w\.(py|lua|toml|yml|md|xml)$", path)]
    assert not [path for path in ours if not (ROOT / path).exists() and not path.startswith("Scripts/")]


def test_calls_that_architecture_names_are_defined_there() -> None:
    """In the two walks: one or more names in backticks, and the module in brackets behind them."""
    text = text_of("ARCHITECTURE.md")
    named = re.findall(r"((?:`[\w.]+`,?\s)+)\(`(bridge/[\w/]+\.py)`\)", text)
    calls = [(name, file) for names, file in named for name in re.findall(r"`([\w.]+)`", names)]
    assert len(calls) > 15
    for name, file in calls:
        defined = re.findall(r"^ *(?:def|class) (\w+)", text_of(file), re.MULTILINE)
        assert set(name.split(".")) <= set(defined), f"{name} is not in {file}"


def test_architecture_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = [f.name for f in (ROOT / "bridge").iterdir() if (f / "__init__.py").exists()]
    assert not [room for room in rooms if f"bridge/{room}/" not in text]


def test_architecture_draws_the_layers_that_are_checked() -> None:
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    drawn = re.search(r"```\n(cli \|.*?)```", text_of("ARCHITECTURE.md"), re.DOTALL)
    assert drawn
    assert re.split(r"\s+->\s+", drawn[1].strip()) == [layer.replace("bridge.", "") for layer in layers]


def test_every_dependency_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([a-z0-9-]+)[<>=]', block[1])
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert not [name for name in names if f"| {name} |" not in text]
    assert not [line for line in re.findall(r'"([^"]+)"', block[1]) if "<" not in line], "every dependency is bounded"
