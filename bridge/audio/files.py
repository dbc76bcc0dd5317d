"""Audio files: read whole, in excerpts or as a stream of blocks, and written; never more in memory than asked for.

Every file is checked where it is opened: an error names the file, what is wrong with it and the remedy. Resampling
is not done here.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
from pedalboard.io import AudioFile, WriteableAudioFile

from bridge.audio.file_kinds import reject_unreadable
from bridge.audio.layout import MAX_CHANNELS, check_audio, check_peak
from bridge.audio.mp3_frames import samples_without_header
from bridge.decibels import amplitude_to_db
from bridge.errors import AudioError
from bridge.types import Float32

LOWEST_RATE_HZ = 22_050
HIGHEST_RATE_HZ = 192_000
FORMATS = {".wav": ("wav", 32), ".flac": ("flac", 24)}  # suffix: format, bits per sample
_WRITE_ERRORS = (OSError, RuntimeError, SystemError)  # the last is how pedalboard reports a full disk at the end
FULL_SCALE = 1.0001  # what rounding adds to a peak at full scale is no peak above it
_RUN_UP_FRAMES = 1 << 14
_SCAN_S = 0.25  # the grid on which the loudest part of a stretch is looked for


@dataclass(frozen=True)
class AudioInfo:
    """What a file says of itself. `frames` counts samples per channel."""

    path: Path
    sample_rate_hz: int
    channels: int
    frames: int

    @property
    def duration_s(self) -> float:
        return self.frames / self.sample_rate_hz


def probe(path: Path) -> AudioInfo:
    """Return what a file holds, without reading its samples.

    Raises:
        AudioError: Bridge cannot work with it; the message names the file and the remedy.
    """
    with _opened(path) as (_, info):
        return info


def read_audio(path: Path, *, start_s: float = 0.0, duration_s: float | None = None) -> tuple[Float32, int]:
    """Read all of a file, or a part of it.

    Args:
        path: of any kind that `probe` takes.
        start_s, duration_s: the part, in seconds; without a duration, to the end.

    Returns:
        Float32 (channels, samples) and the sample rate in Hz.

    Raises:
        AudioError: as `probe`, for samples that are no numbers, and for a part that lies behind the end.
    """
    with _opened(path) as (file, info):
        start = round(start_s * info.sample_rate_hz)
        wanted = info.frames - start
        if duration_s is not None:
            wanted = min(wanted, round(duration_s * info.sample_rate_hz))
        if start < 0 or wanted <= 0:
            raise AudioError(f"{path} lasts {info.duration_s:.2f} s; there is nothing to read at {start_s:g} s.")
        _seek(file, start)
        return _read(file, wanted, path), info.sample_rate_hz


def stream_blocks(path: Path, block_frames: int) -> Iterator[Float32]:
    """The whole file as float32 blocks (channels, block_frames); the last one may be shorter."""
    with _opened(path) as (file, info):
        left = info.frames
        while left > 0:
            block = _read(file, min(block_frames, left), path)
            left -= block.shape[1]
            yield block


def read_excerpts(path: Path, excerpt_s: float, count: int) -> list[tuple[float, Float32]]:
    """Return the loudest parts of a file, which is read once; only they are held.

    The file is cut into equal stretches, and the loudest part of each is taken.

    Args:
        path: of any kind that `probe` takes.
        excerpt_s: of each part, in seconds.
        count: of the parts; a file that is shorter than all of them together is returned whole, in pieces.

    Returns:
        (start in seconds, float32 (channels, samples)) of each, in rising order.
    """
    info = probe(path)
    length = max(round(excerpt_s * info.sample_rate_hz), 1)
    if info.frames <= length * count:
        pieces = max(math.ceil(info.frames / length), 1)
        edges = np.linspace(0, info.frames, pieces + 1).round().astype(int)
        spans = [(int(start), int(stop - start)) for start, stop in itertools.pairwise(edges)]
    else:
        spans = _loudest_spans(info, length, count)
    excerpts = []
    with _opened(path) as (file, _):
        for start, frames in spans:
            _seek(file, start)
            excerpts.append((start / info.sample_rate_hz, _read(file, frames, path)))
    return excerpts


def check_written_name(path: Path) -> None:
    """AudioError for a suffix of which no audio is written."""
    if path.suffix.lower() not in FORMATS:
        raise AudioError(f"{path} cannot be written: name it with one of {', '.join(FORMATS)}.")


class AudioWriter:
    """Writes blocks to `path`: 32-bit float WAV, or 24-bit FLAC, by its suffix.

    FLAC holds nothing above full scale: what passes it is refused, for cut off it would be another sound.
    A context manager. The file gets its name only when all of it is written; after an error nothing is left.
    """

    def __init__(self, path: Path, *, sample_rate_hz: int, channels: int) -> None:
        check_written_name(path)
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._channels = channels
        audio_format, bits = FORMATS[path.suffix.lower()]
        self._highest = math.inf if audio_format == "wav" else FULL_SCALE
        try:
            self._raw = self._part.open("wb+")
        except OSError as error:
            raise AudioError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
        self._file: WriteableAudioFile = AudioFile(
            self._raw, "w", samplerate=sample_rate_hz, num_channels=channels, bit_depth=bits, format=audio_format
        )

    def write(self, block: Float32) -> None:
        """Append float32 (channels, samples). Raises AudioError when the disk is full, and for samples above full scale
        that the format cannot hold."""
        peak = float(np.abs(block).max(initial=0.0))
        if peak > self._highest:
            raise AudioError(
                f"{self._path.name} cannot hold this audio: it peaks at {amplitude_to_db(peak):+.1f} dBFS, and FLAC "
                "ends at full scale. Name the output .wav, or lower the input."
            )
        # Of as many samples as channels, pedalboard cannot tell which is which.
        parts = np.split(block, self._channels, axis=1) if block.shape == (2, 2) else [block]
        try:
            for part in parts:
                self._file.write(np.ascontiguousarray(part, dtype=np.float32))
        except _WRITE_ERRORS as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            self._raw.close()
            if kind is None:
                self._part.replace(self._path)
        except _WRITE_ERRORS as failure:
            if kind is None:
                raise self._unwritable(failure) from failure
        finally:
            with contextlib.suppress(OSError):  # a full disk fails again when what is left is flushed
                self._raw.close()
            self._part.unlink(missing_ok=True)

    def _unwritable(self, error: Exception) -> AudioError:
        return AudioError(f"{self._path} cannot be written: {error}. Free some space, or choose another place.")


def check_name(path: Path) -> None:
    """AudioError for a name that is no UTF-8, as old archives leave them: no message or result could name it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = str(path).encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise AudioError(f"{name} has a name that is no UTF-8; rename it.") from error


class _Reader(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Reads on without a seek after each block, as soundfile does where it can: in MP3s that is heard."""

    def seekable(self) -> bool:
        return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[_Reader, AudioInfo]]:
    check_name(path)
    if not path.is_file():
        raise AudioError(f"{path} does not exist or is no file; give the path of an audio file.")
    try:
        if path.stat().st_size == 0:
            raise AudioError(f"{path} is empty (0 bytes); export it again.")
        reject_unreadable(path)
        frames = samples_without_header(path)
        file = _Reader(path)
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}. Check its permissions.") from error
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} is no audio that Bridge can read; give a WAV, FLAC, AIFF, Ogg, Opus or MP3 file."
        ) from error
    with file:
        info = AudioInfo(path, file.samplerate, file.channels, file.frames if frames is None else frames)
        _check(info, file.frames)
        yield file, info


def _seek(file: _Reader, frame: int) -> None:
    """Go to `frame` by decoding from a little before it: the first samples behind a seek are wrong in MP3 and Ogg."""
    first = max(frame - _RUN_UP_FRAMES, 0)
    file.seek(first)
    file.read(frame - first, dtype="float32")


def _read(file: _Reader, frames: int, path: Path) -> Float32:
    """The next `frames` samples; AudioError where the file does not hold them."""
    audio = file.read(frames, dtype="float32", always_2d=True)
    if len(audio) < frames:
        early_s = (frames - len(audio)) / file.samplerate
        raise AudioError(f"{path} ends {early_s:.2f} s early; copy or export it again.")
    return check_peak(check_audio(audio.T, str(path)), str(path))


def _check(info: AudioInfo, frames_read: int) -> None:
    if not 1 <= info.channels <= MAX_CHANNELS:
        raise AudioError(f"{info.path} has {info.channels} channels; mix it down to mono or stereo.")
    check_rate(str(info.path), info.sample_rate_hz)
    if info.frames > frames_read:
        raise AudioError(
            f"{info.path} holds {info.duration_s:.2f} s and its header says less (a VBR file without Xing header); "
            "convert it to WAV."
        )
    if info.frames == 0:
        raise AudioError(f"{info.path} holds no samples; export it again.")


def check_rate(name: str, sample_rate_hz: int) -> None:
    """Raise AudioError for a sample rate that Bridge does not work at."""
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"{name} has a sample rate of {sample_rate_hz} Hz; "
            f"convert it to one between {LOWEST_RATE_HZ} and {HIGHEST_RATE_HZ} Hz, as 48000 Hz."
        )


def encode_flac(audio: Float32, sample_rate_hz: int) -> bytes:
    """`audio` (channels, samples) as the content of a 16-bit FLAC file, which browsers play."""
    stream = io.BytesIO()
    with AudioFile(
        stream, "w", samplerate=sample_rate_hz, num_channels=len(audio), bit_depth=16, format="flac"
    ) as file:
        file.write(np.ascontiguousarray(audio, dtype=np.float32))
    return stream.getvalue()


def _loudest_spans(info: AudioInfo, length: int, count: int) -> list[tuple[int, int]]:
    """In each of `count` stretches, the span of `length` frames with the most energy, on a coarse grid."""
    hop = max(min(round(_SCAN_S * info.sample_rate_hz), length), 1)
    energies = []
    for block in stream_blocks(info.path, hop * 64):
        padded = np.pad(np.square(block, dtype=np.float32).sum(axis=0), (0, -block.shape[1] % hop))
        energies.append(padded.reshape(-1, hop).sum(axis=1, dtype=np.float64))
    total = np.concatenate([[0.0], np.cumsum(np.concatenate(energies))])
    width = max(length // hop, 1)
    spans = []
    for index in range(count):
        first = math.ceil(index * info.frames / count / hop)
        last = math.floor(((index + 1) * info.frames / count - length) / hop)
        starts = np.arange(first, max(last, first) + 1)
        stops = np.minimum(starts + width, len(total) - 1)
        start = int(starts[np.argmax(total[stops] - total[starts])]) * hop
        spans.append((min(start, info.frames - length), length))
    return spans
