"""Installing the scripts: complete, repeatable, and gone again without a trace; foreign files are never touched."""

from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.reaper.install import FOLDER, find_resource_path, install, read_list, scripts, uninstall


@pytest.fixture
def resource_path(tmp_path: Path) -> Path:
    folder = tmp_path / "REAPER für Jörg"
    (folder / "Scripts").mkdir(parents=True)
    (folder / "Scripts" / "mine.lua").write_text("-- mine")
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_every_script_is_installed_and_knows_where_home_is(resource_path: Path, tmp_path: Path) -> None:
    home = tmp_path / "Übungs-Ordner"
    install(resource_path, home)
    target = resource_path / FOLDER
    for script in scripts().rglob("*.lua"):
        assert (target / script.relative_to(scripts())).read_bytes() == script.read_bytes()
    assert (target / "home.txt").read_text("utf-8").strip() == str(home)


def test_installing_twice_is_the_same_as_once_and_uninstalling_leaves_no_trace(
    resource_path: Path, tmp_path: Path
) -> None:
    before = files_in(resource_path)
    install(resource_path, tmp_path)
    once = files_in(resource_path)
    install(resource_path, tmp_path)
    assert files_in(resource_path) == once
    uninstall(resource_path)
    assert files_in(resource_path) == before
    assert not (resource_path / FOLDER).exists()


def test_a_changed_script_survives_uninstalling(resource_path: Path, tmp_path: Path) -> None:
    install(resource_path, tmp_path)
    changed = resource_path / FOLDER / "bridge_automix.lua"
    changed.write_text("-- my own version")
    assert changed not in uninstall(resource_path)
    assert changed.read_text() == "-- my own version"


def test_installing_again_does_not_replace_a_changed_script(resource_path: Path, tmp_path: Path) -> None:
    install(resource_path, tmp_path)
    changed = resource_path / FOLDER / "bridge_automix.lua"
    changed.write_text("-- my own version")
    with pytest.raises(SettingsError, match=r"bridge_automix\.lua.*changed"):
        install(resource_path, tmp_path)
    assert changed.read_text() == "-- my own version"


def test_a_foreign_file_in_the_way_is_named_and_kept(resource_path: Path, tmp_path: Path) -> None:
    foreign = resource_path / FOLDER / "bridge_automix.lua"
    foreign.parent.mkdir()
    foreign.write_text("-- somebody else's")
    with pytest.raises(SettingsError, match=r"bridge_automix\.lua"):
        install(resource_path, tmp_path)
    assert files_in(resource_path / FOLDER) == {"bridge_automix.lua": b"-- somebody else's"}


def test_a_list_that_names_files_elsewhere_removes_nothing(resource_path: Path) -> None:
    (resource_path / FOLDER).mkdir()
    (resource_path / FOLDER / "installed.json").write_text('{"version": "1", "files": {"../mine.lua": "00"}}')
    with pytest.raises(SettingsError, match="outside"):
        uninstall(resource_path)
    assert (resource_path / "Scripts" / "mine.lua").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}'])
def test_a_damaged_list_is_named(resource_path: Path, text: str) -> None:
    (resource_path / FOLDER).mkdir()
    (resource_path / FOLDER / "installed.json").write_text(text)
    with pytest.raises(SettingsError, match=r"installed\.json is damaged"):
        read_list(resource_path)


def test_a_missing_resource_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--resource-path"):
        find_resource_path(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="--resource-path"):
        find_resource_path(environment={"XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path)})
