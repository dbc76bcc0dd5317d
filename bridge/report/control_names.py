"""Names of controls as people read them, as REAPER's panel has them (`reaper_scripts/lib/ui/change_text.lua`)."""

from __future__ import annotations

import re

_UNIT = re.compile(r"_(?:hz|db|ms|percent|oct)$")
_WORDS = {"q": "Q", "eq": "EQ"}


def control_name(slot: str, control: str) -> str:
    """A control and the slot that it is in. Units stand beside the values.

    >>> control_name("low_shelf", "gain_db")
    'Low shelf · Gain'
    >>> control_name("eq", "Low Freq")
    'EQ · Low Freq'
    """
    return f"{_humanised(slot)} · {_humanised(control)}"


def _humanised(name: str) -> str:
    """Names with capitals are the plugin's own."""
    if re.search("[A-Z]", name):
        return name
    bare = _UNIT.sub("", name)
    bare = _WORDS.get(bare, bare.replace("_", " "))
    return bare[:1].upper() + bare[1:]
