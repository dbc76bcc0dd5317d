"""What displayed texts say of a control: its unit, its direction, whether it is a switch or a choice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.plugins.chain.display_law import parse_display

_UNITS = (
    ("dB", re.compile(r"\bdb(?:tp|fs)?\b", re.IGNORECASE)),
    ("Hz", re.compile(r"(?:\d\s*k?|\b)hz\b|\d\s*k$|\bkcs\b|\bcps\b", re.IGNORECASE)),
    ("ms", re.compile(r"(?:\d\s*|\b)(?:ms|msec|us|µs|μs)\b", re.IGNORECASE)),
    ("s", re.compile(r"\d\s*(?:s|sec)\b|^\(?(?:s|sec|seconds)\)?$", re.IGNORECASE)),
    ("%", re.compile(r"%")),
    (":1", re.compile(r"\d\s*:\s*1\b|^inf\s*:", re.IGNORECASE)),
    ("oct", re.compile(r"\boct(?:aves?)?\b", re.IGNORECASE)),
    ("dB/oct", re.compile(r"db\s*/\s*oct", re.IGNORECASE)),
)
_IN_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]{1,12}?)\s*[)\]]")
_SWITCHES = re.compile(
    r"^(?:on|off|in|out|yes|no|enabled?|disabled?|active|inactive|normal|bypass(?:ed)?|link(?:ed)?|unlink(?:ed)?)$",
    re.IGNORECASE,
)


def unit_of(name: str, texts: Sequence[str]) -> str | None:
    """Return the unit that texts show, or that a name has in brackets: dB, Hz, ms, s, %, :1, oct, dB/oct.

    >>> unit_of("Attack (ms)", []), unit_of("Freq", ["1.2 kHz"]), unit_of("Ratio", ["4.00:1"]), unit_of("Mode", ["A"])
    ('ms', 'Hz', ':1', None)
    """
    candidates = [text for text in texts if text.strip()] or _IN_BRACKETS.findall(name)
    for text in [*candidates, *_IN_BRACKETS.findall(name)]:
        shown = text.strip().replace("\u202f", " ").replace("\xa0", " ")
        for unit, pattern in reversed(_UNITS):
            if pattern.search(shown):
                return unit
    return None


def is_switch(texts: Sequence[str]) -> bool:
    """Return whether all texts are those of a switch. False where there are fewer than two."""
    shown = [text.strip() for text in texts if text.strip()]
    return 2 <= len(set(shown)) <= 3 and all(_SWITCHES.match(text) for text in shown)


def choices_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of a choice, in order; empty where they are numbers, or fewer than two."""
    shown = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    is_choice = len(shown) > 1 and all(parse_display(text) is None for text in shown)
    return shown if is_choice else ()


def is_falling(texts: Sequence[str]) -> bool | None:
    """Return whether what is displayed falls as the normalized value rises; None where two texts do not tell."""
    numbers = [number for text in texts if (number := parse_display(text.strip())) is not None]
    if len(numbers) < 2 or numbers[0] == numbers[-1]:
        return None
    return numbers[-1] < numbers[0]
