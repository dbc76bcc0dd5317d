"""Sounds that a speaker makes beside speech: breaths, lip clicks, plosive pops. Drawn from families and a seed.

Breaths are noise shaped frame by frame by formants that move slowly; clicks are short damped resonances, sometimes
two; pops are bursts of air at the microphone. Every family belongs to one side: what a model is tested by has other
spectra, envelopes and textures than what it learns from. Plain NumPy; nothing here is placed or levelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bridge.decibels import db_to_amplitude
from bridge.types import Float32, Float64

Kind = Literal["inhale", "exhale", "click", "pop"]
FamilySide = Literal["train", "test"]

BREATH_S = (0.15, 0.9)
CLICK_S = (0.002, 0.020)
POP_S = (0.04, 0.12)
_FRAME_S = 0.040  # of the shaped noise: formants move from frame to frame
_AIR_HZ = 14_000.0  # above it breath has little
_FADE_S = 0.004
_VARIETY: dict[FamilySide, float] = {"train": 2.0, "test": 1.0}  # how far a breath strays from its family


@dataclass(frozen=True)
class BreathFamily:
    """How one way of breathing sounds. Formants are (Hz, width in Hz, dB); `slope_db` is per octave above 1 kHz."""

    name: str
    kind: Literal["inhale", "exhale"]
    side: FamilySide
    formants: tuple[tuple[float, float, float], ...]
    slope_db: float
    low_cut_hz: float
    flutter_hz: tuple[float, float] = (1.5, 6.0)
    flutter_depth: float = 0.25


@dataclass(frozen=True)
class ClickFamily:
    """Damped resonances between two frequencies, that last `decay_s`; `doubles` is how often there are two clicks."""

    name: str
    side: FamilySide
    resonances_hz: tuple[tuple[float, float], ...]
    decay_s: tuple[float, float]
    doubles: float
    noise: float


@dataclass(frozen=True)
class PopFamily:
    """A burst of air: a swing at `swing_hz` within noise below `noise_hz`."""

    name: str
    side: FamilySide
    swing_hz: tuple[float, float]
    noise_hz: float
    noise: float
    attack_s: tuple[float, float]


BREATHS = (
    BreathFamily("mouth, open", "inhale", "train", ((1500, 500, 12), (2800, 800, 9), (4300, 1400, 5)), -3, 300),
    BreathFamily("mouth, dark", "inhale", "train", ((900, 350, 12), (1900, 700, 8), (3300, 1200, 3)), -5, 200),
    BreathFamily("mouth, bright", "inhale", "train", ((1900, 600, 9), (3600, 1000, 12), (6200, 2200, 7)), -1, 500),
    BreathFamily("nose", "inhale", "train", ((700, 250, 12), (1300, 400, 6), (5200, 2600, 2)), -4, 250),
    BreathFamily("nose, hissing", "inhale", "train", ((1000, 400, 6), (4200, 1800, 9), (7500, 2500, 4)), -2, 400),
    BreathFamily("mouth", "exhale", "train", ((650, 300, 12), (1250, 450, 9), (2600, 900, 4)), -5, 150),
    BreathFamily("sigh", "exhale", "train", ((850, 350, 12), (1600, 500, 7), (2900, 900, 5)), -4, 120),
    BreathFamily("nose", "exhale", "train", ((450, 200, 12), (1100, 500, 4), (3000, 1500, 0)), -6, 100),
    BreathFamily("throat", "inhale", "test", ((1150, 260, 14), (2350, 400, 6), (3750, 600, 10)), -2, 350, (6, 11), 0.4),
    BreathFamily("sniff", "inhale", "test", ((550, 180, 6), (2100, 1100, 8), (5800, 1400, 11)), -3, 300, (3, 8), 0.3),
    BreathFamily("trembling", "exhale", "test", ((750, 500, 8), (1450, 260, 12), (3500, 700, 8)), -3, 180, (8, 14), .6),
    BreathFamily("blown", "exhale", "test", ((350, 250, 10), (1050, 300, 5), (2200, 2000, 8)), -7, 60, (4, 9), 0.35),
)  # fmt: skip
CLICKS = (
    ClickFamily("tongue", "train", ((1200, 2600),), (0.0015, 0.004), 0.25, 0.15),
    ClickFamily("lips", "train", ((600, 1500), (2500, 4000)), (0.001, 0.003), 0.45, 0.3),
    ClickFamily("wet", "train", ((2800, 6000),), (0.0005, 0.0015), 0.6, 0.4),
    ClickFamily("smack", "test", ((850, 1100), (4300, 5200)), (0.002, 0.005), 0.3, 0.5),
    ClickFamily("tick", "test", ((5500, 8500), (1700, 2100)), (0.0004, 0.001), 0.5, 0.1),
)
POPS = (
    PopFamily("burst", "train", (35, 75), 120, 0.4, (0.003, 0.010)),
    PopFamily("puff", "train", (20, 45), 200, 0.9, (0.008, 0.020)),
    PopFamily("thump", "test", (55, 95), 160, 0.7, (0.002, 0.006)),
)


def families(kind: Kind, side: FamilySide) -> tuple[str, ...]:
    """The names of the families of one kind that one side draws from."""
    if kind == "click":
        return tuple(family.name for family in CLICKS if family.side == side)
    if kind == "pop":
        return tuple(family.name for family in POPS if family.side == side)
    return tuple(family.name for family in BREATHS if family.side == side and family.kind == kind)


def nonspeech_sound(
    kind: Kind, generator: np.random.Generator, *, sample_rate_hz: int, side: FamilySide, longest_s: float = 1.0
) -> Float32:
    """Return one sound beside speech, as a family of them makes it: with the same spectrum at every sample rate.

    Args:
        kind: "inhale", "exhale", "click" or "pop".
        generator: draws it.
        sample_rate_hz: of the sound.
        side: which families are drawn from.
        longest_s: by when breaths and pops end, in seconds.

    Returns:
        Float32 (samples,) with a peak of 1.
    """
    if kind == "click":
        clicks = [family for family in CLICKS if family.side == side]
        wave = _click(clicks[generator.integers(len(clicks))], generator, sample_rate_hz)
    elif kind == "pop":
        pops = [family for family in POPS if family.side == side]
        wave = _pop(pops[generator.integers(len(pops))], generator, sample_rate_hz, longest_s)
    else:
        breaths = [family for family in BREATHS if family.side == side and family.kind == kind]
        wave = _breath(breaths[generator.integers(len(breaths))], generator, sample_rate_hz, longest_s)
    return np.asarray(wave / max(1e-9, float(np.abs(wave).max())), dtype=np.float32)


def _breath(family: BreathFamily, generator: np.random.Generator, rate: int, longest_s: float) -> Float64:
    longest_s = min(longest_s, BREATH_S[1])
    samples = round(generator.uniform(min(BREATH_S[0], longest_s), longest_s) * rate)
    shaped = _shaped_noise(family, generator, samples, rate)
    flutter_hz = generator.uniform(*family.flutter_hz)
    turn = 2 * np.pi * (flutter_hz * np.arange(samples) / rate + generator.random())
    depth = family.flutter_depth * generator.uniform(0.4, 1.0)
    envelope = _inhaled(generator, samples) if family.kind == "inhale" else _exhaled(generator, samples)
    return np.asarray(shaped * envelope * (1 - depth * 0.5 * (1 + np.sin(turn))) * _faded(samples, rate))


def _shaped_noise(family: BreathFamily, generator: np.random.Generator, samples: int, rate: int) -> Float64:
    """Noise in overlapping frames, each through the formants where they stand then."""
    frame = 2 * round(_FRAME_S * rate / 2)
    hop = frame // 2
    count = samples // hop + 2
    frequency = np.fft.rfftfreq(frame, 1 / rate)
    along = np.linspace(0, 1, count)[:, None]
    variety = _VARIETY[family.side]
    slope_db = family.slope_db + generator.normal(0, 0.8 * variety)
    decibel = slope_db * np.log2(np.maximum(frequency, 1000) / 1000)[None] * np.ones((count, 1))
    octave = generator.normal(0, 0.12 * variety)  # one throat is longer than another
    for centre_hz, width_hz, gain_db in family.formants:
        start, end = centre_hz * 2 ** (octave + generator.normal(0, 0.08 * variety, 2))
        width = width_hz * 1.4 ** (variety * generator.uniform(-1, 1))
        peak_db = gain_db + generator.normal(0, 2 * variety)
        decibel = decibel + peak_db / (1 + ((frequency - (start + (end - start) * along)) / width) ** 2)
    low_cut_hz = family.low_cut_hz * 1.3 ** (variety * generator.uniform(-1, 1))
    decibel = decibel - 12 * np.log2(1 + (low_cut_hz / np.maximum(frequency, 1)) ** 2)
    decibel = decibel - 12 * np.log2(1 + (frequency / _AIR_HZ) ** 4)
    decibel[:, 0] = -200
    noise = np.fft.rfft(generator.normal(size=(count, frame)), axis=1) * db_to_amplitude(decibel)
    frames = np.fft.irfft(noise, frame, axis=1) * np.sin(np.pi * (np.arange(frame) + 0.5) / frame)
    wave = np.zeros((count + 1) * hop)
    for index, part in enumerate(frames):
        wave[index * hop : index * hop + frame] += part
    return wave[hop : hop + samples]


def _inhaled(generator: np.random.Generator, samples: int) -> Float64:
    """Grows for most of its length and stops soon: the lungs are full."""
    top = generator.uniform(0.5, 0.85)
    along = np.linspace(0, 1, samples)
    rising = np.clip(along / top, 0, 1) ** generator.uniform(0.6, 1.6)
    falling = np.clip((1 - along) / (1 - top), 0, 1) ** generator.uniform(0.4, 1.0)
    return rising * falling


def _exhaled(generator: np.random.Generator, samples: int) -> Float64:
    """Begins soon and dies away."""
    top = generator.uniform(0.06, 0.2)
    along = np.linspace(0, 1, samples)
    rising = np.clip(along / top, 0, 1) ** generator.uniform(0.5, 1.0)
    dying = np.exp(-generator.uniform(1.5, 4.0) * np.clip(along - top, 0, None)) * np.clip((1 - along) / 0.15, 0, 1)
    return np.asarray(rising * dying)


def _click(family: ClickFamily, generator: np.random.Generator, rate: int) -> Float64:
    samples = round(CLICK_S[1] * rate)
    wave = _ringing(family, generator, samples, rate)
    if generator.random() < family.doubles:
        later = round(generator.uniform(0.3, 0.8) * samples)
        wave[later:] += generator.uniform(0.3, 0.9) * _ringing(family, generator, samples - later, rate)
    return wave * _faded(samples, rate, at_start=False)


def _ringing(family: ClickFamily, generator: np.random.Generator, samples: int, rate: int) -> Float64:
    time_s = np.arange(samples) / rate
    wave = np.zeros(samples)
    for low_hz, high_hz in family.resonances_hz:
        decay_s = generator.uniform(*family.decay_s)
        turn = 2 * np.pi * (generator.uniform(low_hz, high_hz) * time_s + generator.random())
        wave += generator.uniform(0.5, 1.0) * np.sin(turn) * np.exp(-time_s / decay_s)
    wave += family.noise * generator.normal(size=samples) * np.exp(-time_s / (0.5 * family.decay_s[0]))
    return wave * np.clip(time_s / 2e-4, 0, 1)


def _pop(family: PopFamily, generator: np.random.Generator, rate: int, longest_s: float) -> Float64:
    samples = round(min(longest_s, generator.uniform(*POP_S)) * rate)
    time_s = np.arange(samples) / rate
    attack_s = generator.uniform(*family.attack_s)
    envelope = np.clip(time_s / attack_s, 0, 1) * np.exp(-np.clip(time_s - attack_s, 0, None) * rate * 4 / samples)
    turn = 2 * np.pi * (generator.uniform(*family.swing_hz) * time_s + generator.random())
    size = 1 << (2 * samples - 1).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / rate)
    low = np.fft.rfft(generator.normal(size=size)) / (1 + (frequency / family.noise_hz) ** 4)
    puff = np.fft.irfft(low, size)[:samples]
    wave = np.sin(turn) + family.noise * puff / max(1e-9, float(np.abs(puff).max()))
    return wave * envelope * _faded(samples, rate)


def _faded(samples: int, rate: int, *, at_start: bool = True) -> Float64:
    """1, with short raised-cosine slopes at the ends: nothing begins or ends with a step."""
    fade = min(samples // 2, round(_FADE_S * rate))
    slope = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    window = np.ones(samples)
    if at_start:
        window[:fade] = slope
    window[samples - fade :] = slope[::-1]
    return window
