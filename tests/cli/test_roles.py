"""`bridge chain roles`: readings of a plugin's list, and corrections that stay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main

LIST = {
    "fx_name": "VST3: Squash (Somebody)",
    "parameters": [
        {"index": 3, "name": "Thresh", "texts": ["-60 dB", "0 dB"]},
        {"index": 5, "name": "Ratio", "texts": ["1:1", "20:1"]},
        {"index": 9, "name": "Wobble"},
    ],
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "Jörgs home"))
    file = tmp_path / "squash.json"
    file.write_text(json.dumps(LIST), encoding="utf-8")
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["chain", "roles", *map(str, arguments)])


def roles(file: Path, *arguments: str) -> dict[int, str]:
    result = run(file, *arguments, "--json", "-")
    assert result.exit_code == 0, result.output
    return {row["index"]: row["role"] for row in json.loads(result.stdout)["parameters"]}


def test_a_list_is_read(file: Path) -> None:
    result = run(file, "--json", "-")
    reading = json.loads(result.stdout)
    assert reading["kind"] == "compressor"
    first = reading["parameters"][0]
    assert (first["index"], first["role"], first["band"], first["unit"]) == (3, "threshold", None, "dB")
    assert 0.9 < first["confidence"] <= 1.0
    assert "threshold" in run(file).stdout


def test_a_correction_stays_with_the_plugin(file: Path) -> None:
    assert roles(file) == {3: "threshold", 5: "ratio", 9: "none"}
    assert roles(file, "--correct", "9=drive", "--correct", "5=none") == {3: "threshold", 5: "none", 9: "drive"}
    renamed = file.with_name("other.json")
    renamed.write_text(json.dumps(LIST | {"fx_name": "My squash"}), encoding="utf-8")
    assert roles(renamed) == {3: "threshold", 5: "none", 9: "drive"}
    changed = LIST | {"parameters": LIST["parameters"][:2]}  # type: ignore[index]
    renamed.write_text(json.dumps(changed), encoding="utf-8")
    assert roles(renamed) == {3: "threshold", 5: "ratio"}


@pytest.mark.parametrize(
    "text", ["4=threshold", "9=wobble", "drive", "-1=drive", "²=drive", pytest.param("9" * 5000 + "=drive", id="long")]
)
def test_a_correction_that_makes_no_sense_is_refused(file: Path, text: str) -> None:
    result = run(file, "--correct", text)
    assert result.exit_code == 2
    assert "Write INDEX=ROLE" in result.output or "Roles: " in result.output
    assert roles(file) == {3: "threshold", 5: "ratio", 9: "none"}


@pytest.mark.parametrize(
    "content", ["", "[]", "nonsense", f'{{"z": {5000 * "["}', '{"parameters": []}', '{"fx_name": 3, "parameters": []}']
)
def test_a_file_that_is_no_list_is_refused(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    result = run(file)
    assert result.exit_code == 1
    assert str(file.name) in result.output.replace("\n", "")


@pytest.mark.parametrize("content", ['{"9":"wobble"}', '{"9":3}', "[", "\xff"])
def test_a_damaged_correction_is_named(file: Path, content: str) -> None:
    roles(file, "--correct", "9=drive")
    (kept,) = Path(os.environ["BRIDGE_HOME"]).rglob("roles/*.json")
    kept.write_text(content, encoding="latin-1")
    for arguments in ((), ("--correct", "9=drive")):
        result = run(file, *arguments)
        assert result.exit_code == 2
        assert kept.name in result.output.replace("\n", "") and "Remove it" in result.output
