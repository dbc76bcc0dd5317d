"""Every fact in messages has its English."""

from __future__ import annotations

import pytest

from bridge.reaper.describe import describe_balance, describe_left_alone
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement
from bridge.reaper.protocol.mix_balance import BalanceDecision, BalanceKind


def row(kind: LeftAloneKind, requirement: Requirement | None = None) -> LeftAlone:
    names = {
        name: f"<{name}>" for name in ("fx", "slot", "parameter", "text", "unit", "wanted_unit", "plugin", "model")
    }
    bounds = {"at_most": 40.0, "at_least": 15000.0, "off_by_db": 2.5}
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


def unmet(requirement: Requirement, *, at_most: float | None = None, at_least: float | None = None) -> LeftAlone:
    return LeftAlone(
        what="it", kind=LeftAloneKind.UNMET_REQUIREMENT, requirement=requirement, at_most=at_most, at_least=at_least
    )


def band_of(band_type: int) -> LeftAlone:
    return LeftAlone(what="it", kind=LeftAloneKind.UNRENDERED_BAND, band_type=band_type)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (unmet(Requirement.DRY_SIGNAL, at_most=-60.0), "mixes dry signal in: set Dry to -inf"),
        (unmet(Requirement.AUTO_RELEASE), "chooses its release by itself: switch Auto Release off"),
        (
            unmet(Requirement.DETECTOR_HIGHPASS, at_most=40.0),
            "does not detect the lows: set its detector's Hipass to 40 Hz or below",
        ),
        (
            unmet(Requirement.DETECTOR_LOWPASS, at_least=15000.0),
            "does not detect the highs: set its detector's Lowpass to 15000 Hz or above",
        ),
        (unmet(Requirement.RMS_WINDOW, at_most=30.0), "reacts to a long mean: set RMS size to 30 ms or below"),
        (band_of(3), "has a notch switched on, which Bridge cannot render: switch that band off"),
        (band_of(6), "has a band pass switched on, which Bridge cannot render: switch that band off"),
        (band_of(9), "has a band of type 9 switched on, which Bridge cannot render: switch that band off"),
        (LeftAlone(what="it", kind=LeftAloneKind.NO_BAND, fx="ReaEQ"), "ReaEQ has no band of this type left: add one"),
    ],
)
def test_what_is_to_be_done_is_said(one: LeftAlone, said: str) -> None:
    assert describe_left_alone([one]) == [("it", said)]


@pytest.mark.parametrize(("names", "said"), [(("A",), "what A plays."), (("A", "C"), "what A and C play.")])
def test_tracks_of_unknown_roles_are_named(names: tuple[str, ...], said: str) -> None:
    assert f" it is not clear {said}" in describe_balance(BalanceDecision(kind=BalanceKind.UNKNOWN_ROLES, names=names))
