"""The record of what was applied: written with every job, in the words that both sides share."""

import json

from reaper_session import ReaperSession, applying, low_cut_to, set_comp

from bridge.reaper.protocol.applied_state import AppliedJob
from bridge.reaper.protocol.fx_snapshot import EqBandRole
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request, decode


def record(desk: ReaperSession) -> AppliedJob:
    (file,) = (desk.reaper.home / "spool" / "applied").iterdir()
    assert file.name == desk.track.guid.strip("{}") + ".json"
    return decode(file.read_bytes(), AppliedJob, source=file.name)


def test_a_job_leaves_the_record_of_what_it_set(desk: ReaperSession) -> None:
    before = desk.track.find_fx("ReaComp").values()
    desk.daemon.answer = set_comp
    desk.run()
    after = desk.track.find_fx("ReaComp").values()
    kept = record(desk)
    assert (kept.id, kept.run) == (desk.daemon.requests[0].id,) * 2
    assert (kept.track.name, kept.track.guid, kept.amount) == ("Vocals", desk.track.guid, 1.0)
    for write in kept.writes:
        assert (write.before, write.before_text) == before[write.name]
        assert (write.after, write.after_text) == after[write.name]
        assert (write.start, write.fx_index) == (write.before, 1)
    assert kept.states[0].values == tuple(write.before for write in kept.writes)
    assert kept.states[-1].values == tuple(write.after for write in kept.writes)


def test_a_band_that_was_off_is_remembered_as_off(desk: ReaperSession) -> None:
    def answer(request: Request) -> Reply:
        write = low_cut_to(request.fx[0], 0.25, start=0.05, control="hpf.frequency", unit="Hz")
        return applying(request, write)

    desk.daemon.answer = answer
    desk.run()
    (write,) = record(desk).writes
    assert write.band == EqBandRole(band_type=0, band_index=0, kind="frequency", enabled=False)
    assert (write.start, write.after, write.control, write.unit) == (0.05, 0.25, "hpf.frequency", "Hz")


def test_a_record_of_bridge_0_1_0_moves_on_and_is_brought_up_to_date(desk: ReaperSession) -> None:
    """Its schema is 1, and its reasons are sentences."""
    desk.daemon.answer = set_comp
    desk.run()
    (file,) = (desk.reaper.home / "spool" / "applied").iterdir()
    old = json.loads(file.read_bytes())
    del old["decision"]
    old |= {"schema": 1, "message": "2 settings changed", "left_alone": [{"what": "ReaEQ", "why": "is bypassed"}]}
    for entry in (*old["writes"], *old["changes"]):
        entry["reason"] = "It was dull."
    file.write_text(json.dumps(old))
    desk.run("bridge_compare.lua")
    assert desk.reaper.messages.boxes == []
    kept = record(desk)
    assert (kept.schema, kept.is_compared, kept.left_alone) == (SCHEMA, True, ())
    threshold = next(write for write in kept.writes if write.name == "Thresh")
    assert desk.track.find_fx("ReaComp").values()["Thresh"][0] == threshold.before
