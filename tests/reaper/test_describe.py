"""Every fact in messages has its English."""

from __future__ import annotations

import pytest

from bridge.reaper.describe import describe_left_alone
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement


def row(kind: LeftAloneKind, requirement: Requirement | None = None) -> LeftAlone:
    names = {
        name: f"<{name}>" for name in ("fx", "slot", "parameter", "text", "unit", "wanted_unit", "plugin", "model")
    }
    bounds = {"at_most": 40.0, "at_least": 15000.0}
    return LeftAlone(what="it", kind=kind, requirement=requirement, band_type=3, error="<error>", **names, **bounds)  # type: ignore[arg-type]


ROWS = [
    *(row(kind) for kind in LeftAloneKind if kind is not LeftAloneKind.UNMET_REQUIREMENT),
    *(row(LeftAloneKind.UNMET_REQUIREMENT, requirement) for requirement in Requirement),
]


@pytest.mark.parametrize("one", ROWS, ids=lambda one: f"{one.kind} {one.requirement or ''}")
def test_each_kind_has_a_sentence_of_its_own(one: LeftAlone) -> None:
    ((what, why),) = describe_left_alone([one])
    assert what == "it"
    assert why
    assert "None" not in why
    others = [describe_left_alone([other])[0][1] for other in ROWS if other is not one]
    assert why not in others


def test_reasons_of_one_thing_are_joined() -> None:
    rows = [row(LeftAloneKind.UNMET_REQUIREMENT, r) for r in (Requirement.KNEE, Requirement.LOOKAHEAD)]
    ((_, why),) = describe_left_alone(rows)
    assert why == "sets in softly: set Knee to 40 dB or below; looks ahead: set Pre-comp to 40 ms or below"
