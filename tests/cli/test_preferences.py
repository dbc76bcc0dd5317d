"""`bridge prefer`: what is kept, listed and forgotten, and what is no preference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main


@pytest.fixture
def prefer(tmp_path: Path):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(tmp_path), "prefer", *arguments])

    return run


def kept(prefer) -> dict[str, str | None]:
    return {row["kind"]: row["plugin"] for row in json.loads(prefer("--json", "-").output)}


def test_a_preference_is_kept_listed_and_forgotten(prefer) -> None:
    assert set(kept(prefer).values()) == {None}
    assert prefer("eq", "Pro-Q 3").exit_code == 0
    assert "Pro-Q 3" in prefer("compressor", "VST3: ZamCompX2").output
    assert (kept(prefer)["eq"], kept(prefer)["compressor"]) == ("Pro-Q 3", "VST3: ZamCompX2")
    prefer("eq", "--forget")
    assert (kept(prefer)["eq"], kept(prefer)["compressor"]) == (None, "VST3: ZamCompX2")
    prefer("--forget")
    assert set(kept(prefer).values()) == {None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tape", "Satin"], "'tape' is no kind of FX. Choose one of eq, compressor"),
        (["eq", "Pro\nQ"], "is no name of an FX. Write it as REAPER's FX browser shows it"),
        (["eq", "x" * 500], "is no name of an FX"),
    ],
)
def test_what_is_no_preference(prefer, arguments: list[str], said: str) -> None:
    result = prefer(*arguments)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("arguments", [["eq"], ["eq", "Pro-Q 3", "--forget"]])
def test_half_a_preference_is_refused(prefer, arguments: list[str]) -> None:
    assert prefer(*arguments).exit_code == 2


def test_a_broken_list_is_named(prefer, tmp_path: Path) -> None:
    (tmp_path / "preferences.json").write_text("[1, 2")
    result = prefer()
    assert result.exit_code == 2
    assert "preferences.json cannot be read" in result.output
