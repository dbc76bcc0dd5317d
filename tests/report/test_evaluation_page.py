"""The page of an evaluation: well-formed, complete in one file, with players that hold the sound."""

import base64
import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.report.evaluation_page import PageExample, write_evaluation_page

RATE = 44100
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that every element is closed in order, and keeps what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[str] = []
        self.sounds: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        source = dict(attributes).get("src") or ""
        if tag == "img":
            self.images.append(source)
        if tag == "audio":
            self.sounds.append(source)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def row(method: str, ratio: float) -> dict[str, Any]:
    interval = {"ratio": ratio, "ratio_low": ratio / 2, "ratio_high": ratio * 1.5}
    measure = {**interval, "before": 4.0, "after": 4.0 * ratio, "cases": 2}
    counts = {"worse": 0.5, "worse_cases": 1, "before_db": 4.0, "after_db": 4 * ratio, "renders": 18.0, "cases": 2}
    return {"method": method, **interval, **counts, "by_measure": {"mel_db": measure, "mfcc": measure}}


@pytest.fixture
def scores() -> dict[str, Any]:
    rate = {"sample_rate_hz": 96_000, "ratio": 0.4, "ratio_low": 0.3, "ratio_high": 0.6, "home_ratio": 0.35, "cases": 2}
    unchanged = {"cases": 1, "touched": 0.0, "mean_harm_db": 0.0, "largest_harm_db": 0.0}
    nothing = {"cases": 0, "touched": None, "mean_harm_db": None, "largest_harm_db": None}
    return {
        "model": "<strip>",
        "files": ["a.wav", "b.wav"],
        "cases_per_file": 1,
        "seed": 0,
        "refine_s": 2.0,
        "budget": None,
        "uses": {"match": [row("nothing", 1.0), row("CMA-ES", 0.5), row("model", 0.3)], "automix": []},
        "unchanged": {"match": unchanged, "automix": nothing},
        "controls": {
            "match": [{"control": "bell.gain_db", "text": "2.1 dB", "share": 0.07, "cases": 2}],
            "automix": [],
        },
        "confidence": {"match": [{"confidence": 0.5, "hits": 0.4, "controls": 32}], "automix": []},
        "rates": {"match": [rate], "automix": []},
        "task": {
            "match": [{"measure": "clicks_db", "before": -20.0, "after": -40.0, "largest_after": -30.0, "cases": 2}],
            "automix": [],
        },
        "cases": {
            "match": [
                {"name": "a.wav", "before_db": 4.0, "after_db": 1.0},
                {"name": "b.wav", "before_db": 2.0, "after_db": 2.5},
            ],
            "automix": [],
        },
    }


@pytest.mark.slow
def test_the_page_holds_all_of_it_in_one_file(tmp_path: Path, scores: dict[str, Any]) -> None:
    time_s = np.arange(RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s).astype(np.float32)[None]
    sounds = (("before", tone), ("model", np.repeat(0.5 * tone, 2, axis=0)))
    example = PageExample("match", "worst: <a>", "4.00 dB before", RATE, sounds)
    page = tmp_path / "report ü.html"
    write_evaluation_page(page, scores, [example])
    assert [file.name for file in tmp_path.iterdir()] == [page.name]
    parsed = Page(page.read_text("utf-8"))
    assert len(parsed.images) == 3 and all(source.startswith("data:image/png;base64,") for source in parsed.images)
    text = " ".join(parsed.texts)
    for told in ("<strip>", "worst: <a>", "2.1 dB", "96 kHz", "clicks_db", "as many renders as", "2 s of search"):
        assert told in text
    assert len(parsed.sounds) == 2
    for source, (_, audio) in zip(parsed.sounds, sounds, strict=True):
        kind, _, content = source.partition(",")
        assert kind == "data:audio/flac;base64"
        with AudioFile(io.BytesIO(base64.b64decode(content))) as file:
            assert file.samplerate == RATE
            np.testing.assert_allclose(file.read(file.frames), audio, atol=2**-14)


def test_no_search_is_told_of_where_none_was_made(tmp_path: Path, scores: dict[str, Any]) -> None:
    scores["uses"]["match"] = [row("nothing", 1.0), row("best standing", 0.5), row("model", 0.3)]
    write_evaluation_page(tmp_path / "report.html", scores, [])
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "CMA-ES" not in text and "best standing" in text
