"""Listings: what is usable, what is not and why; one bad entry never hides the others. And the doctor's findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_model import save_neutral_model

from bridge.cli import main
from bridge.plugins.chain.chain_file import load_chain
from bridge.settings import load_settings


@pytest.fixture
def home(bridge_home: Path) -> Path:
    return bridge_home


def listed(*arguments: str, status: int = 0) -> list[dict]:  # type: ignore[type-arg]
    result = CliRunner().invoke(main, [*arguments, "--json", "-"])
    assert result.exit_code == status, result.output
    rows: list[dict] = json.loads(result.stdout)  # type: ignore[type-arg]
    return rows


def test_a_damaged_model_is_listed_with_its_fault_beside_the_others(home: Path) -> None:
    save_neutral_model(home / "models" / "mine")
    (home / "models" / "bad").mkdir()
    (home / "models" / "bad" / "model.json").write_text("{}")
    rows = {row["name"]: row for row in listed("models")}
    assert "damaged" in rows["bad"]["fault"]
    assert rows["mine"]["controls"] == rows["channel-strip"]["controls"] == 16
    assert rows["channel-strip"]["scores"]


def test_models_are_shown_with_what_they_leave_of_the_distance(home: Path) -> None:
    save_neutral_model(home / "models" / "mine")
    result = CliRunner().invoke(main, ["models"], env={"COLUMNS": "200"})
    lines = {line.split("│")[1].strip(): line for line in result.stdout.splitlines() if "│" in line}
    (score,) = [
        row["ratio"]
        for model in listed("models")
        if model["name"] == "channel-strip"
        for row in model["scores"]["test"]["songs"]["match"]
        if row["method"] == "model"
    ]
    assert f"match {score:.2f}" in lines["channel-strip"]
    assert "not evaluated" in lines["mine"]


def test_where_there_is_no_style_it_is_said_how_to_add_one(home: Path) -> None:
    result = CliRunner().invoke(main, ["styles", "list"])
    assert "reaper-bridge styles add" in result.stdout
    assert listed("styles", "list") == []


def test_a_chain_that_cannot_be_used_is_listed_with_its_fault_beside_the_others(home: Path) -> None:
    (home / "chains").mkdir(parents=True)
    (home / "chains" / "gone.toml").write_text('[[slot]]\nplugin = "vst3:NoSuchPlugin"\n[slot.control.x]\n')
    rows = {row["name"]: row for row in listed("chain", "list")}
    assert "NoSuchPlugin" in rows["gone"]["fault"]
    assert "fault" not in rows["channel-strip"]


def test_plugins_lists_built_in_and_installed_ones(home: Path) -> None:
    names = {row["name"] for row in listed("plugins")}
    assert {"builtin:PeakFilter", "vst3:ZamCompX2"} <= names


def test_a_new_chain_can_be_loaded_and_shown(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "my chain.toml"
    result = CliRunner().invoke(main, ["chain", "new", "builtin:HighpassFilter", "builtin:Compressor", "-o", str(file)])
    assert result.exit_code == 0, result.output
    assert [slot.plugin for slot in load_chain(file).slots] == ["builtin:HighpassFilter", "builtin:Compressor"]
    again = CliRunner().invoke(main, ["chain", "new", "builtin:Gain", "-o", str(file)])
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_the_doctor_names_each_fault_with_its_remedy(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    monkeypatch.setenv("BRIDGE_OSC_PORT", "9871")
    findings = {row["link"]: row for row in listed("doctor", status=1)}
    assert {link for link, row in findings.items() if not row["is_ok"]} >= {"daemon", "OSC"}
    assert "reaper-bridge daemon" in findings["daemon"]["remedy"]
    assert findings["plugins"]["is_ok"]
    assert findings["model"]["is_ok"]
    assert all(row["is_ok"] or row["remedy"] for row in findings.values())


def test_install_sees_a_surface_of_reapers_own_on_the_daemons_port_and_offers_another(
    home: Path, tmp_path: Path
) -> None:
    resource = tmp_path / "REAPER"
    resource.mkdir()
    (resource / "reaper.ini").write_bytes(
        b'[REAPER]\ncsurf_cnt=1\ncsurf_0=OSC "iPad" 7 9000 "192.168.0.9" 9002 1024 10 "Default"\n'
    )
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text("# mine\nworkers = 1\n", "utf-8")
    command = ["install", "--resource-path", str(resource)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "UDP port 9000, on which the daemon listens for OSC, is taken by REAPER's own control surface 'iPad'" in (
        result.output
    )
    assert "osc_port = 90" in result.output
    assert (home / "config.toml").read_text("utf-8") == "# mine\nworkers = 1\n"
    result = CliRunner().invoke(main, [*command, "--free-ports"])
    assert result.exit_code == 0, result.output
    settings = load_settings({"home": home})
    assert settings.osc_port not in (9000, 9010)
    assert settings.workers == 1
    assert "is taken" not in CliRunner().invoke(main, command).output


def test_installing_from_the_command_line_and_back(home: Path, tmp_path: Path) -> None:
    resource = tmp_path / "REAPER (portable)"
    resource.mkdir()
    (resource / "reaper.ini").write_bytes(b"[REAPER]\r\ncsurf_cnt=0\r\n")
    result = CliRunner().invoke(main, ["install", "--start-daemon", "--resource-path", str(resource)])
    assert result.exit_code == 0, result.output
    assert (resource / "Scripts" / "Bridge" / "bridge_automix.lua").is_file()
    assert (resource / "Scripts" / "__startup.lua").is_file()
    assert b'csurf_0=OSC "Bridge" 1 9010' in (resource / "reaper.ini").read_bytes()
    assert "firewall" in result.output
    result = CliRunner().invoke(main, ["install", "--start-daemon", "--resource-path", str(resource)])
    assert "Nothing to do" in result.output
    result = CliRunner().invoke(main, ["uninstall", "--resource-path", str(resource)])
    assert result.exit_code == 0, result.output
    assert [file.name for file in resource.rglob("*")] == ["reaper.ini"]
    assert (resource / "reaper.ini").read_bytes() == b"[REAPER]\r\ncsurf_cnt=0\r\n"
