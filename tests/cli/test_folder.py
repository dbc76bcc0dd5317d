"""`bridge automix FOLDER`: a table and one page at the end, JSON, and what is broken named."""

from __future__ import annotations

import json
from pathlib import Path

import soundfile
from click.testing import CliRunner
from small_model import save_neutral_model

from bridge.audio.synthesis import synthesise
from bridge.cli import main


def test_a_folder_ends_in_a_table_a_page_and_json(tmp_path: Path, bridge_home: Path) -> None:
    save_neutral_model(tmp_path / "neutral")
    songs = tmp_path / "songs"
    songs.mkdir()
    soundfile.write(songs / "a.wav", synthesise("strings", duration_s=1.2, sample_rate_hz=22_050, seed=1).T, 22_050)
    (songs / "b.wav").write_bytes(b"no audio")
    command = ["automix", str(songs), "-o", str(tmp_path / "out"), "--model", str(tmp_path / "neutral")]
    table = CliRunner().invoke(main, command, catch_exceptions=False)
    assert table.exit_code == 0, table.output
    assert "1 finished" in table.output
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count("<audio") == 2
    assert "b.wav" in page
    assert "Left out" in table.output

    result = CliRunner().invoke(main, [*command, "--json", "-"], catch_exceptions=False)
    content = json.loads(result.stdout)
    assert (content["finished_before"], content["failed"]) == (1, 1)
    assert [row["state"] for row in content["files"]] == ["finished before", "failed"]
    assert content["files"][0]["measures"]["before"]["loudness_lufs"] < 0


def test_a_folder_without_any_usable_file_is_a_failure(tmp_path: Path, bridge_home: Path) -> None:
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "b.wav").write_bytes(b"no audio")
    result = CliRunner().invoke(main, ["automix", str(tmp_path / "songs"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "b.wav" in result.output
