"""The lexicon of parameter names: phrases and what they say of a control."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple

_SPLITS = (
    re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])"),  # MakeUp
    re.compile(r"(?<=[A-Z])(?=[A-Z][a-z]{2})"),  # EQGain
    re.compile(r"(?<=[^\W\d])(?=\d)"),  # Freq0
    re.compile(r"(?<=\d)(?=[^\W\d])"),  # 1EQ
)
_WORD = re.compile(r"[^\W_]+")
_GLUED = re.compile(r"^(?!LMF$|HMF$)(LF|LMF|MF|HMF|HF|LM|HM)(F|G|Q|HQ)$")  # LFF LMG HMQ LMHQ, not the bands LMF, HMF
_GLUED_WORDS = {"F": "freq", "G": "gain", "Q": "q", "HQ": "q"}


class Meaning(StrEnum):
    """What a phrase says of a control."""

    ROLE = "role"
    SECTION = "section"
    FILTER = "filter"
    BAND = "band"
    NUMBER = "number"
    NEVER = "never"
    FILLER = "filler"
    UNKNOWN = "unknown"


class Phrase(NamedTuple):
    """A phrase of a name: its meaning, which role, section, filter or band it names, and its words."""

    meaning: Meaning
    value: str
    words: tuple[str, ...]


class Lexicon(NamedTuple):
    abbreviations: dict[str, str]
    phrases: dict[tuple[str, ...], Phrase]
    kinds: dict[tuple[str, ...], str]
    longest: int


@functools.cache
def lexicon() -> Lexicon:
    """Return the lexicon that comes with Bridge."""
    data = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8"))
    phrases: dict[tuple[str, ...], Phrase] = {}

    def add(meaning: Meaning, value: str, texts: list[str]) -> None:
        for text in texts:
            words = tuple(text.split())
            phrases.setdefault(words, Phrase(meaning, value, words))

    for role, texts in data["roles"].items():
        add(Meaning.ROLE, role, texts)
    for name, texts in data["filters"].items():
        add(Meaning.FILTER, name, texts)
    for section, texts in data["sections"].items():
        add(Meaning.SECTION, section, texts)
    for band, texts in data["bands"].items():
        add(Meaning.BAND, band, texts)
    add(Meaning.NEVER, "none", data["never"]["phrases"])
    add(Meaning.FILLER, "", data["fillers"]["phrases"])
    kinds = {tuple(text.split()): kind for kind, texts in data["kinds"].items() for text in texts}
    return Lexicon(data["abbreviations"], phrases, kinds, max(map(len, phrases)))


def split_words(name: str) -> list[str]:
    """Return the words of a name, lower case and spelt out.

    >>> split_words("MakeupGn"), split_words("LMF Freq1"), split_words("LFG")
    (['makeup', 'gain'], ['lmf', 'freq', '1'], ['lf', 'gain'])
    """
    text = unicodedata.normalize("NFKC", name)
    words = []
    for word in _WORD.findall(text):
        if glued := _GLUED.match(word):
            words += [glued[1].lower(), _GLUED_WORDS[glued[2]]]
            continue
        for split in _SPLITS:
            word = split.sub(" ", word)
        words += word.split()
    known = lexicon().abbreviations
    return " ".join(known.get(word.lower(), word.lower()) for word in words).split()


def phrases_of(words: list[str]) -> list[Phrase]:
    """Return words as phrases, the longest that the lexicon knows at each place."""
    known, found, place = lexicon(), [], 0
    while place < len(words):
        for length in range(min(known.longest, len(words) - place), 0, -1):
            if phrase := known.phrases.get(tuple(words[place : place + length])):
                break
        else:
            length, word = 1, words[place]
            phrase = Phrase(Meaning.NUMBER if word.isdigit() else Meaning.UNKNOWN, word, (word,))
        found.append(phrase)
        place += length
    return found
