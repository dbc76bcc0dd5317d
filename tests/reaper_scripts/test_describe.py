"""lib/ui/describe.lua: facts in messages read the same on both sides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from bridge.automix.describe import describe_decision, describe_explanation
from bridge.automix.facts import (
    Decision,
    DecisionKind,
    Explanation,
    ExplanationKind,
    LoudnessKind,
    LoudnessOutcome,
    ProposalOrigin,
    SearchOutcome,
)
from bridge.reaper.describe import describe_balance, describe_left_alone, describe_reply
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, ModulationKind, Requirement
from bridge.reaper.protocol.messages import SCHEMA, Reply
from bridge.reaper.protocol.mix_balance import BalanceDecision, BalanceKind
from bridge.settings import shipped_folder

NAMES = {name: f"<{name}>" for name in ("fx", "slot", "parameter", "text", "unit", "wanted_unit", "plugin", "model")}


def left_alone(kind: LeftAloneKind, requirement: Requirement | None = None, band_type: int = 6) -> LeftAlone:
    fields = {
        **NAMES,
        "error": "<error>",
        "band_type": band_type,
        "at_most": 40.0,
        "at_least": 15000.0,
        "off_by_db": 2.5,
    }
    return LeftAlone(what="it", kind=kind, requirement=requirement, **fields)  # type: ignore[arg-type]


ROWS = [
    *(left_alone(kind) for kind in LeftAloneKind if kind is not LeftAloneKind.UNMET_REQUIREMENT),
    *(left_alone(LeftAloneKind.UNMET_REQUIREMENT, requirement) for requirement in Requirement),
    *(left_alone(LeftAloneKind.UNRENDERED_BAND, band_type=band_type) for band_type in (3, 7, 9)),
    *(LeftAlone(what="it", kind=LeftAloneKind.MODULATED, modulation=kind, fx="<fx>") for kind in ModulationKind),
]


def in_lua(module: Callable[[str], Any], function: str, *facts: object) -> str:
    """What `describe.function` says of facts that come as JSON."""
    json = module("exchange.json")
    said = module("ui.describe")[function.encode()](*(json.decode(msgspec.json.encode(fact)) for fact in facts))
    return str(said.decode())


def test_what_is_left_alone_reads_the_same(module: Callable[[str], Any]) -> None:
    for row in ROWS:
        ((_, why),) = describe_left_alone([row])
        assert in_lua(module, "reason", row) == why, row.kind


NUMBERS: dict[str, Any] = {
    "before_db": 4.25,
    "needed_db": 3.5,
    "after_db": 2.0,
    "true_peak_dbtp": 1.5,
    "loudness_change_lu": -3.25,
}


def outcome(kind: LoudnessKind) -> LoudnessOutcome:
    return LoudnessOutcome(
        kind=kind,
        target_lufs=-9.0,
        ceiling_dbtp=-1.0,
        loudness_lufs=-11.25,
        true_peak_dbtp=-1.5,
        most_limiting_db=6.0,
    )


def decisions() -> list[Decision]:
    plain = [Decision(kind=kind, **NUMBERS) for kind in DecisionKind]
    loud = [Decision(kind=DecisionKind.LOUDNESS_ONLY, loudness=outcome(kind)) for kind in LoudnessKind]
    moving = [
        Decision(kind=DecisionKind.ATTENUATED, regions=n, reverted_regions=n - 1, attenuation_db=6.0) for n in (1, 3)
    ]
    silent = [Decision(kind=DecisionKind.LOUDNESS_WOULD_SHIFT, loudness_change_lu=None)]
    searched = [Decision(kind=DecisionKind.IMPROVED, search=search) for search in SearchOutcome]
    return [
        *plain,
        *loud,
        *moving,
        *silent,
        *searched,
        Decision(kind=DecisionKind.IMPROVED, origin=ProposalOrigin.TONE_MATCH),
        Decision(kind=DecisionKind.IMPROVED, origin=ProposalOrigin.TONE_RANGE, role="bass"),
        Decision(kind=DecisionKind.WITHIN_RANGE, role="vocals", nearest_db=5.25, familiar_db=3.6),
        Decision(kind=DecisionKind.IMPROVED, search=SearchOutcome.NEEDS_REFERENCE, nearest_db=2.0, familiar_db=3.6),
        Decision(kind=DecisionKind.IMPROVED, origin=ProposalOrigin.CHAIN_SEARCH),
        Decision(kind=DecisionKind.IMPROVED, loudness=outcome(LoudnessKind.REACHED)),
    ]


def test_what_was_decided_reads_the_same(module: Callable[[str], Any]) -> None:
    for decision in decisions():
        reply = {"status": "apply", "decision": decision, "add_fx": [], "left_alone": []}
        assert in_lua(module, "reply", reply) == describe_decision(decision), decision


EXPLANATIONS = [
    *(Explanation(kind=kind, before_db=3.0, after_db=-1.25, target_db=2.0, effect_db=-1.5, role="bass", regions=4)
      for kind in ExplanationKind),
    Explanation(kind=ExplanationKind.TONE, low_hz=250.0, before_db=0.01, after_db=0.0, has_reference=True),
    Explanation(kind=ExplanationKind.TONE, high_hz=2000.0, before_db=-2.0, after_db=1.0),
    Explanation(kind=ExplanationKind.TONE, low_hz=800.0, high_hz=1600.0, before_db=-2.0, effect_db=0.5),
    Explanation(kind=ExplanationKind.TONE, low_hz=1250.0, high_hz=2500.0, before_db=-2.0),
    Explanation(kind=ExplanationKind.TONE, low_hz=1000.0, high_hz=1000.0, before_db=-2.0),
    Explanation(kind=ExplanationKind.MIX_BALANCE, role="drums", before_db=0.0, after_db=-0.5),
]  # fmt: skip


def test_why_a_control_was_changed_reads_the_same(module: Callable[[str], Any]) -> None:
    for explanation in EXPLANATIONS:
        assert in_lua(module, "explanation", explanation) == describe_explanation(explanation), explanation
    assert in_lua(module, "explanation", None) == ""


def test_every_problem_that_is_raised_has_a_sentence(module: Callable[[str], Any]) -> None:
    sentences = module("ui.sentence_table")
    known = {kind.decode() for part in (b"problems", b"reasons", b"steps") for kind in sentences[part]}
    files = (shipped_folder("reaper_scripts") / "lib").rglob("*.lua")
    code = "".join(file.read_text("utf-8") for file in files if file.name != "sentence_table.lua")
    used = set(re.findall(r'(?:user_error\.(?:new|raise)|\bset_step)\("(\w+)"', code))
    assert len(used) > 40
    assert used <= known <= set(re.findall(r'[".](\w+)', code)), "a sentence without a use, or the other way round"


def reply(status: str = "unchanged", **facts: Any) -> Reply:
    known = {"schema": SCHEMA, "id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "status": status, "model": "level"}
    return msgspec.convert({**known, **facts}, Reply)


HEARD = {"start_s": 2.0, "end_s": 602.0, "source": "items", "heard_s": 600.0}
REPLIES = [
    reply("error", error="The track is silent."),
    reply("unchanged", skipped="nothing_missing"),
    reply("unchanged", skipped="needs_automation"),
    reply("unchanged", skipped="nothing_to_set", add_fx=["ReaEQ", "ReaComp"]),
    reply(
        "unchanged", skipped="nothing_to_set", unsupported=["gate"], left_alone=[{"what": "ReaEQ", "kind": "bypassed"}]
    ),
    reply("apply", decision={"kind": "improved"}, balance={"role": "bass", "gain_db": -1.5}),
    reply("apply", decision={"kind": "silent"}, balance={"role": "bass", "gain_db": 2.0}),
    reply("apply", decision={"kind": "attenuated", "regions": 2}, unsupported=["gate", "limiter"]),
    *(
        reply("apply", decision={"kind": "improved"}, heard={**HEARD, **heard})
        for heard in (
            {"source": "project"},
            {"heard_s": 120.0},
            {"end_s": 2.25, "source": "time selection"},
            {"channels": 4},
            {"is_rendered": True},
            {"is_rendered": True, "source": "time selection", "heard_s": 60.0},
            {"channels": 6, "side_receives": 1},
            {"channels": 6, "side_receives": 2},
        )
    ),
    *(
        reply("unchanged", decision={"kind": "too_short", "sound_s": 0.02, "needed_sound_s": 1.0, "is_part": is_part})
        for is_part in (True, False)
    ),
]


def test_what_a_reply_says_reads_the_same(module: Callable[[str], Any]) -> None:
    for one in REPLIES:
        assert in_lua(module, "reply", one) == describe_reply(one), one


def test_what_a_mix_balance_comes_to_reads_the_same(module: Callable[[str], Any]) -> None:
    for kind in BalanceKind:
        for names in (("Bass",), ("Bass", "Drums", "Lead")):
            decision = BalanceDecision(
                kind=kind,
                names=names,
                tracks=3,
                before_lu=4.0,
                after_lu=1.5,
                true_peak_dbtp=-2.0,
                needed_db=7.5,
            )
            assert in_lua(module, "balance", {"status": "apply", "decision": decision}) == describe_balance(decision), (
                kind
            )
    assert in_lua(module, "balance", {"status": "error", "error": "No."}) == "No."
