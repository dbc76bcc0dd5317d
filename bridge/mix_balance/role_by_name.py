"""The role of a track by its name, as people name tracks. A name that says nothing, or two things, has no role.

The words are in `role_words.toml`; how they were measured stands in `tests/data/track_names.tsv`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

Role = Literal["drums", "bass", "vocals", "lead", "guitar", "keys"]
ROLES: tuple[Role, ...] = get_args(Role)

_WITHIN = "within"  # the key of what is found within words
_HARMONY = frozenset({"harmony", "harmonies", "harm", "harms"})  # voices, where nothing else is named
_TOGETHER: dict[frozenset[Role], Role] = {  # what two words say that are said of one track
    frozenset({"bass", "guitar"}): "bass",
    frozenset({"bass", "keys"}): "bass",
    frozenset({"lead", "vocals"}): "vocals",
    frozenset({"lead", "guitar"}): "lead",
    frozenset({"lead", "keys"}): "lead",
}
_PHRASES = (  # words that say something else together than each by itself
    (re.compile(r"\b(?:bass ?drum|sub ?kick|(?:kick|k) ?sub)\b"), "drum"),
    (re.compile(r"\blead (?:double|doubles|dbl)\b"), "vocal"),
    (re.compile(r"\bsub ?(?:mix|mixes|group|master|bus)\b"), ""),
    (re.compile(r"\b(?:lap|pedal) ?steel\b"), "guitar"),
    (re.compile(r"\b(?:hi|хай) (?:hat|hats|хэт)\b"), "drum"),
    (re.compile(r"\b(?:string|double|upright) bass\b"), "bass"),
)


def role_by_name(name: str) -> Role | None:
    """Return the role that a track's name says, or None.

    >>> role_by_name("02 Kick In"), role_by_name("BassGtr_DI"), role_by_name("Lead Vox"), role_by_name("Bass drum")
    ('drums', 'bass', 'vocals', 'drums')
    >>> role_by_name("Бэк-вокал 2"), role_by_name("HARM1"), role_by_name("エレキギター L")
    ('vocals', 'vocals', 'guitar')
    >>> role_by_name("Track 7") is None, role_by_name("Kick + Bass") is None
    (True, True)
    """
    text = " ".join(_words(name))
    for phrase, meaning in _PHRASES:
        text = phrase.sub(meaning, text)
    words, known = frozenset(text.split()), _known_words()
    roles = frozenset(
        role
        for role in ROLES
        if known[role].whole & words or any(part in word for part in known[role].within for word in words)
    )
    if not roles and words & _HARMONY:
        return "vocals"
    if len(roles) == 1:
        return next(iter(roles))
    return _TOGETHER.get(roles)


class _RoleWords(msgspec.Struct, frozen=True):
    """The words of a role: those that are one as a whole, and those that are found within others."""

    whole: frozenset[str]
    within: frozenset[str]


@cache
def _known_words() -> Mapping[Role, _RoleWords]:
    data = Path(__file__).with_name("role_words.toml").read_bytes()
    table = msgspec.toml.decode(data, type=dict[str, dict[str, str]])
    known: dict[Role, _RoleWords] = {}
    for role in ROLES:
        whole = {_folded(word) for key, words in table[role].items() if key != _WITHIN for word in words.split()}
        known[role] = _RoleWords(frozenset(whole), frozenset(table[role][_WITHIN].split()))
    return known


def _words(name: str) -> Iterator[str]:
    """The words of a name, folded: runs of letters, cut where a capital follows a small letter."""
    for run in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", name)):
        pairs = zip(" " + run, run, strict=False)
        cut = "".join(f" {now}" if before.islower() and now.isupper() else now for before, now in pairs)
        yield from _folded(cut).split()


def _folded(text: str) -> str:
    """Without case, and Latin letters without accents."""
    return "".join(_without_accent(letter) for letter in text.casefold())


def _without_accent(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() or "\u0370" <= base <= "\u03ff" else letter
