"""The doctor names each fault with its remedy, and every fault of its table can be found."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mido
import msgspec
import pytest
from daemon_process import Home

from bridge import __version__
from bridge.daemon.doctor import daemon_checks, processing_checks, reaper_checks
from bridge.daemon.doctor.findings import FAULTS, Finding
from bridge.reaper.install.actions import REAPACK_FOLDER, actions, known_ids
from bridge.reaper.install.install import FOLDER, install
from bridge.reaper.install.resource_path import INI, KEY_MAP, PATTERNS, STARTUP
from bridge.reaper.install.surface_entry import SurfaceEntry
from bridge.reaper.protocol.messages import SCHEMA
from bridge.settings import Settings, shipped_folder


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
    install(
        folder, settings.home, surface=SurfaceEntry(settings.reaper_osc_port, 9011), start_command=["/bin/none", "x y"]
    )
    return folder


def reapers(settings: Settings, resource_path: Path) -> dict[str, Finding]:
    return by_link(reaper_checks.check_reaper(settings, resource_path))


def test_a_whole_installation_is_sound(settings: Settings, resource_path: Path) -> None:
    found = reapers(settings, resource_path)
    assert all(found[link].is_ok for link in ("REAPER", "scripts", "actions", "surface")), found
    assert is_fault(found["startup"], "startup")  # its program does not exist
    assert "/bin/none" in found["startup"].finding
    install(resource_path, settings.home, surface=SurfaceEntry(settings.reaper_osc_port, 9011))
    assert reapers(settings, resource_path)["startup"].is_ok


def test_without_a_folder_only_that_is_said(settings: Settings, tmp_path: Path) -> None:
    found = reapers(settings, tmp_path / "nowhere")
    assert list(found) == ["REAPER"]
    assert is_fault(found["REAPER"], "reaper")
    assert "--resource-path" in found["REAPER"].remedy


def test_scripts_that_are_missing_old_changed_or_of_another_home(settings: Settings, resource_path: Path) -> None:
    notes = resource_path / FOLDER / "installed.json"
    as_installed = notes.read_bytes()
    script = resource_path / FOLDER / "lib" / "ui" / "messages.lua"
    content = script.read_bytes()
    script.write_bytes(b"-- mine")
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts changed")
    script.write_bytes(content)
    notes.write_bytes(as_installed.replace(f'"{__version__}"'.encode(), b'"0.0.1"', 1))
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts old")
    notes.write_bytes(as_installed.replace(b"messages.lua", b"say.lua", 1))
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts other")  # an earlier state of this version
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


def test_a_surface_of_reapers_own_on_the_daemons_port_is_named(settings: Settings, resource_path: Path) -> None:
    ini = resource_path / INI
    ini.write_bytes(
        ini.read_bytes().replace(b"csurf_cnt=1", b"csurf_cnt=2")
        + f'csurf_1=OSC "iPad" 7 {settings.osc_port} "10.0.0.7" 9001 1024 10 ""\r\n'.encode()
    )
    found = reapers(settings, resource_path)["surface"]
    assert is_fault(found, "surface on osc port")
    assert "iPad" in found.finding


def test_a_surface_that_still_sends_is_told_to_be_installed_again(settings: Settings, resource_path: Path) -> None:
    ini = resource_path / INI
    ini.write_bytes(ini.read_bytes().replace(b'OSC "Bridge" 1 ', b'OSC "Bridge" 3 '))
    assert is_fault(reapers(settings, resource_path)["surface"], "surface sends")
    install(resource_path, settings.home, surface=SurfaceEntry(settings.reaper_osc_port, 9011))
    assert reapers(settings, resource_path)["surface"].is_ok


def test_patterns_that_are_somebody_elses(settings: Settings, resource_path: Path) -> None:
    (resource_path / PATTERNS).write_bytes(b"# mine")
    assert is_fault(reapers(settings, resource_path)["surface"], "patterns")


def test_a_port_that_is_taken_or_closed(
    settings: Settings, resource_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bound(settings.reaper_osc_port):
        found = reapers(settings, resource_path)["REAPER's port"]
        assert is_fault(found, "port taken")
        assert f"process {os.getpid()}" in found.finding
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
    beat = {"schema": SCHEMA, "version": __version__, "pid": 7, "time_s": time.time(), "osc_port": 9000}
    changes = (
        ({"time_s": 0.0}, "daemon silent"),
        ({"time_s": 0.0, "schema": 1}, "daemon silent"),
        ({"version": "0.0.1"}, "daemon old"),
        ({"schema": 1}, "daemon old"),  # of an earlier state of this version
    )
    for change, name in changes:
        (settings.spool / "heartbeat.json").write_text(json.dumps({**beat, **change}))
        assert is_fault(by_link(daemon_checks.check_daemon(settings))["daemon"], name)
    (settings.spool / "heartbeat.json").unlink()
    assert is_fault(by_link(daemon_checks.check_daemon(settings))["daemon"], "daemon off")
    assert not list(processing_checks.check_round_trip(settings))


def test_an_osc_port_where_nobody_or_somebody_else_answers(settings: Settings) -> None:
    import threading

    assert is_fault(by_link(daemon_checks.check_osc(settings))["OSC"], "osc silent")
    with bound(settings.osc_port):
        found = by_link(daemon_checks.check_osc(settings))["OSC"]  # as REAPER's own surface: it answers nothing
        assert is_fault(found, "osc taken")
        assert f"(process {os.getpid()})" in found.finding
    with bound(settings.osc_port) as other:

        def answer(text: bytes) -> None:
            _, sender = other.recvfrom(4096)
            other.sendto(text, sender)

        for text, name in ((b"hello\0\0\0", "osc foreign"), (b"/bridge/status\0\0,\0\0\0", "osc elsewhere")):
            thread = threading.Thread(target=answer, args=(text,))
            thread.start()
            assert is_fault(by_link(daemon_checks.check_osc(settings))["OSC"], name)
            thread.join(10)


def test_a_home_that_cannot_be_and_a_disk_that_is_full(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_fault(
        by_link(daemon_checks.check_home(msgspec.structs.replace(settings, home=tmp_path / "file")))["home"], "home"
    )
    full = msgspec.structs.replace(settings, spool_free_mib=1 << 40)
    assert is_fault(by_link(daemon_checks.check_home(full))["disk"], "disk")


def test_a_damaged_or_missing_model_is_named(settings: Settings) -> None:
    (settings.user_models / "bad").mkdir(parents=True)
    (settings.user_models / "bad" / "model.json").write_text("{}")
    findings = list(processing_checks.check_model(settings))
    assert [is_fault(finding, "model") for finding in findings] == [True, False]
    missing = msgspec.structs.replace(settings, default_model="there-is-none")
    assert any(
        "there-is-none" in finding.finding for finding in processing_checks.check_model(missing) if not finding.is_ok
    )


def test_a_request_travels_through_the_daemon_and_back(home: Home) -> None:
    settings = Settings(home=home.folder, spool_free_mib=1)
    with home.daemon():
        (finding,) = processing_checks.check_round_trip(settings)
        assert finding.is_ok, finding
        assert "answered after" in finding.finding
        assert not [f for name in ("requests", "audio", "replies") for f in (home.spool.folder / name).iterdir()]


def test_an_answer_that_does_not_come_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life and no daemon behind it."""
    from bridge.reaper.protocol.spool import Spool

    Spool(settings.spool, free_mib=1).create()
    beat = {"schema": SCHEMA, "version": __version__, "pid": 7, "time_s": time.time(), "osc_port": 9000}
    (settings.spool / "heartbeat.json").write_text(json.dumps(beat))
    monkeypatch.setattr(processing_checks, "ROUND_TRIP_LIMIT_S", 0.1)
    (finding,) = processing_checks.check_round_trip(settings)
    assert is_fault(finding, "no answer")
    assert not list((settings.spool / "requests").iterdir())


def test_the_table_fills_in_without_gaps() -> None:
    with pytest.raises(KeyError):
        FAULTS["disk"].sign.format()
    assert all(fault.link and fault.sign and fault.remedy for fault in FAULTS.values())


def test_a_midi_surface_that_is_not_there_is_named_with_what_helps(settings: Settings) -> None:
    assert by_link(daemon_checks.check_midi(settings))["MIDI"].is_ok  # none is asked for
    asked = msgspec.structs.replace(settings, midi_input="X-TOUCH")
    mido.set_backend("mido.backends.there_is_none")
    try:
        finding = by_link(daemon_checks.check_midi(asked))["MIDI"]
    finally:
        mido.set_backend()
    assert not finding.is_ok
    assert "python-rtmidi" in finding.finding
    assert finding.remedy == FAULTS["midi"].remedy


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="programs are found by their endings there")
def test_the_command_is_told_apart_from_another_of_its_name(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    missing = by_link(daemon_checks.check_command(settings))["command"]
    assert missing.is_ok  # who reads it has found the command
    assert (missing.finding, missing.remedy) == (FAULTS["command not found"].sign, FAULTS["command not found"].remedy)
    other = program(tmp_path / "bin", "bridge", "#!/bin/sh\n")
    taken = by_link(daemon_checks.check_command(settings))["command"]
    assert (taken.finding, taken.remedy) == (
        FAULTS["command taken"].sign.format(path=other),
        FAULTS["command taken"].remedy,
    )
    program(tmp_path / "bin", "reaper-bridge", "#!/usr/bin/python3\n")
    assert not by_link(daemon_checks.check_command(settings))["command"].remedy


def other_model(settings: Settings, model_folder: Path, change: Callable[[dict], None]) -> None:
    """The default model with another manifest."""
    folder = settings.user_models / settings.default_model
    shutil.copytree(model_folder, folder)
    manifest = json.loads((folder / "model.json").read_bytes())
    change(manifest)
    (folder / "model.json").write_text(json.dumps(manifest))


def test_a_plugin_that_is_not_installed_is_named(settings: Settings, model_folder: Path) -> None:
    def change(manifest: dict) -> None:
        manifest["chain"]["slots"][0]["plugin"] = "vst3:ThereIsNone"

    other_model(settings, model_folder, change)
    (finding,) = processing_checks.check_plugins(settings)
    assert is_fault(finding, "plugins")
    assert "ThereIsNone" in finding.finding


def test_a_chain_that_is_heard_at_rest_is_named(settings: Settings, model_folder: Path) -> None:
    def change(manifest: dict) -> None:
        gain = next(slot for slot in manifest["chain"]["slots"] if slot["plugin"] == "builtin:Gain")
        gain["controls"][0]["neutral"] = 0.0

    other_model(settings, model_folder, change)
    (finding,) = processing_checks.check_plugins(settings)
    assert is_fault(finding, "plugins changed")


def test_a_daemon_that_is_starting_is_told_as_such() -> None:
    """Its socket or its first answer may take seconds: nothing is wrong then."""
    for name in ("osc silent", "no answer"):
        assert "is starting" in FAULTS[name].remedy and "try again in a moment" in FAULTS[name].remedy


def test_sound_plugins_are_told_in_words(settings: Settings, model_folder: Path) -> None:
    other_model(settings, model_folder, lambda _manifest: None)
    (finding,) = processing_checks.check_plugins(settings)
    assert finding.is_ok and "load and pass sound on" in finding.finding and "dB" not in finding.finding


def test_a_daemon_that_answers_with_an_error_is_quoted(home: Home) -> None:
    with home.daemon(environment={"BRIDGE_DEFAULT_MODEL": "there-is-none"}):
        (finding,) = processing_checks.check_round_trip(Settings(home=home.folder, spool_free_mib=1))
    assert is_fault(finding, "error answer")
    assert "there-is-none" in finding.finding


def test_scripts_that_reapack_has_brought_are_known(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "REAPER"
    shutil.copytree(shipped_folder("reaper_scripts"), folder / REAPACK_FOLDER)
    lines = [f'SCR 4 0 {known_ids(a.script)[1][1:]} "Custom: x" {a.script}\n' for a in actions()]
    (folder / KEY_MAP).write_text("".join(lines))
    (folder / INI).write_bytes(b"[REAPER]\n")
    found = reapers(settings, folder)
    assert found["scripts"].is_ok and found["actions"].is_ok, found
    script = folder / REAPACK_FOLDER / "bridge_automix.lua"
    script.write_text(script.read_text("utf-8").replace(f"@version {__version__}", "@version 9.9.9"), "utf-8")
    assert is_fault(reapers(settings, folder)["scripts"], "package old")


def test_a_home_note_that_is_no_text_is_a_fault_of_its_own(settings: Settings, resource_path: Path) -> None:
    (resource_path / FOLDER / "home.txt").write_bytes(b"/gr\xfc\xdfe\n")
    assert is_fault(reapers(settings, resource_path)["scripts"], "scripts home")


def test_every_fault_of_the_table_is_caused_here() -> None:
    here = Path(__file__).read_text("utf-8")
    assert not [name for name in FAULTS if here.count(f'"{name}"') == 0]


def test_every_fault_of_the_table_is_one_that_a_check_can_yield() -> None:
    sources = "".join(
        Path(module.__file__).read_text("utf-8") for module in (daemon_checks, reaper_checks, processing_checks)
    )
    assert not [name for name in FAULTS if f'fault("{name}"' not in sources]
