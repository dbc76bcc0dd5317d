"""Audio files: what is written is read, excerpts are the loud parts, and bad files are named with a remedy."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.audio.files import AudioWriter, probe, read_audio, read_excerpts, stream_blocks
from bridge.audio.layout import check_audio
from bridge.errors import AudioError

RATE_HZ = 48_000


def tone(seconds: float, *, channels: int = 2, level: float = 0.1) -> np.ndarray:
    generator = np.random.default_rng(1)
    return (generator.standard_normal((channels, round(seconds * RATE_HZ))) * level).astype(np.float32)


def write(path: Path, audio: np.ndarray, rate_hz: int = RATE_HZ, **options: object) -> Path:
    with AudioFile(str(path), "w", rate_hz, audio.shape[0], **options) as file:
        file.write(audio)
    return path


@pytest.mark.parametrize(("suffix", "precision"), [(".wav", 0.0), (".WAV", 0.0), (".flac", 2e-7)])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, precision: float) -> None:
    audio = tone(1.3)
    path = tmp_path / f"täke 1{suffix}"
    with AudioWriter(path, sample_rate_hz=44_100, channels=2) as writer:
        for start in range(0, audio.shape[1], 10_000):
            writer.write(audio[:, start : start + 10_000])
        assert not path.exists()  # it gets its name when it is whole
    read, rate_hz = read_audio(path)
    assert rate_hz == 44_100
    np.testing.assert_allclose(read, audio, atol=precision)
    assert probe(path).frames == audio.shape[1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_of_a_file(tmp_path: Path) -> None:
    audio = tone(2.0)
    path = write(tmp_path / "a.wav", audio, bit_depth=32)
    part, _ = read_audio(path, start_s=0.5, duration_s=0.25)
    np.testing.assert_array_equal(part, audio[:, 24_000:36_000])
    end, _ = read_audio(path, start_s=1.9, duration_s=10)
    assert end.shape == (2, 4_800)
    with pytest.raises(AudioError, match=r"lasts 2\.00 s"):
        read_audio(path, start_s=2.0)


def test_blocks_are_the_file(tmp_path: Path) -> None:
    audio = tone(1.0, channels=1)
    path = write(tmp_path / "a.flac", audio, bit_depth=24)
    blocks = list(stream_blocks(path, 7_000))
    assert [block.shape[1] for block in blocks] == [7_000] * 6 + [6_000]
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), audio, atol=2e-7)


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with AudioWriter(tmp_path / "a.wav", sample_rate_hz=RATE_HZ, channels=1) as writer:
            writer.write(tone(0.1, channels=1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav.part").symlink_to("/dev/full")

    def fill() -> None:
        with AudioWriter(tmp_path / "a.wav", sample_rate_hz=RATE_HZ, channels=1) as writer:
            writer.write(tone(1, channels=1))

    with pytest.raises(AudioError, match=r"a\.wav cannot be written"):
        fill()
    assert not (tmp_path / "a.wav").exists()


class TestExcerpts:
    def test_the_loudest_part_of_each_stretch(self, tmp_path: Path) -> None:
        audio = tone(40.0, channels=1, level=0.001)
        for start_s in (6.0, 17.0, 33.0):
            start = round(start_s * RATE_HZ)
            audio[:, start : start + 2 * RATE_HZ] *= 100
        path = write(tmp_path / "a.wav", audio, bit_depth=32)
        excerpts = read_excerpts(path, 2.0, 4)
        assert [start_s for start_s, _ in excerpts][:2] == [pytest.approx(6.0, abs=0.3), pytest.approx(17.0, abs=0.3)]
        assert excerpts[3][0] == pytest.approx(33.0, abs=0.3)
        for start_s, excerpt in excerpts:
            start = round(start_s * RATE_HZ)
            np.testing.assert_array_equal(excerpt, audio[:, start : start + 2 * RATE_HZ])

    def test_a_short_file_is_returned_whole(self, tmp_path: Path) -> None:
        audio = tone(5.3)
        path = write(tmp_path / "a.wav", audio, bit_depth=32)
        excerpts = read_excerpts(path, 2.0, 6)
        np.testing.assert_array_equal(np.concatenate([part for _, part in excerpts], axis=1), audio)
        assert all(part.shape[1] <= 2 * RATE_HZ for _, part in excerpts)

    def test_a_very_short_file_is_one_excerpt(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.wav", tone(0.01), bit_depth=32)
        ((start_s, excerpt),) = read_excerpts(path, 2.0, 6)
        assert (start_s, excerpt.shape) == (0.0, (2, 480))


def wav_header(channels: int, data: bytes = b"\0" * 800) -> bytes:
    layout = struct.pack("<HHIIHH", 1, channels, RATE_HZ, RATE_HZ * 2 * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "empty"),
            (b"this is a shopping list", "no audio"),
            (wav_header(0), r"0 channels|no audio"),
            (wav_header(1, b""), "no samples"),
            (wav_header(1)[:20], r"no audio|truncated"),
        ],
    )
    def test_content(self, tmp_path: Path, content: bytes, message: str) -> None:
        path = tmp_path / "bad.wav"
        path.write_bytes(content)
        with pytest.raises(AudioError, match=message) as raised:
            probe(path)
        assert str(path) in str(raised.value)

    @pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg"])
    @pytest.mark.parametrize("share", [0.3, 0.9])
    def test_truncated(self, tmp_path: Path, suffix: str, share: float) -> None:
        options = {} if suffix == ".ogg" else {"bit_depth": 24}
        whole = write(tmp_path / f"a{suffix}", tone(3.0), **options)
        data = whole.read_bytes()
        assert probe(whole).frames == 3 * RATE_HZ
        whole.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(AudioError, match=r"truncated|no audio"):
            read_audio(whole)

    def test_a_length_that_was_never_written(self, tmp_path: Path) -> None:
        """As a program leaves that wrote into a pipe, or was killed: decoders then tell of two thousand million."""
        data = bytearray(wav_header(1, b"\1\0" * 4_000))
        data[40:44] = b"\xff\xff\xff\xff"
        path = tmp_path / "a.wav"
        path.write_bytes(data)
        with pytest.raises(AudioError, match="its length was never written"):
            read_audio(path)

    def test_six_channels(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.wav", tone(0.1, channels=6))
        with pytest.raises(AudioError, match="6 channels; mix it down"):
            probe(path)

    def test_nan(self, tmp_path: Path) -> None:
        audio = tone(1.0)
        audio[1, 30_000] = np.nan
        path = write(tmp_path / "a.wav", audio, bit_depth=32)
        for read in (read_audio, lambda p: list(stream_blocks(p, 10_000)), lambda p: read_excerpts(p, 0.2, 2)):
            with pytest.raises(AudioError, match="1 samples that are NaN"):
                read(path)

    @pytest.mark.parametrize("rate_hz", [8_000, 11_025, 384_000])
    def test_sample_rates_outside(self, tmp_path: Path, rate_hz: int) -> None:
        path = write(tmp_path / "a.wav", tone(0.1), rate_hz)
        with pytest.raises(AudioError, match=f"sample rate of {rate_hz} Hz; convert"):
            probe(path)

    @pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 88_200, 96_000, 192_000])
    def test_sample_rates_inside(self, tmp_path: Path, rate_hz: int) -> None:
        assert probe(write(tmp_path / "a.wav", tone(0.1), rate_hz)).sample_rate_hz == rate_hz

    def test_a_folder_and_nothing(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "none.wav"):
            with pytest.raises(AudioError, match="no file"):
                probe(path)

    def test_a_suffix_that_is_not_written(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"\.wav, \.flac"):
            AudioWriter(tmp_path / "a.mp3", sample_rate_hz=RATE_HZ, channels=1)


def test_a_checked_buffer_is_not_copied() -> None:
    audio = tone(0.1)
    assert check_audio(audio, "it") is audio
    assert check_audio(audio.astype(np.float64), "it").dtype == np.float32
    assert check_audio(np.asfortranarray(audio), "it").flags.c_contiguous
