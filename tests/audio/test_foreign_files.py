"""Files as other programs write them, made by ffmpeg: the length that is there, aligned, or a refusal that says why."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.files import AudioWriter, probe, read_audio, read_excerpts, stream_blocks
from bridge.errors import AudioError

RATE_HZ = 44_100
SAMPLES = 3 * RATE_HZ + 77


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: run python tests/prepare_machine.py")
    made = tmp_path_factory.mktemp("foreign")
    with AudioWriter(made / "source.wav", sample_rate_hz=RATE_HZ, channels=2) as writer:
        writer.write(source())
    return made


def source() -> np.ndarray:
    """Noise without the highest frequencies, loud in the middle, so that any shift shows."""
    noise = np.random.default_rng(3).normal(size=(2, SAMPLES + 31))
    smooth = np.apply_along_axis(np.convolve, 1, noise, np.hanning(32) / 16, "valid")
    return (0.2 * smooth * np.hanning(SAMPLES)).astype(np.float32)


def encoded(folder: Path, name: str, *options: str) -> Path:
    path = folder / name
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(folder / "source.wav"), *options, str(path)]
    subprocess.run(command, check=True)
    return path


def lag(audio: np.ndarray, wanted: np.ndarray) -> int:
    """By how many samples `audio` comes late."""
    size = 1 << 18
    spectra = (np.fft.rfft(one[0], size) for one in (audio, wanted))
    late = int(np.argmax(np.fft.irfft(next(spectra) * np.conj(next(spectra)), size)))
    return late if late < size // 2 else late - size


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cbr.mp3", ("-b:a", "192k")),
        ("vbr.mp3", ("-q:a", "2")),
        ("mono.mp3", ("-ac", "1", "-q:a", "2")),
        ("vorbis.ogg", ("-c:a", "libvorbis", "-q:a", "6")),
        ("f64.wav", ("-c:a", "pcm_f64le")),
        ("rf64.wav", ("-rf64", "always", "-c:a", "pcm_s24le")),
        ("s24.aiff", ("-c:a", "pcm_s24be")),
    ],
)
def test_what_is_read_is_as_long_and_as_early_as_what_was_written(
    folder: Path, name: str, options: tuple[str, ...]
) -> None:
    path = encoded(folder, name, *options)
    audio, rate_hz = read_audio(path)
    assert (rate_hz, audio.shape[1], probe(path).frames) == (RATE_HZ, SAMPLES, SAMPLES)
    assert lag(audio, source()) == 0
    blocks = np.concatenate(list(stream_blocks(path, 10_007)), axis=1)
    np.testing.assert_allclose(blocks, audio, atol=1e-6)
    for start_s, excerpt in read_excerpts(path, 0.5, 2):
        start = round(start_s * rate_hz)
        np.testing.assert_allclose(excerpt, audio[:, start : start + excerpt.shape[1]], atol=1e-3)


def test_opus_is_read(folder: Path) -> None:
    audio, rate_hz = read_audio(encoded(folder, "a.opus", "-c:a", "libopus", "-b:a", "128k"))
    assert rate_hz == 48_000 and abs(audio.shape[1] - SAMPLES * 48_000 / RATE_HZ) <= 1


def test_an_mp3_without_a_header_is_as_long_as_its_frames_or_refused(folder: Path) -> None:
    silent_half = ("-q:a", "0", "-write_xing", "0", "-af")
    constant = encoded(folder, "cbr_bare.mp3", "-b:a", "128k", "-write_xing", "0")
    overestimated = encoded(folder, "quiet_end.mp3", *silent_half, "volume=0:enable='lt(t,1.5)'")
    for path in (constant, overestimated):
        audio, _ = read_audio(path)
        assert audio.shape[1] % 1152 == 0 and 0 <= audio.shape[1] - SAMPLES < 3 * 1152
    with pytest.raises(AudioError, match="VBR file without Xing header"):
        read_audio(encoded(folder, "quiet_start.mp3", *silent_half, "volume=0:enable='gt(t,1.6)'"))


@pytest.mark.parametrize("options", [("-write_xing", "0"), ()])
def test_a_truncated_mp3_is_refused(folder: Path, options: tuple[str, ...]) -> None:
    path = encoded(folder, "cut.mp3", *options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(AudioError, match="truncated"):
        read_audio(path)


def test_mp3s_joined_one_behind_the_other_are_refused(folder: Path) -> None:
    path = encoded(folder, "twice.mp3")
    path.write_bytes(2 * path.read_bytes())
    with pytest.raises(AudioError, match="joined"):
        read_audio(path)


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("a.m4a", ("-c:a", "aac"), "M4A"),
        ("a.aac", ("-c:a", "aac"), "AAC"),
        ("a.webm", ("-c:a", "libopus"), "WebM"),
        ("flac.ogg", ("-c:a", "flac"), "FLAC inside an Ogg"),
    ],
)
def test_what_is_not_read_is_refused_by_name(folder: Path, name: str, options: tuple[str, ...], what: str) -> None:
    with pytest.raises(AudioError, match=f"{what}.*convert it to"):
        read_audio(encoded(folder, name, *options))


class TestWavAsItExists:
    def test_a_tag_in_front(self, folder: Path) -> None:
        path = folder / "tagged.wav"
        path.write_bytes(b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + (folder / "source.wav").read_bytes())
        np.testing.assert_array_equal(read_audio(path)[0], source())
        path.write_bytes(path.read_bytes()[:-50_000])
        with pytest.raises(AudioError, match="truncated"):
            read_audio(path)

    def test_eight_bits_have_no_offset(self, folder: Path) -> None:
        audio, _ = read_audio(encoded(folder, "u8.wav", "-c:a", "pcm_u8"))
        assert np.abs(audio - source()).max() <= 1 / 128 and abs(float(audio.mean())) < 5e-4

    @pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
    def test_a_length_that_was_never_written_is_said(self, folder: Path, length: int) -> None:
        content = bytearray(encoded(folder, "crashed.wav", "-c:a", "pcm_s16le", "-bitexact").read_bytes())
        place = content.index(b"data")
        content[place + 4 : place + 8] = struct.pack("<I", length)
        path = folder / "crashed.wav"
        path.write_bytes(content)
        with pytest.raises(AudioError, match=r"length was never written.*export it"):
            read_audio(path)

    def test_bw64_is_named(self, folder: Path) -> None:
        content = encoded(folder, "wide.wav", "-rf64", "always").read_bytes()
        path = folder / "bw64.wav"
        path.write_bytes(b"BW64" + content[4:])
        with pytest.raises(AudioError, match="BW64"):
            read_audio(path)


def test_a_name_that_is_no_utf8_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"xff.*rename it") as raised:
        probe(tmp_path / "bad\udcff.wav")
    str(raised.value).encode()


def test_a_stereo_file_of_two_samples_is_written_and_read(tmp_path: Path) -> None:
    audio = np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32)
    with AudioWriter(tmp_path / "two.wav", sample_rate_hz=RATE_HZ, channels=2) as writer:
        writer.write(audio)
    np.testing.assert_array_equal(read_audio(tmp_path / "two.wav")[0], audio)


def test_flac_takes_nothing_above_full_scale_and_wav_does(tmp_path: Path) -> None:
    loud = np.full((1, 100), 2.0, dtype=np.float32)
    with AudioWriter(tmp_path / "loud.wav", sample_rate_hz=RATE_HZ, channels=1) as writer:
        writer.write(loud)
    np.testing.assert_array_equal(read_audio(tmp_path / "loud.wav")[0], loud)
    with (
        pytest.raises(AudioError, match=r"peaks at \+6\.0 dBFS.*\.wav"),
        AudioWriter(tmp_path / "loud.flac", sample_rate_hz=RATE_HZ, channels=1) as writer,
    ):
        writer.write(loud)
    assert [path.name for path in tmp_path.iterdir()] == ["loud.wav"]
