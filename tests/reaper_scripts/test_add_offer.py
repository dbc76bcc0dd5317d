"""The default action offers to add what is missing: asked once, remembered, never where nobody sits; what the user
prefers comes first."""

from __future__ import annotations

import time

import pytest
from reaper_session import ReaperSession, noise, set_comp, silent, unchanged

from bridge.reaper.protocol.messages import SCHEMA, Reply, Request, encode
from bridge.reaper.protocol.script_calls import ScriptCall

TITLE = "Bridge"
YES, NO, CANCEL = 6, 7, 2


def lacking(request: Request, *names: str, **fields: object) -> Reply:
    return Reply(schema=SCHEMA, id=request.id, status="add_fx", add_fx=names, **fields)


def add_or_set(request: Request) -> Reply | None:
    """As the daemon answers: what is missing where that may be added, else what there is to set."""
    has_comp = any("ReaComp" in fx.original_name for fx in request.fx)
    if has_comp:
        return set_comp(request)
    return lacking(request, "ReaEQ", "ReaComp") if request.options.add_missing_fx else unchanged(request)


@pytest.fixture
def bare(desk: ReaperSession) -> ReaperSession:
    """A track with no FX at all, of which nobody was asked yet."""
    del desk.reaper.ext_state["Bridge", "add_fx"]
    desk.track.fx.clear()
    desk.reaper.project.history.rebase()
    desk.daemon.answer = add_or_set
    return desk


def kept(desk: ReaperSession) -> str:
    return desk.reaper.ext_state.get(("Bridge", "add_fx"), "")


def test_the_default_action_asks_and_adds_in_one_undo_step(bare: ReaperSession) -> None:
    bare.reaper.messages.answers[TITLE] = YES
    bare.run()
    (question,) = bare.reaper.messages.questions
    assert question.startswith("Vocals lacks ReaEQ and ReaComp, which Bridge would set. Shall Bridge add FX")
    assert [fx.original_name for fx in bare.track.fx] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert bare.comp_values() == (0.4, 0.3)
    assert bare.reaper.undo_points == ["Bridge: Auto-mix track"]
    bare.reaper.undo()
    assert bare.track.fx == []
    assert bare.daemon.leftovers() == []
    assert kept(bare) == "yes"


def test_what_was_answered_is_not_asked_again(bare: ReaperSession) -> None:
    bare.reaper.messages.answers[TITLE] = YES
    bare.run()
    bare.reaper.undo()
    bare.run()
    assert len(bare.reaper.messages.questions) == 1
    assert bare.comp_values() == (0.4, 0.3)


@pytest.mark.parametrize(("count", "answer", "added"), [(60, NO, 0), (3, YES, 2)])
def test_a_project_of_many_tracks_asks_once(bare: ReaperSession, count: int, answer: int, added: int) -> None:
    for number in range(1, count):
        bare.reaper.project.add_track(f"Take {number}", noise(0.05)).selected = True
    bare.reaper.messages.answers[TITLE] = answer
    bare.run(limit_s=120.0)
    (question,) = bare.reaper.messages.questions
    assert question.startswith(f"{count} tracks lack FX that Bridge would set (ReaEQ and ReaComp).")
    assert {len(track.fx) for track in bare.reaper.project.tracks} == {added}
    assert bare.reaper.undo_points == ([f"Bridge: Auto-mix {count} tracks"] if added else [])


def test_cancelling_the_question_leaves_all_as_it_was(bare: ReaperSession) -> None:
    other = bare.reaper.project.add_track("Bass", noise(0.5))
    comp = other.add_fx("ReaComp")
    other.selected = True
    bare.reaper.project.history.rebase()
    before = comp.values()
    bare.reaper.messages.answers[TITLE] = CANCEL
    bare.run()
    assert (bare.track.fx, comp.values(), bare.reaper.undo_points) == ([], before, [])
    assert (kept(bare), bare.daemon.leftovers()) == ("", [])
    bare.run()
    assert len(bare.reaper.messages.questions) == 2  # nothing was said, so it is asked again


def test_who_wants_none_added_has_the_rest_set(bare: ReaperSession) -> None:
    other = bare.reaper.project.add_track("Bass", noise(0.5))
    other.add_fx("ReaComp")
    other.selected = True
    bare.reaper.messages.answers[TITLE] = NO
    bare.run()
    assert (bare.track.fx, bare.comp_values(other)) == ([], (0.4, 0.3))
    assert "Vocals has no FX." in bare.box
    assert kept(bare) == "no"
    bare.run()
    assert len(bare.reaper.messages.questions) == 1


def test_an_equaliser_alone_is_set_where_nothing_shall_be_added(bare: ReaperSession) -> None:
    bare.track.add_fx("ReaEQ", low_cut="on")
    bare.reaper.messages.answers[TITLE] = NO
    bare.run()
    assert [request.options.add_missing_fx for request in bare.daemon.requests] == [True, False]
    assert [fx.original_name for fx in bare.track.fx] == ["VST: ReaEQ (Cockos)"]


@pytest.mark.parametrize("remembered", ["", "no", "yes"])
def test_a_surface_is_never_asked(bare: ReaperSession, remembered: str) -> None:
    if remembered:
        bare.reaper.ext_state["Bridge", "add_fx"] = remembered
    script_call = "0f0e0d0c-0b0a-0908-0706-050403020100"
    call = ScriptCall(schema=SCHEMA, id=script_call, number=1, time_s=time.time(), kind="automix")
    bare.daemon.put(bare.daemon.spool / "asks" / f"{script_call}.json", encode(call))
    bare.run("bridge_surface_automix.lua")
    assert bare.reaper.messages.questions == []
    assert len(bare.track.fx) == (2 if remembered == "yes" else 0)


def test_a_script_stopped_behind_the_question_leaves_nothing(bare: ReaperSession) -> None:
    bare.reaper.messages.answers[TITLE] = YES
    bare.daemon.answer = lambda request: silent(request) if request.fx else add_or_set(request)
    bare.reaper.run_action("bridge_automix.lua")
    bare.reaper.run_until(lambda: len(bare.daemon.requests) == 2)
    bare.reaper.stop_scripts()
    assert (bare.track.fx, bare.reaper.undo_points) == ([], [])


# ---------------------------------------------------------------- what the user prefers


def preferring(name: str):
    """As the daemon answers somebody who prefers `name` to ReaComp; it can set ReaComp alone."""

    def reply(request: Request) -> Reply:
        names = " ".join(fx.original_name for fx in request.fx)
        if "ReaComp" in names:
            return set_comp(request)
        if name.partition(": ")[2] in names:
            return lacking(request, "ReaComp")
        return lacking(request, name, add_instead=("ReaComp",))

    return reply


def test_a_preference_that_is_not_installed_is_one_line_and_reapers_own_is_set(bare: ReaperSession) -> None:
    bare.reaper.ext_state["Bridge", "add_fx"] = "yes"
    for number in range(3):
        bare.reaper.project.add_track(f"Take {number}", noise(0.1)).selected = True
    bare.daemon.answer = preferring("VST3: No-C 9")
    bare.run()
    assert [[fx.original_name for fx in track.fx] for track in bare.reaper.project.tracks] == [
        ["VST: ReaComp (Cockos)"]
    ] * 4
    assert bare.console.count("VST3: No-C 9, which you prefer, is not installed here: ReaComp was added") == 1
    assert bare.reaper.messages.boxes == []


def test_a_preference_that_cannot_be_set_gives_way_to_reapers_own(bare: ReaperSession) -> None:
    bare.reaper.ext_state["Bridge", "add_fx"] = "yes"

    def with_equaliser(request: Request) -> Reply:
        reply = preferring("VST3: ZamTube")(request)
        if reply.status == "add_fx" and not request.fx:  # the equaliser behind the preferred one
            return lacking(request, *reply.add_fx, "ReaEQ", add_instead=(*reply.add_instead, ""))
        return reply

    bare.daemon.answer = with_equaliser
    bare.run()
    assert [fx.original_name for fx in bare.track.fx] == ["VST: ReaComp (Cockos)", "VST: ReaEQ (Cockos)"]
    assert "VST3: ZamTube, which you prefer, cannot be set by Bridge: ReaComp was added" in bare.console
    bare.reaper.undo()
    assert bare.track.fx == []
