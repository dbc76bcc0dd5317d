"""A parameter's name taken apart: section, filter, bands, numbers and the roles that its words allow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bridge.plugins.recognition.lexicon import Meaning, Phrase, phrases_of, split_words

_GRAPHIC = re.compile(
    r"^(?:\w{1,12}\s+|\D{0,6}?)(\d+(?:[.,]\d+)?)\s*(k|khz|hz)?\s*(?:[(\[]?\s*db\s*[)\]]?)?$", re.IGNORECASE
)
_UNIT_IN_BRACKETS = re.compile(
    r"[(\[]\s*(?:db|hz|khz|ms|s|sec|µs|μs|us|%|oct|q|0=auto|2-pole|bpm|x?:1|x)\s*[)\]]", re.IGNORECASE
)
MOST_BANDS, MEMBERS = 32, 3  # a larger number names a model; so many names make a module
_CHANNELS = {"l": 1, "left": 1, "r": 2, "right": 2}
_LETTER_BANDS = {"l": 1.0, "m": 3.0, "h": 5.0}


@dataclass(frozen=True)
class Name:
    """A parameter's name: the phrases in it, without words for a channel or a band by letter, which stand apart."""

    text: str
    words: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    channel: int | None = None  # 1: left, 2: right
    letter_band: float | None = None

    def values(self, meaning: Meaning) -> list[str]:
        """Return what its phrases of a meaning name, in order."""
        return [phrase.value for phrase in self.phrases if phrase.meaning == meaning]

    @cached_property
    def roles(self) -> list[str]:
        return self.values(Meaning.ROLE)

    @cached_property
    def sections(self) -> list[str]:
        return self.values(Meaning.SECTION)

    @cached_property
    def filters(self) -> list[str]:
        return self.values(Meaning.FILTER)

    @cached_property
    def bands(self) -> list[str]:
        return self.values(Meaning.BAND)

    @cached_property
    def numbers(self) -> list[int]:
        return [int(number) for number in self.values(Meaning.NUMBER) if int(number) <= MOST_BANDS]

    @cached_property
    def unknown(self) -> list[str]:
        return self.values(Meaning.UNKNOWN)

    def has_words(self, *words: str) -> bool:
        return any(word in self.words for word in words)

    @cached_property
    def skeleton(self) -> tuple[str, ...]:
        """Its words without numbers: what the names of one family share."""
        return tuple(word for word in self.words if not word.isdigit())


def graphic_freq_hz(text: str) -> float | None:
    """Return the frequency that is a graphic equaliser's fader name, or None.

    >>> graphic_freq_hz("2.5 kHz"), graphic_freq_hz("16K [dB]"), graphic_freq_hz("Band 1")
    (2500.0, 16000.0, None)
    """
    match = _GRAPHIC.match(text.strip())
    if match is None or not (match[2] or (float(match[1].replace(",", ".")) >= 20 and text.strip()[0].isdigit())):
        return None
    return float(match[1].replace(",", ".")) * (1000.0 if (match[2] or "").lower().startswith("k") else 1.0)


def read_names(texts: Sequence[str]) -> list[Name]:
    """Return the names of one plugin's parameters, taken apart.

    A word with which nearly all names begin is the plugin's own, and is left out. Single letters are channels where
    there is an L and an R, and bands where there is an L and an H.
    """
    rows = [split_words(_UNIT_IN_BRACKETS.sub(" ", text)) for text in texts]
    rows = _without_common_start(rows)
    letters = {word for row in rows for word in row}
    is_stereo = {"l", "r"} <= letters or {"left", "right"} <= letters
    has_letter_bands = not is_stereo and {"l", "h"} <= letters
    names = []
    for text, row in zip(texts, rows, strict=True):
        channel = letter_band = None
        kept = list(row)
        for word in row:
            if is_stereo and word in _CHANNELS and len(row) > 1:
                channel = _CHANNELS[word]
                kept.remove(word)
            elif has_letter_bands and word in _LETTER_BANDS and len(row) > 1:
                letter_band = _LETTER_BANDS[word]
                kept.remove(word)
        names.append(Name(text, tuple(kept), tuple(phrases_of(kept)), channel, letter_band))
    return _without_modules(names)


def _without_modules(names: list[Name]) -> list[Name]:
    """Names in which a word that begins several of them, and that the lexicon does not know, stands for a section.

    Which section that is, is told by the roles in it: a ratio makes it a compressor, a range a gate.
    """
    modules: dict[str, list[Name]] = {}
    for name in names:
        if len(name.words) > 1 and (name.phrases[0].meaning == Meaning.UNKNOWN or _is_model_number(name.words[0])):
            modules.setdefault(name.words[0], []).append(name)
    phrases = {word: _module(word, members) for word, members in modules.items() if len(members) >= MEMBERS}
    return [
        replace(name, phrases=(phrases[name.words[0]], *name.phrases[1:]))
        if len(name.words) > 1 and name.words[0] in phrases
        else name
        for name in names
    ]


def _is_model_number(word: str) -> bool:
    return word.isdigit() and int(word) > MOST_BANDS


def _module(word: str, members: list[Name]) -> Phrase:
    roles = {role for name in members for role in name.roles}
    section = "comp" if {"threshold", "ratio"} <= roles else "gate" if {"threshold", "range"} <= roles else None
    return Phrase(Meaning.SECTION if section else Meaning.FILLER, section or "", (word,))


def _without_common_start(rows: list[list[str]]) -> list[list[str]]:
    firsts = Counter(row[0] for row in rows if len(row) > 1)
    if not firsts:
        return rows
    word, count = firsts.most_common(1)[0]
    is_own = count >= 3 and count >= 0.9 * len(rows) - 3 and count > len(rows) / 2 and word not in ("band", "filter")
    return [row[1:] if is_own and len(row) > 1 and row[0] == word else row for row in rows]
