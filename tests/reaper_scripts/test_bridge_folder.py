"""lib/runtime/bridge_folder.lua: scripts and daemon look in the same folder."""

import sys
from pathlib import Path

import pytest
from reaper_session import ReaperSession, set_comp

from bridge.reaper.install.install import HOME_FILE
from bridge.settings import default_home
from bridge.standin import StandIn

PROBE = """
package.path = "LIB/?.lua"
reaper.ShowConsoleMsg(tostring(require("runtime.bridge_folder").find()))
"""


@pytest.fixture
def find(tmp_path: Path, lua: str, monkeypatch: pytest.MonkeyPatch):
    """`find(ext, file, **environment)`: the home that a script finds."""
    from bridge.settings import shipped_folder

    def look(*, ext: str = "", file: str = "", os_name: str = "", **environment: str) -> str:
        for name in ("BRIDGE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        scripts = tmp_path / "actions"
        scripts.mkdir(exist_ok=True)
        lib = (shipped_folder("reaper_scripts") / "lib").as_posix()
        (scripts / "probe.lua").write_text(PROBE.replace("LIB", lib), encoding="utf-8")
        if file:
            (scripts / "home.txt").write_text(file, encoding="utf-8")
        with StandIn(tmp_path / "home", lua=lua, scripts=scripts) as reaper:
            reaper.ext_state = {("Bridge", "home"): ext} if ext else {}
            reaper.os_name = os_name
            reaper.resource_path = "C:\\Users\\Jürgen\\AppData\\Roaming\\REAPER"
            reaper.run_action("probe.lua")
            return reaper.messages.console[0]

    return look


def test_the_order_is_ext_state_file_variable(find) -> None:
    assert find(ext="/from ext", file="/from file\n", BRIDGE_HOME="/from variable") == "/from ext"
    assert find(file="/from file\n", BRIDGE_HOME="/from variable") == "/from file"


def test_the_variable_comes_before_the_default(find) -> None:
    assert find(BRIDGE_HOME="/from variable") == "/from variable"


@pytest.mark.skipif(sys.platform != "linux", reason="the daemon's side of the comparison is of this platform")
@pytest.mark.parametrize("environment", [{}, {"XDG_DATA_HOME": "/data of üser"}, {"BRIDGE_HOME": "/my home"}])
def test_scripts_and_daemon_agree_by_default(find, environment: dict[str, str]) -> None:
    found = find(HOME="/home/me", **environment)
    assert found == str(default_home())


def test_other_platforms_have_their_own_place(find) -> None:
    assert find(os_name="macOS-arm64", HOME="/Users/me") == "/Users/me/Library/Application Support/Bridge"
    assert find(os_name="Win64", LOCALAPPDATA=r"C:\Users\me\AppData\Local") == r"C:\Users\me\AppData\Local\Bridge"


def test_an_umlaut_in_the_windows_user_name_is_found_beside_reapers_folder(find) -> None:
    found = find(os_name="Win64", LOCALAPPDATA="C:\\Users\\J\u00fcrgen\\AppData\\Local")
    assert found == "C:\\Users\\Jürgen\\AppData\\Local\\Bridge"


def test_installed_scripts_find_home_by_what_the_installer_left(
    desk: ReaperSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole action as a user has it: scripts in REAPER's resource folder, no ext state, no variable."""
    for name in ("BRIDGE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert ("Bridge", "home") not in desk.reaper.ext_state
    assert desk.reaper.scripts_folder.is_relative_to(desk.reaper.resource_path)
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == (0.4, 0.3)
    (desk.reaper.scripts_folder / HOME_FILE).unlink()
    desk.reaper.os_name = "Other"
    desk.run()
    assert "Bridge's daemon is not running" in desk.box
