"""The kind of an FX: by the words of its name where they say it, else by what its parameters are."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence

from bridge.plugins.recognition.lexicon import lexicon, split_words
from bridge.plugins.recognition.names import Name, graphic_freq_hz

_FORMAT = re.compile(r"^\s*(?:VST3?i?|AU|JS|CLAPi?|LV2|DX)\s*:\s*", re.IGNORECASE)
_ENDINGS = (
    ("eq", "eq"),
    ("comp", "compressor"),
    ("compressor", "compressor"),
    ("limiter", "limiter"),
    ("gate", "gate"),
    ("esser", "de-esser"),
)
_VENDOR = re.compile(r"\s*\([^()]*(?:\([^()]*\))?[^()]*\)\s*$")


def kind_by_name(fx_name: str) -> str | None:
    """Return the kind that an FX's name says it is, or None.

    >>> kind_by_name("VST3: Pro-C 2 (FabFilter)"), kind_by_name("JS: Express Bus Compressor")
    (None, 'compressor')
    """
    words = split_words(_VENDOR.sub("", _FORMAT.sub("", fx_name)))
    known, found = _known_kinds(), []
    for place in range(len(words)):
        for length in range(1, min(4, len(words) - place + 1)):
            if kind := known.get(tuple(words[place : place + length])):
                found.append((length, place, kind))
    if not found:
        found = [(1, place, kind) for place, word in enumerate(words) for end, kind in _ENDINGS if word.endswith(end)]
    return max(found)[2] if found else None


@functools.cache
def _known_kinds() -> dict[tuple[str, ...], str]:
    """The lexicon's words for kinds, spelt out as the words of names are."""
    return {tuple(split_words(" ".join(phrase))): kind for phrase, kind in lexicon().kinds.items()}


def kind_by_roles(names: Sequence[Name]) -> str:
    """Return the kind that the parameters of an FX make it."""
    roles = Counter(role for name in names for role in set(name.roles) if role != "boost" or name.bands)
    sections = {section for name in names for section in name.sections}
    graphic = sum(graphic_freq_hz(name.text) is not None for name in names)
    bands = {
        (*name.bands, *name.numbers)
        for name in names
        if ({"freq", "boost"} & set(name.roles) or (name.bands and "gain" in name.roles)) and "sc" not in name.sections
    }
    bare = sum(bool(name.bands) and not (name.roles or name.unknown or name.sections) for name in names)
    is_eq = (
        graphic >= 3
        or (bare >= 3 and not roles["threshold"])
        or len(bands - {()}) >= 2
        or (roles["freq"] >= 2 and roles["gain"] >= 2)
        or roles["boost"] >= 2
    )
    if is_eq and roles["threshold"] and ({"comp", "gate"} & sections):
        return "channel strip"
    bands_compressed = {
        (*name.bands, *name.numbers) for name in names if "threshold" in name.roles and name.channel is None
    }
    is_dynamic_eq = is_eq and bool(roles["type"] or roles["q"])
    if (roles["crossover"] and roles["threshold"] >= 2) or (len(bands_compressed - {()}) >= 3 and not is_dynamic_eq):
        return "multiband"
    if roles["threshold"] >= 2 and {"comp", "gate"} <= sections:
        return "channel strip"
    if is_eq:
        return "eq"
    is_peak_held = roles["ceiling"] or "lim" in sections or any("true" in name.words for name in names)  # "True Peak"
    if is_peak_held and not (roles["ratio"] or roles["amount"]):
        return "limiter"
    if (
        roles["threshold"]
        and not roles["ratio"]
        and (roles["range"] or roles["hysteresis"] or roles["close_threshold"])
    ):
        return "gate"
    if roles["range"] and roles["hold"] and not roles["makeup"] and not roles["output"]:
        return "gate"
    if roles["ratio"] or roles["threshold"] or roles["amount"] or roles["time_constant"] or roles["makeup"]:
        return "compressor"
    return "eq" if roles["freq"] or (roles["gain"] and any(name.bands for name in names)) else "other"


def kind_of(fx_name: str, names: Sequence[Name]) -> str:
    """Return the kind of an FX: compressor, eq, limiter, gate, channel strip, multiband, de-esser or other."""
    named, made = kind_by_name(fx_name), kind_by_roles(names)
    if named in (None, "compressor", "eq") and made == "channel strip":
        return made if named != "eq" else "eq"
    return named or made
