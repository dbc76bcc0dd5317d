"""Installing into REAPER's folder: complete, repeatable, and gone again without a trace; foreign files stay."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from named_process import running

from bridge.errors import SettingsError
from bridge.reaper.install import key_map, startup, surface_entry
from bridge.reaper.install import resource_path as places
from bridge.reaper.install.actions import action_id, actions
from bridge.reaper.install.install import BACKUPS, FOLDER, find_resource_path, install, read_text, scripts, uninstall
from bridge.reaper.install.record import read_record
from bridge.reaper.install.resource_path import INI, KEY_MAP, PATTERNS, STARTUP
from bridge.reaper.install.surface_entry import SurfaceEntry
from bridge.standin.reaper import StandIn

SURFACE = SurfaceEntry(9010, 9011)
COMMAND = ["/opt/python", "-m", "bridge", "daemon"]


@pytest.fixture
def resource_path(tmp_path: Path) -> Path:
    folder = tmp_path / "REAPER für Jörg"
    (folder / "Scripts").mkdir(parents=True)
    (folder / "Scripts" / "mine.lua").write_text("-- mine")
    (folder / INI).write_bytes(b'[audioconfig]\r\n[REAPER]\r\ncsurf_cnt=1\r\ncsurf_0=MCU "" 0\r\nlast=\xfc\r\n')
    (folder / KEY_MAP).write_bytes(b'SCR 4 0 RSabc "Custom: mine.lua" mine.lua')
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "Übungs-Ordner"


def files_in(folder: Path) -> dict[str, bytes | None]:
    """Files with their contents, and folders."""
    found = {f.relative_to(folder).as_posix(): f.read_bytes() if f.is_file() else None for f in folder.rglob("*")}
    return dict(sorted(found.items()))


def install_all(resource_path: Path, home: Path) -> None:
    install(resource_path, home, surface=SURFACE, start_command=COMMAND)


def test_every_script_is_installed_and_knows_where_home_is(resource_path: Path, home: Path) -> None:
    install(resource_path, home)
    target = resource_path / FOLDER
    for script in scripts().rglob("*.lua"):
        assert (target / script.relative_to(scripts())).read_bytes() == script.read_bytes()
    assert (target / "home.txt").read_text("utf-8").strip() == str(home)


def test_actions_surface_and_patterns_are_where_reaper_looks(resource_path: Path, home: Path) -> None:
    install_all(resource_path, home)
    assert {action.id for action in actions()} <= key_map.registered(read_text(resource_path, KEY_MAP))
    key_lines = (resource_path / KEY_MAP).read_bytes().splitlines()
    automix = action_id("bridge_automix.lua")[1:]
    assert key_lines[0] == b'SCR 4 0 RSabc "Custom: mine.lua" mine.lua'
    assert f'SCR 4 0 {automix} "Custom: Bridge: Auto-mix track" Bridge/bridge_automix.lua'.encode() in key_lines
    assert surface_entry.find(read_text(resource_path, INI)) == SURFACE
    assert b'csurf_1=OSC "Bridge" 1 9010 "127.0.0.1" 9011 8192 0 "Bridge"\r\n' in (resource_path / INI).read_bytes()
    patterns = [line for line in (resource_path / PATTERNS).read_bytes().splitlines() if line and line[:1] != b"#"]
    assert patterns == [b"ACTION s/action/str", b"FX_PARAM_VALUE n/track/@/fx/@/fxparam/@/value"]
    assert startup.has_block(read_text(resource_path, STARTUP))


def test_an_entry_that_sends_is_replaced_and_one_of_either_kind_taken_out(resource_path: Path, home: Path) -> None:
    before = files_in(resource_path)
    for is_upgraded in (True, False):
        install(resource_path, home, surface=SURFACE._replace(flags=3))  # as Bridge wrote it at first
        assert b'OSC "Bridge" 3 9010' in (resource_path / INI).read_bytes()
        if is_upgraded:
            install(resource_path, home, surface=SURFACE)
            assert b'OSC "Bridge" 1 9010' in (resource_path / INI).read_bytes()
            assert b'OSC "Bridge" 3' not in (resource_path / INI).read_bytes()
        uninstall(resource_path, home)
        assert files_in(resource_path) == before


def test_installing_twice_is_once_and_uninstalling_leaves_no_trace(resource_path: Path, home: Path) -> None:
    before = files_in(resource_path)
    install_all(resource_path, home)
    once = files_in(resource_path)
    again = install(resource_path, home, surface=SURFACE, start_command=COMMAND)
    assert not again.written
    assert not again.removed
    assert again.backup is None
    assert files_in(resource_path) == once
    uninstall(resource_path, home)
    assert files_in(resource_path) == before
    assert not uninstall(resource_path, home).removed


def test_an_empty_folder_is_empty_again(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    install_all(folder, home)
    assert (folder / STARTUP).is_file()
    uninstall(folder, home)
    assert files_in(folder) == {}


def test_installing_with_less_takes_the_rest_out(resource_path: Path, home: Path) -> None:
    install(resource_path, home)
    plain = files_in(resource_path)
    install_all(resource_path, home)
    install(resource_path, home)
    assert files_in(resource_path) == plain


def test_what_the_user_changes_meanwhile_stays(resource_path: Path, home: Path) -> None:
    install_all(resource_path, home)
    ini, keys = resource_path / INI, resource_path / KEY_MAP
    ini.write_bytes(ini.read_bytes().replace(b"last=\xfc", b"last=new\r\nzoom=2"))
    keys.write_bytes(keys.read_bytes() + f"\nKEY 1 66 {action_id('bridge_automix.lua')} 0\n".encode())
    (resource_path / STARTUP).write_bytes((resource_path / STARTUP).read_bytes() + b"return 1")
    uninstall(resource_path, home)
    assert ini.read_bytes() == b'[audioconfig]\r\n[REAPER]\r\ncsurf_cnt=1\r\ncsurf_0=MCU "" 0\r\nlast=new\r\nzoom=2\r\n'
    assert keys.read_bytes().endswith(f"KEY 1 66 {action_id('bridge_automix.lua')} 0\n".encode())
    assert b"SCR 4 0 RSabc" in keys.read_bytes()
    assert b"bridge_automix.lua" not in keys.read_bytes()
    assert (resource_path / STARTUP).read_bytes() == b"return 1"


def test_reapers_own_files_are_backed_up_first(resource_path: Path, home: Path) -> None:
    before = (resource_path / INI).read_bytes()
    changes = install(resource_path, home, surface=SURFACE)
    assert changes.backup is not None
    assert changes.backup.parent == home / BACKUPS
    assert (changes.backup / INI).read_bytes() == before
    assert (changes.backup / KEY_MAP).read_bytes().startswith(b"SCR 4 0 RSabc")
    for port in range(9100, 9115):
        install(resource_path, home, surface=SurfaceEntry(port, 9011))
    assert 1 < len(list((home / BACKUPS).iterdir())) <= 10


def test_modules_of_an_older_layout_are_removed(
    resource_path: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 0.1.0 had them: most modules in `lib` itself, the panel's in `lib/panel`."""
    old = tmp_path / "0.1.0"
    shutil.copytree(scripts(), old, ignore=shutil.ignore_patterns("lib"))
    for module in ("say.lua", "round.lua", "panel/desk.lua"):
        (old / "lib" / module).parent.mkdir(parents=True, exist_ok=True)
        (old / "lib" / module).write_text("return {}")
    with monkeypatch.context() as patch:
        patch.setattr("bridge.reaper.install.install.scripts", lambda: old)
        install(resource_path, home)
    assert (resource_path / FOLDER / "lib" / "panel" / "desk.lua").is_file()
    removed = install(resource_path, home).removed
    assert {path.relative_to(resource_path / FOLDER / "lib").as_posix() for path in removed} == {
        "say.lua", "round.lua", "panel/desk.lua",
    }  # fmt: skip
    assert not (resource_path / FOLDER / "lib" / "panel").exists()
    assert not list((resource_path / FOLDER / "lib").glob("*.lua"))


def test_a_changed_script_survives_uninstalling(resource_path: Path, home: Path) -> None:
    install(resource_path, home)
    changed = resource_path / FOLDER / "bridge_automix.lua"
    changed.write_text("-- my own version")
    assert uninstall(resource_path, home).kept == [changed]
    assert changed.read_text() == "-- my own version"


def test_installing_again_does_not_replace_a_changed_script(resource_path: Path, home: Path) -> None:
    install(resource_path, home)
    changed = resource_path / FOLDER / "bridge_automix.lua"
    changed.write_text("-- my own version")
    with pytest.raises(SettingsError, match=r"bridge_automix\.lua.*changed"):
        install(resource_path, home)
    assert changed.read_text() == "-- my own version"


def test_a_foreign_file_in_the_way_is_named_and_all_is_left_alone(resource_path: Path, home: Path) -> None:
    foreign = resource_path / PATTERNS
    foreign.parent.mkdir()
    foreign.write_text("# somebody else's")
    before = files_in(resource_path)
    with pytest.raises(SettingsError, match=r"Bridge\.ReaperOSC"):
        install_all(resource_path, home)
    assert files_in(resource_path) == before


def test_scripts_that_lie_there_as_they_are_now_are_taken_over(resource_path: Path, home: Path) -> None:
    """Copied by hand, or the notes of an earlier installation are gone."""
    before = files_in(resource_path)
    install_all(resource_path, home)
    (resource_path / FOLDER / "installed.json").unlink()
    install_all(resource_path, home)
    uninstall(resource_path, home)
    after = files_in(resource_path)
    assert {name for name in after if "Bridge" in name} == set()
    assert after[INI] == before[INI]


def test_a_write_that_fails_half_way_leaves_all_as_it_was(resource_path: Path, home: Path) -> None:
    (resource_path / "OSC").write_text("a file where a folder should be")
    before = files_in(resource_path)
    with pytest.raises(SettingsError, match="Nothing was changed"):
        install_all(resource_path, home)
    assert files_in(resource_path) == before


def test_a_linked_file_stays_a_link(resource_path: Path, home: Path, tmp_path: Path) -> None:
    shutil.move(resource_path / INI, tmp_path / "dotfiles.ini")
    try:
        (resource_path / INI).symlink_to(tmp_path / "dotfiles.ini")
    except OSError:
        pytest.skip("this user may make no links")
    install(resource_path, home, surface=SURFACE)
    assert (resource_path / INI).is_symlink()
    assert b"Bridge" in (tmp_path / "dotfiles.ini").read_bytes()


def test_a_binary_file_is_not_edited(resource_path: Path, home: Path) -> None:
    (resource_path / INI).write_bytes(b"[REAPER]\0\0")
    before = files_in(resource_path)
    with pytest.raises(SettingsError, match="not a text file"):
        install(resource_path, home, surface=SURFACE)
    assert files_in(resource_path) == before


def test_a_block_without_its_end_is_left_to_the_user(resource_path: Path, home: Path) -> None:
    install_all(resource_path, home)
    start = resource_path / STARTUP
    start.write_bytes(start.read_bytes().replace(startup.LAST.encode(), b""))
    with pytest.raises(SettingsError, match="by hand"):
        uninstall(resource_path, home)


def test_a_list_that_names_files_elsewhere_removes_nothing(resource_path: Path, home: Path) -> None:
    (resource_path / FOLDER).mkdir()
    for name in ("Scripts/mine.lua", "Scripts/Bridge/../mine.lua", "/etc/passwd"):
        (resource_path / FOLDER / "installed.json").write_text(f'{{"version": "1", "files": {{"{name}": "00"}}}}')
        with pytest.raises(SettingsError, match="outside"):
            uninstall(resource_path, home)
    assert (resource_path / "Scripts" / "mine.lua").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}'])
def test_a_damaged_list_is_named(resource_path: Path, text: str) -> None:
    (resource_path / FOLDER).mkdir()
    (resource_path / FOLDER / "installed.json").write_text(text)
    with pytest.raises(SettingsError, match=r"installed\.json is damaged"):
        read_record(resource_path)


def test_a_missing_resource_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--resource-path"):
        find_resource_path(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="--resource-path"):
        find_resource_path(environment={"XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path)})
    with pytest.raises(SettingsError, match=r"holds no reaper\.ini"):
        find_resource_path(tmp_path)


def test_the_resource_folder_is_found_on_every_system(tmp_path: Path) -> None:
    assert places.usual_path({"APPDATA": str(tmp_path)}, platform="win32") == tmp_path / "REAPER"
    assert places.usual_path({"XDG_CONFIG_HOME": str(tmp_path)}, platform="linux") == tmp_path / "REAPER"
    assert places.usual_path({}, platform="linux") == Path.home() / ".config" / "REAPER"
    assert places.usual_path({}, platform="darwin") == Path.home() / "Library" / "Application Support" / "REAPER"
    (tmp_path / "REAPER.ini").touch()
    assert find_resource_path(tmp_path) == tmp_path
    assert places.find_file(tmp_path, INI).name in (INI, "REAPER.ini")


def test_a_running_reaper_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of that name is started: a name of the test's own, as other tests may run beside it."""
    name = "reaper-in-test.exe"
    monkeypatch.setattr(places, "PROGRAM_NAMES", frozenset({name[:15], name}))  # Linux keeps 15 characters
    places.refuse_while_running()
    with running(tmp_path / name) as pid, pytest.raises(SettingsError, match=f"process {pid}"):
        places.refuse_while_running()
    places.refuse_while_running()


def test_reaper_knows_the_actions_by_the_ids_that_were_written(tmp_path: Path) -> None:
    """The stand-in runs what is installed; over its OSC surface the daemon asks for these very names."""
    with StandIn(home=tmp_path / "home") as reaper:
        written = key_map.registered(read_text(Path(reaper.resource_path), KEY_MAP))
        assert written == set(reaper.commands) == {action.id for action in actions()}
        assert reaper.command_name("bridge_automix.lua") == action_id("bridge_automix.lua")
