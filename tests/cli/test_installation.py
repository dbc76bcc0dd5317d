"""`bridge install`, `uninstall`, `doctor` from the command line: refused while REAPER runs; any file comes back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from named_process import running

from bridge.cli import main
from bridge.reaper.install import resource_path as places
from bridge.reaper.install.install import install, uninstall
from bridge.reaper.install.surface_entry import SurfaceEntry

MANY = int(os.environ.get("BRIDGE_EXAMPLES", "1"))
PROGRAM = "reaper-under-cli-test.exe"


@pytest.fixture
def resource_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(places, "PROGRAM_NAMES", frozenset({PROGRAM, PROGRAM[:15]}))
    folder = tmp_path / "REAPER"
    folder.mkdir()
    (folder / places.INI).write_bytes(b"[REAPER]\n")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_nothing_is_touched_while_reaper_runs(resource_path: Path, tmp_path: Path) -> None:
    before = contents(resource_path)
    with running(tmp_path / PROGRAM) as pid:
        for command in ("install", "uninstall"):
            result = CliRunner().invoke(main, [command, "--resource-path", str(resource_path)])
            assert result.exit_code == 2
            assert f"process {pid}" in result.stderr
            assert "Close it" in result.stderr
    assert contents(resource_path) == before


def test_programs_read_what_was_done(resource_path: Path) -> None:
    place = ["--resource-path", str(resource_path), "--json", "-"]
    done = json.loads(CliRunner().invoke(main, ["install", *place]).stdout)
    assert any(name.endswith("reaper.ini") for name in done["written"])
    assert Path(done["backup"]).is_dir()
    findings = {row["link"]: row for row in json.loads(CliRunner().invoke(main, ["doctor", *place]).stdout)}
    assert all(findings[link]["is_ok"] for link in ("REAPER", "scripts", "actions", "surface"))
    assert not findings["daemon"]["is_ok"]
    removed = json.loads(CliRunner().invoke(main, ["uninstall", *place]).stdout)
    assert len(removed["removed"]) >= len(done["written"]) - 1
    assert contents(resource_path) == {"reaper.ini": b"[REAPER]\n"}


def test_a_portable_folder_is_given_once(resource_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "nobody"))  # no REAPER at the usual place
    first = CliRunner().invoke(main, ["install"])
    assert first.exit_code == 2
    assert "--resource-path" in first.stderr
    assert CliRunner().invoke(main, ["install", "--resource-path", str(resource_path)]).exit_code == 0
    assert "up to date" in CliRunner().invoke(main, ["install"]).stdout
    findings = {row["link"]: row for row in json.loads(CliRunner().invoke(main, ["doctor", "--json", "-"]).stdout)}
    assert str(resource_path) in findings["REAPER"]["finding"]
    assert findings["scripts"]["is_ok"]
    assert CliRunner().invoke(main, ["uninstall"]).exit_code == 0
    assert contents(resource_path) == {"reaper.ini": b"[REAPER]\n"}
    assert CliRunner().invoke(main, ["uninstall"]).exit_code == 2  # forgotten


SAMPLES = (
    b"[REAPER]\r\ncsurf_cnt=1\r\ncsurf_0=x",
    b"\xff\xfe[\0R\0E\0A\0P\0E\0R\0]\0",
    b"\xef\xbb\xbf[reaper]\ncsurf_cnt=1\ncsurf_1=\xfc\n",
)
ANY_TEXT = st.binary(max_size=60).filter(lambda data: b"\0" not in data)
FILES = st.none() | ANY_TEXT | st.sampled_from(SAMPLES)


@given(ini=FILES, keys=FILES, startup=FILES)
@settings(max_examples=12 * MANY, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_reapers_files_hold_they_come_back(
    ini: bytes | None, keys: bytes | None, startup: bytes | None
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "REAPER"
        (folder / "Scripts").mkdir(parents=True)
        for file, data in ((places.INI, ini), (places.KEY_MAP, keys), (places.STARTUP, startup)):
            if data is not None:
                (folder / file).write_bytes(data)
        before = contents(folder)
        for port in (9010, 9010, 9020):
            install(folder, Path(name) / "home", surface=SurfaceEntry(port, 9011), start_command=["/bin/x", "ä b"])
        uninstall(folder, Path(name) / "home")
        assert contents(folder) == before
