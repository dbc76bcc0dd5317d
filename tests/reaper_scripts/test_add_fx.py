"""Adding what a model needs: in the same undo step, and taken out again where the job does not end well."""

import pytest
from reaper_session import ReaperSession, noise, set_comp, silent, unchanged

from bridge.reaper.protocol.messages import SCHEMA, Reply, Request

ACTION = "bridge_automix_add_fx.lua"


def lacking(request: Request, *names: str) -> Reply:
    return Reply(schema=SCHEMA, id=request.id, status="add_fx", add_fx=names)


@pytest.fixture
def bare(desk: ReaperSession) -> ReaperSession:
    """A track with no FX at all."""
    desk.track.fx.clear()
    desk.reaper.project.history.rebase()
    return desk


def add_then(answer):
    """Ask for ReaComp first; answer as `answer` does once it is there."""

    def reply(request: Request) -> Reply | bytes | None:
        return answer(request) if request.fx else lacking(request, "ReaEQ", "ReaComp")

    return reply


def test_missing_fx_are_added_and_set_in_one_undo_step(bare: ReaperSession) -> None:
    bare.daemon.answer = add_then(set_comp)
    bare.run(ACTION)
    assert [fx.original_name for fx in bare.track.fx] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert bare.comp_values() == (0.4, 0.3)
    assert [r.options.add_missing_fx for r in bare.daemon.requests] == [True, True]
    assert bare.reaper.undo_points == ["Bridge: Auto-mix track"]
    bare.reaper.undo()
    assert bare.track.fx == []
    assert bare.daemon.leftovers() == []


def test_missing_fx_are_added_before_the_fx_that_the_reply_names(bare: ReaperSession) -> None:
    first, limiter = (bare.track.add_fx(name) for name in ("ReaEQ", "ReaComp"))
    bare.reaper.project.history.rebase()

    def reply(request: Request) -> Reply:
        names = ("ReaComp", "ReaEQ")
        return Reply(schema=SCHEMA, id=request.id, status="add_fx", add_fx=names, add_before=limiter.guid)

    bare.daemon.answer = reply
    bare.run("bridge_add_missing_fx.lua")
    assert [bare.track.fx[0], bare.track.fx[-1]] == [first, limiter]
    assert [fx.original_name for fx in bare.track.fx[1:-1]] == ["VST: ReaComp (Cockos)", "VST: ReaEQ (Cockos)"]
    bare.reaper.undo()
    assert bare.track.fx == [first, limiter]


def test_a_real_plugin_is_added_by_name(bare: ReaperSession) -> None:
    bare.daemon.answer = lambda request: lacking(request, "VST3: ZamCompX2") if not request.fx else unchanged(request)
    bare.run(ACTION)
    assert [fx.type for fx in bare.daemon.requests[1].fx] == ["VST3"]


@pytest.mark.parametrize(
    "answer",
    [
        unchanged,
        lambda request: Reply(schema=SCHEMA, id=request.id, status="error", error="no"),
        lambda _: b"broken",
    ],
    ids=["unchanged", "error", "broken"],
)
def test_added_fx_are_taken_out_where_nothing_is_applied(bare: ReaperSession, answer) -> None:
    bare.daemon.answer = add_then(answer)
    bare.run(ACTION)
    assert bare.track.fx == []
    assert bare.reaper.undo_points == []


def test_an_fx_that_reaper_lacks_is_named(bare: ReaperSession) -> None:
    bare.daemon.answer = lambda request: lacking(request, "ReaEQ", "VST3: NoSuchPlugin")
    bare.run(ACTION)
    assert "Vocals needs VST3: NoSuchPlugin, which REAPER cannot find. Install it" in bare.box
    assert bare.track.fx == []


def test_a_daemon_that_dies_after_adding_leaves_the_chain_as_it_was(bare: ReaperSession) -> None:
    bare.daemon.answer = add_then(lambda _: bare.daemon.beat(age_s=8.0))
    bare.run(ACTION)
    assert "The daemon stopped while it worked on Vocals" in bare.box
    assert bare.track.fx == []


def test_a_daemon_that_is_never_content_leaves_the_chain_as_it_was(bare: ReaperSession) -> None:
    bare.daemon.answer = lambda request: lacking(request, "ReaEQ")
    bare.run(ACTION)
    assert "Vocals lacks ReaEQ" in bare.box
    assert bare.track.fx == []


def test_a_refused_value_takes_the_added_fx_out_too(bare: ReaperSession) -> None:
    def refuse(request: Request) -> Reply:
        bare.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
        return set_comp(request)

    bare.daemon.answer = add_then(refuse)
    bare.run(ACTION)
    assert "a plugin refused a value" in bare.box
    assert bare.track.fx == []
    assert bare.reaper.undo_points == []


def test_one_refusal_leaves_the_other_tracks_in_one_undo_step(bare: ReaperSession) -> None:
    other = bare.reaper.project.add_track("Bass", noise(0.5))
    other.selected = True
    bare.reaper.project.history.rebase()

    def refuse_vocals(request: Request) -> Reply:
        if request.track.name == "Vocals":
            bare.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
        return set_comp(request)

    bare.daemon.answer = add_then(refuse_vocals)
    bare.run(ACTION)
    assert bare.box == "Vocals: a plugin refused a value, and everything was put back."
    assert bare.track.fx == []
    assert bare.comp_values(other) == (0.4, 0.3)
    assert {r.status for r in bare.daemon.receipts()} == {"applied", "restored"}
    assert bare.reaper.undo_points == ["Bridge: Auto-mix 2 tracks"]
    bare.reaper.undo()
    assert (bare.track.fx, other.fx) == ([], [])
    bare.reaper.redo()
    assert bare.track.fx == []
    assert bare.comp_values(other) == (0.4, 0.3)


def test_a_refusal_beside_added_fx_puts_values_of_older_fx_back(bare: ReaperSession) -> None:
    other = bare.reaper.project.add_track("Bass", noise(0.5))
    comp = other.add_fx("ReaComp")
    comp.fault("Ratio", is_refused=True)
    other.selected = True
    bare.reaper.project.history.rebase()
    before = bare.comp_values(other)
    bare.daemon.answer = add_then(set_comp)
    bare.run(ACTION)
    assert bare.comp_values(other) == before
    assert bare.comp_values() == (0.4, 0.3)
    bare.reaper.undo()
    assert bare.comp_values(other) == before


def test_a_script_stopped_between_writing_and_reading_leaves_nothing(bare: ReaperSession) -> None:
    other = bare.reaper.project.add_track("Bass", noise(0.5))
    comp = other.add_fx("ReaComp")
    other.selected = True
    before = bare.comp_values(other)
    bare.daemon.answer = add_then(set_comp)
    bare.reaper.run_action(ACTION)
    bare.reaper.run_until(lambda: comp.values()["Thresh"][0] == 0.4)
    bare.reaper.stop_scripts()
    assert bare.track.fx == []
    assert bare.comp_values(other) == before
    assert bare.reaper.undo_points == []


def test_another_tab_does_not_keep_what_was_added(bare: ReaperSession) -> None:
    song = bare.reaper.project

    def look_elsewhere(request: Request) -> Reply:
        bare.reaper.open_project("/projects/other.rpp")
        return set_comp(request)

    bare.daemon.answer = add_then(look_elsewhere)
    bare.run(ACTION)
    assert "another project tab was opened in front of it" in bare.box
    assert bare.track.fx == []
    assert song.history.texts == []


def test_a_script_stopped_after_adding_takes_the_fx_out(bare: ReaperSession) -> None:
    bare.daemon.answer = add_then(silent)
    bare.reaper.run_action(ACTION)
    bare.reaper.run_until(lambda: len(bare.daemon.requests) == 2)
    assert len(bare.track.fx) == 2
    bare.reaper.stop_scripts()
    assert bare.track.fx == []


def test_without_leave_the_missing_fx_are_only_named(desk: ReaperSession) -> None:
    desk.daemon.answer = lambda request: lacking(request, "VST3: ZamTube")
    desk.run()
    assert 'Vocals lacks VST3: ZamTube. Add them, or run "Bridge: Auto-mix track, adding missing FX"' in desk.box
    assert len(desk.track.fx) == 2
