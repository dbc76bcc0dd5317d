"""Clean speech by espeak-ng for learning what is speech: voices that are on one side only, many words, real pauses.

Language and variant of a voice belong to the same side, so that a voice of the test shares neither with what was
learned from. Nothing here adds a sound that is not speech.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bridge.training.data.recordings import Recording, Side, until
from bridge.training.data.speech import speak_text

LANGUAGES: dict[Side, tuple[str, ...]] = {
    "train": ("en-us", "en-gb", "de", "fr", "es", "it", "sv", "pt", "ro", "da", "id", "sk"),
    "validation": ("en-gb-scotland", "nl", "cs", "ca"),
    "test": ("en-029", "pl", "fi", "tr", "nb"),
}
VARIANTS: dict[Side, tuple[str, ...]] = {
    "train": ("m1", "m2", "m3", "m5", "m7", "f1", "f2", "f3", "adam", "linda", "paul", "belinda", "rob", "steph"),
    "validation": ("m4", "f5", "david", "anika"),
    "test": ("m6", "m8", "f4", "Annie", "Michael", "Alex"),
}
_WORDS = (
    "river", "morning", "silver", "window", "question", "mountain", "gentle", "paper", "thunder", "station",
    "whisper", "orange", "distant", "shallow", "carpet", "seven", "echo", "valley", "simple", "frozen", "turning",
    "quickly", "sister", "chapter", "yellow", "bridge", "follow", "pepper", "charge", "stop", "better", "people",
    "happy", "house", "shoes", "fish", "theory", "half", "ship", "paint", "pocket", "bottle", "table", "capital",
    "harbour", "visit", "zero", "measure", "jungle", "breath", "hello", "perhaps", "behind", "summer", "rough",
    "spring", "basket", "begin", "picture", "probably", "a", "the", "and", "of", "is", "into", "we", "they",
)  # fmt: skip
_PHRASES = 8


@dataclass(frozen=True)
class Voice:
    """One of espeak-ng's voices, how high it lies and how fast it speaks."""

    name: str
    pitch: int
    words_per_minute: int


def draw_voice(side: Side, generator: np.random.Generator) -> Voice:
    name = f"{generator.choice(LANGUAGES[side])}+{generator.choice(VARIANTS[side])}"
    return Voice(name, int(generator.integers(25, 80)), int(generator.integers(120, 200)))


def synthesise_speech(
    side: Side, seed: int, *, takes: int, sample_rate_hz: int, must_stop: Callable[[], bool] = lambda: False
) -> list[Recording]:
    """`takes` recordings of about 15 seconds, each by a voice of that side; none where espeak-ng is missing. Once
    `must_stop`, those there are will do, one at least.

    Raises AudioError when espeak-ng is there but fails.
    """
    recordings = []
    for take in until(must_stop, range(takes)):
        generator = np.random.default_rng([seed, take, sorted(LANGUAGES).index(side), 5])
        voice = draw_voice(side, generator)
        audio = speak_text(
            _text(generator),
            voice=voice.name,
            pitch=voice.pitch,
            words_per_minute=voice.words_per_minute,
            sample_rate_hz=sample_rate_hz,
        )
        if audio is not None:
            name = f"spoken/{side}-{seed}-{take}-{voice.name}"
            recordings.append(Recording(name, name, audio[None], sample_rate_hz))
    return recordings


def _text(generator: np.random.Generator) -> str:
    counts = generator.integers(2, 7, size=_PHRASES)
    return " ".join(" ".join(generator.choice(_WORDS, size=count)).capitalize() + "." for count in counts)
