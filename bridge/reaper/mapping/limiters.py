"""Where FX are added to a chain: behind what is there, but before the limiters and meters that it ends in.

A limiter must stay the last thing that changes the sound, and a meter the last one that sees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.reaper.mapping.containers import open_containers
from bridge.reaper.mapping.fx_matching import is_audible
from bridge.reaper.protocol.fx_snapshot import FxSnapshot

_LIMITER = re.compile(r"limit|maxim|brick ?wall|clipper|\bL[123]\b", re.IGNORECASE)
_METER = re.compile(r"meter|analy[sz]|scope|spectr|goniom|\bSPAN\b|youlean|\bLUFS\b|tuner", re.IGNORECASE)


def find_end_limiter(fx_chain: Sequence[FxSnapshot]) -> str:
    """The GUID of the first of the limiters and meters that end a chain; '' where it does not end in any.

    What is not heard may stand behind and between them. They are known by their names.
    """
    found = ""
    for fx in sorted(open_containers(fx_chain).fx, key=lambda fx: -fx.index):
        names = f"{fx.original_name} {fx.name}"
        if not is_audible(fx):
            continue
        if not _LIMITER.search(names) and not _METER.search(names):
            break
        found = fx.guid
    return found
