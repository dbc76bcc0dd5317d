"""The Python in docs/python-api.md runs, block after block, as one program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise

PAGE = Path(__file__).parents[2] / "docs" / "python-api.md"


@pytest.mark.slow
def test_the_blocks_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text("utf-8")
    for name in re.search(r"<!-- files: (.*) -->", text)[1].split(", "):  # type: ignore[index]
        with AudioWriter(tmp_path / name, sample_rate_hz=44100, channels=1) as writer:
            writer.write(0.3 * synthesise("voice", duration_s=4.0, sample_rate_hz=44100, seed=1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "home"))
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        exec(compile(block, f"python-api.md, block {number}", "exec"), names)
    assert names["result"].applied in (True, False)
    assert names["sound"].shape == names["audio"].shape
