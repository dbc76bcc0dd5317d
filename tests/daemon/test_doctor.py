"""The doctor names each fault with its remedy, and every fault of its table can be found."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mido
import msgspec
import pytest
from daemon_process import Home

from bridge import __version__
from bridge.daemon.doctor import daemon_checks, reaper_checks, sound_checks
from bridge.daemon.doctor.findings import FAULTS, Finding
from bridge.errors import SettingsError
from bridge.reaper.install import FOLDER, install
from bridge.reaper.installing.places import INI, KEY_MAP, PATTERNS, STARTUP
from bridge.reaper.installing.surface_entry import Surface
from bridge.settings import Settings


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bound(port: int, answer: bytes = b"") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        yield taken


def by_link(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.link: finding for finding in findings}


def is_fault(finding: Finding, name: str) -> bool:
    """Whether the finding is this fault of the table."""
    sign = FAULTS[name].sign.split("{")[0] or FAULTS[name].sign.split("}")[-1]
    return not finding.is_ok and finding.link == FAULTS[name].link and sign in finding.finding and bool(finding.remedy)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", reaper_osc_port=free_port(), osc_port=free_port())


@pytest.fixture
def resource_path(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "REAPER Ü"
    folder.mkdir()
    (folder / INI).write_bytes(b"[REAPER]\r\n")
    install(folder, settings.home, surface=Surface(settings.reaper_osc_port, 9011), start_command=["/bin/none", "x y"])
    return folder


def reapers(settings: Settings, resource_path: Path) -> dict[str, Finding]:
    return by_link(reaper_checks.all_of(settings, resource_path))


def test_a_whole_installation_is_sound(settings: Settings, resource_path: Path) -> None:
    found = reapers(settings, resource_path)
    assert all(found[link].is_ok for link in ("REAPER", "scripts", "actions", "surface")), found
    assert is_fault(found["startup"], "startup")  # its program does not exist
    assert "/bin/none" in found["startup"].finding
    install(resource_path, settings.home, surface=Surface(settings.reaper_osc_port, 9011))
    assert reapers(settings, resource_path)["startup"].is_ok


def test_without_a_folder_only_that_is_said(settings: Settings, tmp_path: Path) -> None:
    found = reapers(settings, tmp_path / "nowhere")
    assert list(found) == ["REAPER"]
    assert is_fault(found["REAPER"], "reaper")
    assert "--resource-path" in found["REAPER"].remedy


def test_scripts_that_are_missing_old_changed_or_of_another_home(settings: Settings, resource_path: Path) -> None:
    notes = resource_path / FOLDER / "installed.json"
    as_installed = notes.read_bytes()
    script = resource_path / FOLDER / "lib" / "say.lua"
    content = script.read_bytes()
    script.write_bytes(b"-- mine")
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts changed")
    script.write_bytes(content)
    notes.write_bytes(as_installed.replace(f'"{__version__}"'.encode(), b'"0.0.1"', 1))
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts old")
    notes.write_bytes(as_installed)
    other = msgspec.structs.replace(settings, home=settings.home / "other")
    assert is_fault(reapers(other, resource_path)["scripts"], "scripts home")
    notes.unlink()
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts missing")


def test_actions_and_surface_that_reaper_does_not_have(settings: Settings, resource_path: Path) -> None:
    (resource_path / KEY_MAP).write_bytes(b"")
    assert is_fault(reapers(settings, resource_path)["actions"], "actions")
    elsewhere = msgspec.structs.replace(settings, reaper_osc_port=free_port())
    assert is_fault(reapers(elsewhere, resource_path)["surface"], "surface ports")
    ini = resource_path / INI
    ini.write_bytes(
        ini.read_bytes().replace(b"csurf_cnt=1", b"csurf_cnt=2")
        + f'csurf_1=OSC "Tablet" 3 {settings.reaper_osc_port} "10.0.0.7" 9000 1024 10 ""\r\n'.encode()
    )
    assert is_fault(reapers(settings, resource_path)["surface"], "surface shared")
    ini.write_bytes(b"[REAPER]\r\n")
    assert is_fault(reapers(settings, resource_path)["surface"], "surface missing")


def test_patterns_that_are_somebody_elses(settings: Settings, resource_path: Path) -> None:
    (resource_path / PATTERNS).write_bytes(b"# mine")
    assert is_fault(reapers(settings, resource_path)["surface"], "patterns")


def test_a_port_that_is_taken_or_closed(
    settings: Settings, resource_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bound(settings.reaper_osc_port):
        assert is_fault(reapers(settings, resource_path)["REAPER's port"], "port taken")
    monkeypatch.setattr(reaper_checks, "is_running", lambda: True)  # what it says is tested beside it
    assert is_fault(reapers(settings, resource_path)["REAPER's port"], "port closed")
    with bound(settings.reaper_osc_port):
        assert reapers(settings, resource_path)["REAPER's port"].is_ok


def test_a_block_without_a_command_is_a_fault(settings: Settings, resource_path: Path) -> None:
    start = resource_path / STARTUP
    start.write_bytes(start.read_bytes().replace(b"reaper.ExecProcess", b"nothing"))
    assert is_fault(reapers(settings, resource_path)["startup"], "startup")


def test_a_daemon_that_is_off_silent_or_old(settings: Settings) -> None:
    settings.spool.mkdir(parents=True)
    beat = {"schema": 1, "version": __version__, "pid": 7, "time_s": time.time(), "osc_port": 9000}
    for change, name in (({"time_s": 0.0}, "daemon silent"), ({"version": "0.0.1"}, "daemon old")):
        (settings.spool / "heartbeat.json").write_text(json.dumps({**beat, **change}))
        assert is_fault(by_link(daemon_checks.daemon(settings))["daemon"], name)
    (settings.spool / "heartbeat.json").unlink()
    assert is_fault(by_link(daemon_checks.daemon(settings))["daemon"], "daemon off")
    assert not list(sound_checks.round_trip(settings))


def test_an_osc_port_where_nobody_or_somebody_else_answers(settings: Settings) -> None:
    import threading

    assert is_fault(by_link(daemon_checks.osc(settings))["OSC"], "osc silent")
    with bound(settings.osc_port) as other:

        def answer() -> None:
            _, sender = other.recvfrom(4096)
            other.sendto(b"hello\0\0\0", sender)

        thread = threading.Thread(target=answer)
        thread.start()
        assert is_fault(by_link(daemon_checks.osc(settings))["OSC"], "osc foreign")
        thread.join(10)


def test_a_home_that_cannot_be_and_a_disk_that_is_full(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_fault(
        by_link(daemon_checks.home(msgspec.structs.replace(settings, home=tmp_path / "file")))["home"], "home"
    )
    full = msgspec.structs.replace(settings, spool_free_mib=1 << 40)
    assert is_fault(by_link(daemon_checks.home(full))["disk"], "disk")


def test_a_damaged_or_missing_model_is_named(settings: Settings) -> None:
    (settings.user_models / "bad").mkdir(parents=True)
    (settings.user_models / "bad" / "model.json").write_text("{}")
    findings = list(sound_checks.model(settings))
    assert [is_fault(finding, "model") for finding in findings] == [True, False]
    missing = msgspec.structs.replace(settings, default_model="there-is-none")
    assert any("there-is-none" in finding.finding for finding in sound_checks.model(missing) if not finding.is_ok)


def test_a_request_travels_through_the_daemon_and_back(home: Home) -> None:
    settings = Settings(home=home.folder, spool_free_mib=1)
    with home.daemon():
        (finding,) = sound_checks.round_trip(settings)
        assert finding.is_ok, finding
        assert "answered after" in finding.finding
        assert not [f for name in ("requests", "audio", "replies") for f in (home.spool.folder / name).iterdir()]


def test_an_answer_that_does_not_come_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life and no daemon behind it."""
    from bridge.reaper.spool import Spool

    Spool(settings.spool, free_mib=1).create()
    beat = {"schema": 1, "version": __version__, "pid": 7, "time_s": time.time(), "osc_port": 9000}
    (settings.spool / "heartbeat.json").write_text(json.dumps(beat))
    monkeypatch.setattr(sound_checks, "ROUND_TRIP_LIMIT_S", 0.1)
    (finding,) = sound_checks.round_trip(settings)
    assert is_fault(finding, "no answer")
    assert not list((settings.spool / "requests").iterdir())


def test_the_table_fills_in_without_gaps() -> None:
    with pytest.raises(KeyError):
        FAULTS["disk"].sign.format()
    assert all(fault.link and fault.sign and fault.remedy for fault in FAULTS.values())
    assert issubclass(SettingsError, Exception)


def test_a_midi_surface_that_is_not_there_is_named_with_what_helps(settings: Settings) -> None:
    assert by_link(daemon_checks.midi(settings))["MIDI"].is_ok  # none is asked for
    asked = msgspec.structs.replace(settings, midi_input="X-TOUCH")
    mido.set_backend("mido.backends.there_is_none")
    try:
        finding = by_link(daemon_checks.midi(asked))["MIDI"]
    finally:
        mido.set_backend()
    assert not finding.is_ok
    assert "python-rtmidi" in finding.finding
    assert finding.remedy == FAULTS["midi"].remedy


def test_every_fault_of_the_table_is_one_that_a_check_can_yield() -> None:
    sources = "".join(
        Path(module.__file__).read_text("utf-8") for module in (daemon_checks, reaper_checks, sound_checks)
    )
    assert not [name for name in FAULTS if f'fault("{name}"' not in sources]
