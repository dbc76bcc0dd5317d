"""Addresses as REAPER's surface compares them with its patterns: numbers for '@', lists by comma, '*' and '?'.

Ported from `OscPatternMatch` and `FindOscMatch` of the reaper-sdk's csurf_osc.cpp. A '*' or '?' in the place of an '@'
matches, and yields no number: what follows then takes another's number, or the device's track, which is the master.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_REPEATS = 16  # of a list in one address
_ENTRY = re.compile(r"_[A-Za-z0-9_]+|[0-9]*")
_FURTHER = re.compile(r",(_[A-Za-z0-9_]*|[0-9]+)")


class Pattern(NamedTuple):
    """A line of a pattern file: its key, the kind of its argument, and its address."""

    key: str
    flag: str
    address: str


PATTERNS = (
    Pattern("ACTION", "i", "/action"),
    Pattern("ACTION", "s", "/action/str"),
    Pattern("ACTION", "t", "/action/@"),
    Pattern("FX_BYPASS", "b", "/track/@/fx/@/bypass"),
    Pattern("FX_WETDRY", "n", "/track/@/fx/@/wetdry"),
    Pattern("FX_PARAM_VALUE", "n", "/track/@/fx/@/fxparam/@/value"),
)


def find_pattern(address: str) -> tuple[Pattern, list[list[str]]] | None:
    """The pattern that an address matches, and for each of its repetitions the numbers (or named commands) of its '@',
    the last one first; None where REAPER takes it for nothing."""
    for pattern in PATTERNS:
        slots = _match(address, pattern.address)
        if slots is not None:
            repeats = max((len(slot) for slot in slots), default=1)
            if repeats > MAX_REPEATS or any(len(slot) not in (1, repeats) for slot in slots):
                return None
            columns = [slot if len(slot) == repeats else slot * repeats for slot in slots]
            return pattern, [[column[at] for column in reversed(columns)] for at in range(repeats)]
    return None


def _match(address: str, pattern: str) -> list[list[str]] | None:
    """What stands in the place of each '@' that got numbers; None where they do not match."""
    slots: list[list[str]] = []
    a = b = 0
    while a < len(address) and b < len(pattern):
        if address[a] == pattern[b] or address[a] == "?":
            a, b = a + 1, b + 1
        elif address[a] == "*":
            a += 1
            if a == len(address):
                return slots
            literal, end = _until_slash(address, a), _until_slash(pattern, b)
            if address[a:literal] != pattern[max(end - (literal - a), b) : end]:
                return None
            a, b = literal, end
        elif pattern[b] == "@":
            slot, a = _read_list(address, a)
            slots.append(slot)
            b += 1
        else:
            return None
    return slots if a == len(address) and b == len(pattern) else None


def _until_slash(text: str, start: int) -> int:
    end = text.find("/", start)
    return len(text) if end < 0 else end


def _read_list(address: str, start: int) -> tuple[list[str], int]:
    """Numbers and named commands from `start` on, and where they end. Nothing there is a 0."""
    found = _ENTRY.match(address, start)
    assert found
    entries, end = [found[0] or "0"], found.end()
    while further := _FURTHER.match(address, end):
        entries.append(further[1])
        end = further.end()
    return entries, end
