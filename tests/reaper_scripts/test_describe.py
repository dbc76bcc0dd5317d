"""lib/ui/describe.lua: facts in messages read the same on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bridge.reaper.describe import describe_left_alone
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement

NAMES = {name: f"<{name}>" for name in ("fx", "slot", "parameter", "text", "unit", "wanted_unit", "plugin", "model")}


def left_alone(kind: LeftAloneKind, requirement: Requirement | None = None) -> LeftAlone:
    fields = {**NAMES, "error": "<error>", "band_type": 6, "at_most": 40.0, "at_least": 15000.0}
    return LeftAlone(what="it", kind=kind, requirement=requirement, **fields)  # type: ignore[arg-type]


ROWS = [
    *(left_alone(kind) for kind in LeftAloneKind if kind is not LeftAloneKind.UNMET_REQUIREMENT),
    *(left_alone(LeftAloneKind.UNMET_REQUIREMENT, requirement) for requirement in Requirement),
]


def in_lua(module: Callable[[str], Any], function: str, *facts: object) -> str:
    """What `describe.function` says of facts that come as JSON."""
    json = module("exchange.json")
    said = module("ui.describe")[function.encode()](*(json.decode(msgspec.json.encode(fact)) for fact in facts))
    return said.decode()


def test_what_is_left_alone_reads_the_same(module: Callable[[str], Any]) -> None:
    for row in ROWS:
        ((_, why),) = describe_left_alone([row])
        assert in_lua(module, "reason", row) == why, row.kind
