"""docs/surfaces.md and docs/troubleshooting.md: tables are those of the code, and all that is printed there runs."""

from __future__ import annotations

import queue
import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
from click.testing import CliRunner, Result
from socket_midi import Device, backend, plugged_in

from bridge.cli import main
from bridge.daemon.doctor.findings import FAULTS
from bridge.reaper.install import resource_path
from bridge.settings import load_settings
from bridge.surfaces.commands import COMMANDS, Command
from bridge.surfaces.midi.bindings import load_bindings
from bridge.surfaces.osc import OscServer

DOCS = Path(__file__).parents[2] / "docs"
SURFACES = (DOCS / "surfaces.md").read_text("utf-8")
TROUBLES = (DOCS / "troubleshooting.md").read_text("utf-8")


def rows(text: str, mark: str) -> list[list[str]]:
    """The rows of the table behind a mark."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found[1].strip().splitlines()]


def shell_lines(text: str) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.strip().splitlines()]


def toml_blocks(kind: str) -> list[str]:
    return re.findall(rf"<!-- {kind} -->\n```toml\n(.*?)```", SURFACES, re.DOTALL)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_every_command_is_listed_with_its_address_and_meaning() -> None:
    listed = {cells[0].strip("`"): cells[1:] for cells in rows(SURFACES, "commands")}
    assert listed.keys() == COMMANDS.keys()
    for name, (address, meaning) in listed.items():
        spec = COMMANDS[name]
        shown = " [track]" if spec.is_optional else f" {spec.kind.__name__[0]}" if spec.kind else ""
        assert address == f"`{spec.address}{shown}`"
        assert meaning == spec.meaning


def test_every_fault_is_listed_with_its_remedy() -> None:
    def shown(text: str) -> str:
        return re.sub(r"\{(\w+)\}", r"*\1*", text).replace("|", r"\|")

    assert rows(TROUBLES, "faults") == [
        [fault.link, shown(fault.sign), shown(fault.remedy)] for fault in FAULTS.values()
    ]


def test_settings_and_layouts_are_taken_as_printed(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("".join(toml_blocks("config")), encoding="utf-8")
    settings = load_settings()
    assert settings.osc_allow == ("192.168.1.20",)
    assert settings.midi_input == "X-TOUCH"
    (home / "midi.toml").write_text(toml_blocks("layout")[0], encoding="utf-8")
    assert [binding.command for binding in load_bindings(home).control] == ["amount", "amount", "compare", "style"]


def test_installing_runs_as_printed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource, portable = resource_path.usual_path(), tmp_path / "portable"
    before = b"[REAPER]\r\nlastproject=1\r\n"
    for folder in (resource, portable):
        folder.mkdir(parents=True)
        (folder / resource_path.INI).write_bytes(before)
    monkeypatch.setattr(resource_path, "PROGRAM_NAMES", frozenset())  # other tests start one
    done = []
    for program, *arguments in shell_lines(TROUBLES):
        assert program == "reaper-bridge"
        result = run([str(portable) if argument == "DIR" else argument for argument in arguments])
        done.append(arguments[0])
        if arguments[0] == "doctor":
            assert "what to do" in result.output
        else:
            assert result.exit_code == 0, result.output
        if arguments[0] == "install":
            installed = portable if "--start-daemon" in arguments or "DIR" in arguments else resource
            assert (installed / "Scripts" / "Bridge").is_dir()
    assert set(done) == {"install", "uninstall", "doctor"}
    assert {file.name: file.read_bytes() for file in portable.rglob("*")} == {
        resource_path.INI: before
    }  # the one given last
    assert run(["uninstall", "--resource-path", str(resource)]).exit_code == 0
    assert {file.name: file.read_bytes() for file in resource.rglob("*")} == {resource_path.INI: before}


def test_layouts_are_written_as_printed(home: Path, tmp_path: Path) -> None:
    (line,) = [line for line in shell_lines(SURFACES) if line[:2] == ["reaper-bridge", "layouts"]]
    assert run(line[1:]).exit_code == 0
    assert {file.name for file in (tmp_path / "layouts").iterdir()} == {"Bridge.tosc", "Bridge.open-stage-control.json"}


@pytest.mark.skipif(shutil.which("oscsend") is None, reason="oscsend is not installed (liblo-tools)")
def test_oscsend_is_heard_as_printed() -> None:
    import subprocess

    commands: queue.Queue[Command] = queue.Queue()
    surface = OscServer("127.0.0.1", 0, 9, handle=commands.put, status=str)
    surface.open()
    try:
        for line in (line for line in shell_lines(SURFACES) if line[0] == "oscsend"):
            subprocess.run([str(surface.port) if word == "9000" else word for word in line], check=True, timeout=20)
        assert [commands.get(timeout=20) for _ in range(2)] == [Command("amount", 0.5), Command("compare", 1)]
    finally:
        surface.close()


@pytest.fixture
def device(home: Path, tmp_path: Path) -> Iterator[Device]:
    with backend(tmp_path / "ports"), plugged_in(tmp_path / "ports", "X-TOUCH MINI 20:0") as device:
        yield device


def move(device: Device, messages: list[mido.Message]) -> None:
    """The user, once the command listens."""
    if messages:
        device.connections(1)
        device.send(*messages)


def test_learning_runs_as_printed(device: Device, home: Path) -> None:
    moved = {
        "amount": [mido.Message("control_change", control=3, value=value) for value in range(12)],
        "compare": [mido.Message("note_on", note=40, velocity=9)],
    }
    for _, *arguments in (line for line in shell_lines(SURFACES) if line[1:2] == ["midi"]):
        messages = moved.get(arguments[2] if len(arguments) > 2 else "", [])
        user = threading.Thread(target=move, args=(device, messages))
        user.start()
        result = run(arguments)
        user.join()
        assert result.exit_code == 0, result.output
        device.unplug()
        device.plug_in()
    learned = {binding.command: binding for binding in load_bindings(home).control}
    assert (learned["amount"].kind, learned["amount"].number) == ("cc", 3)
    assert (learned["compare"].kind, learned["compare"].toggle) == ("note", True)
