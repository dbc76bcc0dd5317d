"""Reports: a tone stands in its band, text is escaped, links lead to the files."""

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from bridge.errors import AudioError
from bridge.report.page import PageSection, write_page
from bridge.report.plots import level_plot, spectrum_plot, third_octave_spectrum


@pytest.mark.parametrize("sample_rate_hz", [44100, 48000, 96000])
@pytest.mark.parametrize("tone_hz", [100.0, 1000.0, 8000.0])
def test_a_tone_stands_in_its_third_octave_at_its_level(sample_rate_hz: int, tone_hz: float) -> None:
    time_s = np.arange(sample_rate_hz * 2) / sample_rate_hz
    tone = 0.5 * np.sin(2 * np.pi * tone_hz * time_s).astype(np.float32)[None]
    centres_hz, level_db = third_octave_spectrum(tone, sample_rate_hz)
    assert centres_hz[np.argmax(level_db)] == pytest.approx(tone_hz, rel=0.13)
    far = (centres_hz < tone_hz / 4) | (centres_hz > tone_hz * 4)
    assert level_db[far].max() < level_db.max() - 60


@pytest.mark.slow
def test_plots_are_png_of_any_length() -> None:
    for samples in (10, 48000):
        audio = np.random.default_rng(1).normal(0, 0.1, (2, samples)).astype(np.float32)
        for plot in (
            spectrum_plot(audio, audio * 0.5, 48000, (audio, 44100)),
            level_plot(audio, audio, 48000),
        ):
            assert plot.startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize("samples", [1, 3 * 44100])
def test_silence_and_a_single_sample_have_a_spectrum(samples: int) -> None:
    for audio in (np.zeros((1, samples), np.float32), np.full((2, samples), 1e-6, np.float32)):
        centres, level_db = third_octave_spectrum(audio, 44100)
        assert len(centres) == 29 and np.isfinite(level_db).all()
        assert spectrum_plot(audio, audio, 44100).startswith("data:image/png;base64,")


def test_channels_that_are_turned_over_are_not_silence() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100).astype(np.float32)
    mono, turned = (third_octave_spectrum(np.stack([tone, sign * tone]), 44100)[1] for sign in (1, -1))
    np.testing.assert_allclose(turned, mono, atol=1e-3)


def test_a_page_escapes_text_and_links_audio(tmp_path: Path) -> None:
    folder = tmp_path / "Übung 1"
    folder.mkdir()
    audio = folder / "vocal & more.wav"
    audio.write_bytes(b"RIFF")
    section = PageSection("<b>Vox</b>", "a & b", [("gain", "0 dB", "+1 dB", "90%")], [], players=[("before", audio)])
    page = folder / "report.html"
    write_page(page, "Report", "Intro", [section])
    text = page.read_text("utf-8")
    assert "<b>Vox</b>" not in text
    assert "&lt;b&gt;Vox" in text
    (link,) = re.findall(r'<audio[^>]* src="([^"]+)"', text)
    assert (folder / unquote(link)).read_bytes() == b"RIFF"


def test_values_stay_on_one_line_and_sentences_begin_on_the_left(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    columns = ("control", "after", "why")
    write_page(
        page, "Report", "Intro", [PageSection("Vox", "", [("gain", "+1 dB", "It was low.")], [], columns=columns)]
    )
    text = page.read_text("utf-8")
    assert '<td class="value">+1 dB</td><td class="sentence">It was low.</td>' in text
    assert "td.value:not(:first-child) { white-space: nowrap; }" in text and "td.sentence { text-align: left; }" in text


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudioError, match=r"file.*report\.html"):
        write_page(tmp_path / "file" / "report.html", "t", "i", [])
