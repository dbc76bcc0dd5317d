"""Plugins with the same controls once more for the other channel: setting one of a pair would move the sound aside."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.plugins.recognition.lexicon import split_words

_PAIRS = (("l", "r"), ("left", "right"), ("m", "s"), ("mid", "side"), ("lat", "vert"))
_BANDS = {"low", "lf", "lmf", "lm", "mid", "mf", "hmf", "hm", "high", "hf"}
LEAST = 2


def has_twins(names: Sequence[str]) -> bool:
    """Whether the names of a plugin's controls are there twice, for two channels."""
    rows = [tuple(split_words(name)) for name in names]
    known = set(rows)
    for one, other in _PAIRS:
        if _count(rows, known, one, other) >= LEAST:
            return True
    numbered = [row for row in rows if "ch" in row or "channel" in row or _BANDS & set(row)]
    words = {word for row in numbered for word in row if word in _BANDS}
    is_by_number = _count(numbered, known, "1", "2") >= LEAST and not _count(numbered, known, "2", "3")
    return is_by_number and (len(words) >= LEAST or any("ch" in row or "channel" in row for row in numbered))


def _count(rows: Sequence[tuple[str, ...]], known: set[tuple[str, ...]], one: str, other: str) -> int:
    """How many names are there with one word and, otherwise the same, with the other."""
    with_one = (row for row in rows if one in row and len(row) > 1)
    return sum(tuple(other if word == one else word for word in row) in known for row in with_one)
