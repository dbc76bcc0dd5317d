"""Music out of nothing: drums, bass, plucked strings, a singing voice, a pad. For the demo, training and tests.

Every recording is drawn from a seed and stands at a level of about -20 LUFS with the balance of well-recorded
material; nothing here processes or degrades. Plain NumPy, no files.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bridge.types import Audio, Float64

_Voice = Callable[[np.random.Generator, float, int], Float64]

RMS_LEVEL = 0.1
_TABLE = 2**16  # points of a period, where a sound is a sum of harmonics
_MINOR = (0, 2, 3, 5, 7, 8, 10)
_VOWELS_HZ = ((730, 1090, 2440, 3400), (270, 2290, 3010, 3700), (570, 840, 2410, 3300), (440, 1020, 2240, 3400))


def synthesise(kind: str, *, duration_s: float, sample_rate_hz: int, seed: int) -> Audio:
    """Return one mono recording, the same from the same arguments.

    Args:
        kind: of `KINDS`.
        duration_s: in seconds.
        sample_rate_hz: of the recording.
        seed: 0 or more; draws notes and sound.

    Returns:
        Float32 (1, samples).
    """
    generator = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    wave = KINDS[kind](generator, duration_s, sample_rate_hz)
    rms = float(np.sqrt(np.mean(wave**2))) or 1.0
    wave = wave * (RMS_LEVEL / rms)
    peak = float(np.abs(wave).max())
    return (wave * min(1.0, 0.9 / peak) if peak else wave).astype(np.float32)[None]


def _drums(generator: np.random.Generator, duration_s: float, rate: int) -> Float64:
    wave = np.zeros(int(duration_s * rate))
    beat_s = 60.0 / generator.uniform(85, 130)
    tuning = generator.uniform(0.85, 1.2)
    for step in range(int(duration_s / (beat_s / 4))):
        start_s = step * beat_s / 4
        place = step % 16
        if place in (0, 8) or (place in (6, 10, 14) and generator.random() < 0.3):
            _add(wave, start_s, rate, _kick(generator, rate, tuning))
        if place in (4, 12):
            _add(wave, start_s, rate, _snare(generator, rate, tuning))
        if step % 2 == 0 or generator.random() < 0.25:
            _add(wave, start_s, rate, generator.uniform(0.08, 0.2) * _hat(generator, rate))
    return wave


def _kick(generator: np.random.Generator, rate: int, tuning: float) -> Float64:
    time_s = np.arange(int(0.35 * rate)) / rate
    phase = 2 * np.pi * (50 * tuning * time_s + 4.5 * tuning * (1 - np.exp(-time_s / 0.03)))
    click = generator.normal(0, 0.4, time_s.size) * np.exp(-time_s / 0.004)
    return np.sin(phase) * np.exp(-time_s / 0.11) + click


def _snare(generator: np.random.Generator, rate: int, tuning: float) -> Float64:
    time_s = np.arange(int(0.3 * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 190 * tuning * time_s) * np.exp(-time_s / 0.06)
    noise = np.diff(generator.normal(0, 0.35, time_s.size + 1)) * np.exp(-time_s / 0.09)
    return tone + noise


def _hat(generator: np.random.Generator, rate: int) -> Float64:
    time_s = np.arange(int(0.12 * rate)) / rate
    return np.diff(generator.normal(0, 1, time_s.size + 2), n=2) * np.exp(-time_s / generator.uniform(0.015, 0.05))


def _bass(generator: np.random.Generator, duration_s: float, rate: int) -> Float64:
    wave = np.zeros(int(duration_s * rate))
    beat_s = 60.0 / generator.uniform(85, 130)
    root = generator.integers(28, 36)
    start_s = 0.0
    while start_s < duration_s:
        length_s = beat_s * generator.choice([0.5, 1.0, 1.0, 1.5])
        note = root + generator.choice(_MINOR[:5])
        _add(
            wave,
            start_s,
            rate,
            _pluck(generator, rate, _frequency(float(note)), length_s, brightness=0.25, decay_s=1.2),
        )
        start_s += length_s
    return wave


def _strings(generator: np.random.Generator, duration_s: float, rate: int) -> Float64:
    wave = np.zeros(int(duration_s * rate))
    beat_s = 60.0 / generator.uniform(70, 120)
    root = generator.integers(45, 53)
    brightness = generator.uniform(0.45, 0.9)
    start_s = 0.0
    while start_s < duration_s:
        for voice in generator.choice(_MINOR, size=generator.integers(1, 4), replace=False):
            note = root + int(voice) + 12 * int(generator.integers(0, 2))
            strum_s = start_s + generator.uniform(0, 0.03)
            _add(
                wave,
                strum_s,
                rate,
                _pluck(generator, rate, _frequency(float(note)), 1.4, brightness=brightness, decay_s=0.8),
            )
        start_s += beat_s * generator.choice([0.5, 1.0, 1.0])
    return wave


def _pluck(
    generator: np.random.Generator,
    rate: int,
    frequency_hz: float,
    length_s: float,
    *,
    brightness: float,
    decay_s: float,
) -> Float64:
    """A plucked string: Karplus and Strong (1983), a whole period at a time."""
    period = max(2, round(rate / frequency_hz))
    spectrum = np.fft.rfft(generator.normal(0, 1, period))
    harmonic_hz = np.arange(spectrum.size) * rate / period
    spectrum[0] = 0.0
    loop = np.fft.irfft(spectrum / (1 + (harmonic_hz / (6000 * brightness**1.8)) ** 2), period)
    loop /= np.sqrt(np.mean(loop**2)) + 1e-9
    loss = 10 ** (-3 * period / rate / decay_s)
    rows = np.empty((max(1, int(length_s * rate) // period), period))
    before = np.empty_like(loop)  # what lies one sample earlier on the loop
    for row in rows:
        row[:] = loop
        before[1:], before[0] = loop[:-1], loop[-1]
        loop = loss * (brightness * loop + (1 - brightness) * (loop + before) / 2)
    note = rows.ravel()
    fade = min(note.size, int(0.01 * rate))
    note[note.size - fade :] *= np.linspace(1, 0, fade)
    return note * generator.uniform(0.6, 1.0)


def _voice(generator: np.random.Generator, duration_s: float, rate: int) -> Float64:
    """Sung vowels: a glottal pulse train with vibrato through formants, with breath and pauses between phrases."""
    wave = np.zeros(int(duration_s * rate))
    root = generator.integers(48, 62)
    start_s = generator.uniform(0, 0.2)
    while start_s < duration_s - 0.3:
        length_s = generator.uniform(0.25, 0.9)
        note = root + int(generator.choice(_MINOR))
        _add(wave, start_s, rate, _vowel(generator, rate, _frequency(float(note)), length_s))
        start_s += length_s + (generator.uniform(0.3, 0.7) if generator.random() < 0.2 else 0.02)
    return wave


def _vowel(generator: np.random.Generator, rate: int, frequency_hz: float, length_s: float) -> Float64:
    samples = int(length_s * rate)
    time_s = np.arange(samples) / rate
    depth = 0.012 * np.clip(time_s - 0.15, 0, 0.3) / 0.3
    phase = 2 * np.pi * np.cumsum(frequency_hz * (1 + depth * np.sin(2 * np.pi * 5.4 * time_s))) / rate
    formants_hz = np.array(_VOWELS_HZ[generator.integers(len(_VOWELS_HZ))]) * generator.uniform(0.95, 1.15)
    harmonics = np.arange(1.0, int(min(9000, rate / 2.2) / frequency_hz) + 1)
    distances = (harmonics[:, None] * frequency_hz - formants_hz) / (60 + 0.06 * formants_hz)
    resonances = (1 / (1 + distances**2) * (1.0, 0.7, 0.4, 0.25)).sum(1)
    wave = _sum_of_harmonics((resonances + 0.01) / harmonics**0.6, np.zeros(harmonics.size), phase / (2 * np.pi))
    breath = np.diff(generator.normal(0, 0.01, samples + 1))
    envelope = np.minimum(1, np.minimum(time_s / 0.04, (length_s - time_s) / 0.08)).clip(0)
    return np.asarray((wave + breath) * envelope * generator.uniform(0.5, 1.0))


def _pad(generator: np.random.Generator, duration_s: float, rate: int) -> Float64:
    time_s = np.arange(int(duration_s * rate)) / rate
    wave = np.zeros(time_s.size)
    root = generator.integers(45, 57)
    for interval in (0, 7, int(generator.choice([3, 4])) + 12):
        for detune in (-0.06, 0.05):
            f = _frequency(float(root + interval + detune))
            harmonics = np.arange(1.0, int(min(7000, rate / 2.2) / f) + 1)
            phases = generator.uniform(0, 6.28, harmonics.size)
            wave += _sum_of_harmonics(harmonics**-1.3, phases, f * time_s)
    return wave * (0.7 + 0.3 * np.sin(2 * np.pi * generator.uniform(0.1, 0.3) * time_s))


KINDS: dict[str, _Voice] = {"drums": _drums, "bass": _bass, "strings": _strings, "voice": _voice, "pad": _pad}


def _sum_of_harmonics(amplitudes: Float64, phases: Float64, cycles: Float64) -> Float64:
    """The sum over h = 1, 2, ... of amplitude * sin(2 pi h cycles + phase), read from one table of a period.

    Straight lines between the table's points err by less than -100 dB below harmonic 80.
    """
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=np.complex128)
    spectrum[1 : amplitudes.size + 1] = amplitudes * np.exp(1j * phases) / 2j
    table = np.fft.irfft(spectrum, _TABLE, norm="forward")
    table = np.append(table, table[0])
    place = (cycles % 1.0) * _TABLE
    whole = place.astype(np.int64)
    beyond = place - whole
    return np.asarray(table[whole] * (1 - beyond) + table[whole + 1] * beyond)


def _frequency(note: float) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _add(wave: Float64, start_s: float, rate: int, sound: Float64) -> None:
    start = int(start_s * rate)
    end = min(wave.size, start + sound.size)
    if start < end:
        wave[start:end] += sound[: end - start]
