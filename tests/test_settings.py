"""Settings: precedence, unknown keys, and messages that name key, value and place."""

from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import default_home, load_settings, shipped_folder


def test_command_line_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("osc_port = 1111\nworkers = 3\nosc_feedback_port = 7\n")
    environment = {"BRIDGE_HOME": str(tmp_path), "BRIDGE_OSC_PORT": "2222", "BRIDGE_WORKERS": "4"}
    settings = load_settings({"osc_port": 3333}, environment=environment)
    assert (settings.osc_port, settings.workers, settings.osc_feedback_port) == (3333, 4, 7)
    assert settings.osc_host == "127.0.0.1"
    assert settings.spool == tmp_path / "spool"


def test_an_option_that_is_none_was_not_given(tmp_path: Path) -> None:
    settings = load_settings({"osc_port": None}, environment={"BRIDGE_HOME": str(tmp_path), "BRIDGE_OSC_PORT": "5"})
    assert settings.osc_port == 5


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("osc_prot = 9000", ["config.toml", "osc_prot", "osc_port"]),
        ('osc_port = "nine"', ["config.toml", "osc_port", "nine"]),
        ("osc_port = ", ["config.toml", "TOML"]),
        ("\xff", ["config.toml", "TOML"]),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, named: list[str]) -> None:
    (tmp_path / "config.toml").write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError) as error:
        load_settings(environment={"BRIDGE_HOME": str(tmp_path)})
    assert all(word in str(error.value) for word in named)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"BRIDGE_OSC_PORT.*'abc'"):
        load_settings(environment={"BRIDGE_HOME": str(tmp_path), "BRIDGE_OSC_PORT": "abc"})


def test_home_comes_from_the_variable_with_spaces_and_umlauts(tmp_path: Path) -> None:
    home = tmp_path / "Jörgs Ordner"
    assert default_home({"BRIDGE_HOME": str(home)}) == home
    assert default_home({}).name == "Bridge"


def test_what_ships_is_found_beside_the_package() -> None:
    assert (shipped_folder("models") / "chains" / "channel-strip.toml").is_file()
    assert list(shipped_folder("reaper_scripts").glob("*.lua"))


def test_a_file_nested_without_end_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("workers = " + "[" * 100_000, "utf-8")
    with pytest.raises(SettingsError, match=r"config\.toml is not valid TOML.*Mend or remove"):
        load_settings(environment={"BRIDGE_HOME": str(tmp_path)})


def test_lists_come_from_file_and_variable(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('osc_allow = ["10.0.0.1"]', "utf-8")
    assert load_settings(environment={"BRIDGE_HOME": str(tmp_path)}).osc_allow == ("10.0.0.1",)
    variables = {"BRIDGE_HOME": str(tmp_path), "BRIDGE_OSC_ALLOW": "1.2.3.4, 5.6.7.0/24"}
    assert load_settings(environment=variables).osc_allow == ("1.2.3.4", "5.6.7.0/24")


@pytest.mark.parametrize(
    "line",
    [
        "osc_port = 65536",
        "osc_port = -1",
        "osc_feedback_port = 0",
        "reaper_osc_port = 99999",
        "reaper_feedback_port = 1e3",
        "workers = -1",
        "workers = 1000",
        "plugin_load_limit_s = 0",
        "plugin_render_limit_s = nan",
        "plugin_render_limit_s = inf",
        "spool_free_mib = -5",
        "osc_allow = 5",
        "osc_allow = [1]",
        "midi_input = 2026-01-01",
        "home = 5\nnothing = 1",
    ],
)
def test_values_that_make_no_sense_are_refused_in_one_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "config.toml").write_text(line, "utf-8")
    with pytest.raises(SettingsError) as error:
        load_settings(environment={"BRIDGE_HOME": str(tmp_path)})
    assert line.split("\n")[-1].split(" ")[0] in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load_settings(environment={"BRIDGE_HOME": str(tmp_path)})
