"""Documentation that is run: the README's commands, every command's --help, and the links between documents."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.cli import main

ROOT = Path(__file__).parents[2]
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


def test_readme_commands_for_files_run_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.search(r"## Use it on files\s+```sh\n(.*?)```", README, re.DOTALL)
    assert block
    for seed, name in enumerate(["vocal.wav", "guitar.wav", "a guitar I like.wav", "song1.wav", "song2.wav"]):
        audio = synthesise("voice" if seed == 0 else "strings", duration_s=4.0, sample_rate_hz=44100, seed=seed)
        with AudioWriter(tmp_path / name, sample_rate_hz=44100, channels=1) as writer:
            writer.write(audio)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    for line in block[1].strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "reaper-bridge"
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        if "-o" in arguments:
            assert (tmp_path / arguments[arguments.index("-o") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_links_lead_to_files(document: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text("utf-8")):
        assert target.startswith("https://") or (ROOT / target).exists(), f"{document} links to {target}"


def test_architecture_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = [f.name for f in (ROOT / "bridge").iterdir() if (f / "__init__.py").exists()]
    assert not [room for room in rooms if f"bridge/{room}/" not in text]


def test_every_dependency_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([a-z0-9-]+)[<>=]', block[1])
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert not [name for name in names if f"| {name} |" not in text]
    assert not [line for line in re.findall(r'"([^"]+)"', block[1]) if "<" not in line], "every dependency is bounded"
