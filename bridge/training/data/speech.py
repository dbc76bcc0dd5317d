"""Spoken recordings by espeak-ng, where it is installed: many voices, sentences drawn from a seed."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave

import numpy as np

from bridge.audio.resampling import resample
from bridge.errors import AudioError
from bridge.types import Float32

_VOICES = ("en-us", "en-gb", "de", "fr", "es", "it", "sv", "pt")
_VARIANTS = ("m1", "m2", "m3", "m5", "m7", "f1", "f2", "f3", "f4", "f5")
_WORDS = (
    "river morning", "silver window", "question", "mountain", "gentle paper", "thunder", "station", "whisper",
    "orange", "distant shallow", "carpet", "seven", "echo valley", "simple frozen", "turning quickly", "sister",
    "chapter", "yellow bridge", "follow", "pepper", "charge", "stop",
)  # fmt: skip
_TIME_LIMIT_S = 20.0
_RMS = 0.08
_HEADER_BYTES = 44


def speak(seed: int, *, sample_rate_hz: int) -> Float32 | None:
    """About ten seconds of speech (samples,), or None where espeak-ng is not installed.

    Raises AudioError when espeak-ng is there but fails.
    """
    generator = np.random.default_rng([seed, 77])
    voice = f"{generator.choice(_VOICES)}+{generator.choice(_VARIANTS)}"
    words = generator.choice(_WORDS, size=28)
    text = ". ".join(" ".join(words[start : start + 7]) for start in range(0, len(words), 7))
    pitch, speed = int(generator.integers(25, 75)), int(generator.integers(130, 190))
    return speak_text(text, voice=voice, pitch=pitch, words_per_minute=speed, sample_rate_hz=sample_rate_hz)


def speak_text(text: str, *, voice: str, pitch: int, words_per_minute: int, sample_rate_hz: int) -> Float32 | None:
    """`text` (samples,) by one of espeak-ng's voices, or None where it is not installed. AudioError as in `speak`."""
    program = shutil.which("espeak-ng")
    if program is None:
        return None
    command = [program, "-v", voice, "-p", str(pitch), "-s", str(words_per_minute), "--stdout", text]
    try:
        spoken = subprocess.run(command, capture_output=True, check=True, timeout=_TIME_LIMIT_S).stdout
    except (subprocess.SubprocessError, OSError) as error:
        raise AudioError(f"espeak-ng did not speak with the voice {voice}: {error}. Mend or remove it.") from error
    if len(spoken) <= _HEADER_BYTES:
        raise AudioError(f"espeak-ng said nothing with the voice {voice}. Mend or remove it.")
    with wave.open(io.BytesIO(_with_lengths(spoken))) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / np.float32(32768)
    resampled = resample(samples, rate, sample_rate_hz)
    return np.asarray(resampled * (_RMS / max(1e-6, float(np.sqrt(np.mean(resampled**2))))), dtype=np.float32)


def _with_lengths(data: bytes) -> bytes:
    """espeak-ng writes a WAV header before it knows the length: put it in."""
    body = len(data) - _HEADER_BYTES
    return data[:4] + (body + 36).to_bytes(4, "little") + data[8:40] + body.to_bytes(4, "little") + data[44:]
