"""Requests through the real daemon: what is answered to good ones, and in which words to bad ones."""

from __future__ import annotations

import json
import uuid

import msgspec
import numpy as np
import pytest
from daemon_process import RATE_HZ, Daemon, Home, wait_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.automix.facts import DecisionKind, ExplanationKind
from bridge.reaper.mapping.preferred_fx import save_preference
from bridge.reaper.protocol.left_alone import LeftAloneKind
from bridge.reaper.protocol.messages import MAX_MESSAGE_BYTES, SkipReason

Served = tuple[Home, Daemon]


def check_settled(home: Home, request_id: str) -> None:
    """Nothing of an answered request is left but its reply."""
    spool = home.spool.folder

    def left() -> set[str]:
        return {path.parent.name for path in spool.rglob(f"{request_id}*")}

    wait_for(lambda: left() == {"replies"}, "all but the reply to be taken away", 5)


def test_a_coloured_track_is_set_back(served: Served) -> None:
    home, _ = served
    request = home.request()
    reply = home.reply(home.send(request))
    assert reply.status == "apply", reply.error
    assert reply.model == "channel-strip"
    assert reply.project_change_count == 7
    assert reply.measures is not None
    assert reply.measures.after.distance_db < 0.2 * reply.measures.before.distance_db
    texts = {(change.slot, change.control): change.text for change in reply.changes}
    assert texts[("low_shelf", "gain_db")] == "0.00 dB"
    (gain,) = (change for change in reply.changes if (change.slot, change.control) == ("low_shelf", "gain_db"))
    assert gain.explanation is not None
    assert (gain.explanation.kind, gain.explanation.low_hz) == (ExplanationKind.TONE, None)
    assert gain.explanation.before_db > max(gain.explanation.after_db, 1.0)
    known = {(fx["guid"], p["ident"]): p for fx in request["fx"] for p in fx["parameters"]}
    for write in reply.writes:
        parameter = known[(write.fx_guid, write.ident)]
        assert write.before == parameter["normalized"]
        assert write.index == parameter["index"]
    check_settled(home, reply.id)


def test_half_the_amount_goes_about_half_the_way(served: Served) -> None:
    home, _ = served
    reply = home.ask(options={"amount_percent": 50.0})
    assert reply.status == "apply", reply.error
    gain = next(change for change in reply.changes if (change.slot, change.control) == ("low_shelf", "gain_db"))
    assert 4.0 <= gain.after <= 8.0  # from 11 dB towards 0


def test_a_track_that_needs_nothing_stays(served: Served) -> None:
    home, _ = served
    reply = home.ask(fx=[home.desk.rea_eq(), home.desk.rea_comp()])
    assert reply.status == "unchanged"
    assert reply.writes == ()
    assert reply.decision is not None
    assert reply.decision.kind is DecisionKind.NOT_CLOSER


def test_what_is_left_alone_is_named(served: Served) -> None:
    home, _ = served
    reverb = home.desk.fx("ReaVerbate", [home.desk.parameter("Wet", home.desk.Law(-60, 12, " dB"), -6.0)], index=5)
    reply = home.ask(fx=[*home.coloured_fx(), reverb])
    assert {row.what for row in reply.left_alone} == {"VST: ReaVerbate (Cockos)"}
    assert [row.kind for row in reply.left_alone] == [LeftAloneKind.NOT_IN_MODEL, LeftAloneKind.NOT_RENDERED]
    assert (reply.status, reply.skipped, reply.decision) == ("unchanged", SkipReason.NOT_RENDERED, None)
    assert reply.unrendered == ("VST: ReaVerbate (Cockos)",)


def test_what_cannot_be_rendered_is_ignored_where_the_user_wants_it_so(served: Served) -> None:
    home, _ = served
    reverb = home.desk.fx("ReaVerbate", [home.desk.parameter("Wet", home.desk.Law(-60, 12, " dB"), -6.0)], index=5)
    reply = home.ask(fx=[*home.coloured_fx(), reverb], options={"ignore_unrendered": True})
    assert reply.status == "apply", reply.error
    assert reply.unrendered == ("VST: ReaVerbate (Cockos)",)
    assert reply.decision is not None


def test_nothing_is_added_to_a_track_that_cannot_be_judged(served: Served) -> None:
    home, _ = served
    gate = home.desk.fx("ReaGate", [], index=5)
    reply = home.ask(fx=[home.desk.rea_eq(), gate], options={"add_missing_fx": True})
    assert (reply.status, reply.skipped) == ("unchanged", SkipReason.NOT_RENDERED)
    added = home.ask(fx=[home.desk.rea_eq(), gate], options={"add_missing_fx": True, "only_missing": True})
    assert (added.status, added.add_before) == ("add_fx", "")


@pytest.mark.parametrize(
    ("behind", "place"),
    [
        (["ReaLimit"], 1),
        (["ReaLimit", "JS: Frequency Spectrum Analyzer Meter"], 1),
        (["Master Limiter", "L2 UltraMaximizer"], 1),
        (["ReaLimit", "ReaDelay"], None),
        (["ReaDelay"], None),
        (["JS: Frequency Spectrum Analyzer Meter"], 1),
        (["ReaDelay", "SPAN", "ReaLimit", "Youlean Loudness Meter 2"], 2),
    ],
)
def test_fx_are_added_before_the_limiters_and_meters_at_the_end(
    served: Served, behind: list[str], place: int | None
) -> None:
    home, _ = served
    fx = [home.desk.rea_eq(), *(home.desk.fx(name, [], index=index) for index, name in enumerate(behind, start=1))]
    reply = home.ask(fx=fx, options={"add_missing_fx": True, "only_missing": True})
    assert (reply.status, reply.add_before) == ("add_fx", fx[place].guid if place else "")


def test_what_the_user_prefers_is_added_with_reapers_own_in_its_place(served: Served) -> None:
    home, _ = served
    save_preference(home.spool.folder.parent, "compressor", "VST3: Pro-C 2 (FabFilter)")
    try:
        reply = home.ask(fx=[], options={"add_missing_fx": True})
        assert (reply.add_fx, reply.add_instead) == (("ReaEQ", "VST3: Pro-C 2 (FabFilter)"), ("", "ReaComp"))
        there = home.desk.fx("Pro-C 2 (FabFilter)", [])
        again = home.ask(fx=[there], options={"add_missing_fx": True, "only_missing": True})
        assert (again.add_fx, again.add_instead) == (("ReaEQ", "ReaComp"), ())
    finally:
        save_preference(home.spool.folder.parent, "compressor", "")
    assert home.ask(fx=[], options={"add_missing_fx": True}).add_instead == ()


def test_a_track_without_known_fx_says_what_to_add(served: Served) -> None:
    home, _ = served
    reply = home.ask(fx=[])
    assert reply.status == "unchanged"
    assert reply.skipped is SkipReason.NOTHING_TO_SET
    assert reply.add_fx == ("ReaEQ", "ReaComp")


def test_missing_fx_are_asked_for_when_they_may_be_added(served: Served) -> None:
    home, _ = served
    reply = home.ask(fx=[home.desk.rea_eq()], options={"add_missing_fx": True})
    assert reply.status == "add_fx"
    assert reply.add_fx == ("ReaComp",)


def test_a_reference_is_heard(served: Served) -> None:
    home, _ = served
    request = home.request(fx=[home.desk.rea_eq(), home.desk.rea_comp()])
    reference_id = str(uuid.uuid4())
    bright = np.diff(home.noise(seed=1), axis=1, prepend=0).astype(np.float32)
    home.put_audio(bright, name=f"{reference_id}.wav")
    request["options"] = {"reference": {**request["audio"], "file": f"{reference_id}.wav"}}
    reply = home.reply(home.send(request))
    assert reply.status in ("apply", "unchanged")
    assert reply.measures is not None
    assert reply.measures.before.distance_db > 3.0  # far from a bright reference: it was listened to


# ---------------------------------------------------------------- bad audio


def audio_fault(name: str, home: Home) -> dict:
    good = home.noise(2.0)
    if name == "NaN":
        good[0, 1000] = np.nan
        return home.request(audio=good)
    if name == "silent":
        return home.request(audio=np.zeros_like(good))
    request = home.request(audio=good)
    path = home.spool.folder / "audio" / request["audio"]["file"]
    if name == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif name == "missing":
        path.unlink()
    elif name == "no audio":
        path.write_bytes(b"these are not the samples you are looking for" * 100)
    elif name == "empty":
        path.write_bytes(b"")
    elif name == "wrong rate":
        request["audio"]["sample_rate_hz"] = 44_100
    elif name == "wrong length":
        request["audio"]["excerpts"][0]["frames"] -= 100
    elif name == "wrong channels":
        request["audio"]["channels"] = 1
    elif name == "outside":
        request["audio"]["file"] = "../../config.toml"
    elif name == "link":
        secret = home.folder / "secret.wav"
        path.rename(secret)
        path.symlink_to(secret)
    return request


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NaN", "NaN|not a number|invalid"),
        ("silent", "is silent"),
        ("truncated", "truncated|cut off"),
        ("missing", "cannot be read"),
        ("no audio", "no audio"),
        ("empty", "empty"),
        ("wrong rate", "44100 Hz, its file has 48000"),
        ("wrong length", "cut off or foreign"),
        ("wrong channels", "channels"),
        ("outside", "only '<id>.wav'"),
        ("link", "is a link"),
    ],
)
def test_bad_audio_gets_a_clear_error(served: Served, name: str, said: str) -> None:
    home, _ = served
    reply = home.reply(home.send(audio_fault(name, home)))
    assert reply.status == "error"
    assert any(part in reply.error for part in said.split("|")), reply.error
    assert reply.writes == ()
    check_settled(home, reply.id)


@pytest.mark.parametrize("rate_hz", [8_000, 384_000])
def test_a_sample_rate_outside_of_the_range_gets_a_clear_error(served: Served, rate_hz: int) -> None:
    home, _ = served
    request = home.request(audio=home.noise(1.0))
    home.put_audio(home.noise(1.0, rate_hz=rate_hz), rate_hz=rate_hz, name=request["audio"]["file"])
    request["audio"] |= {"sample_rate_hz": rate_hz, "excerpts": [{"start_s": 0.0, "frames": rate_hz}]}
    reply = home.reply(home.send(request))
    assert reply.status == "error"
    assert "sample rate" in reply.error


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 1), (88_200, 2), (96_000, 2), (192_000, 1)])
def test_usual_rates_and_mono_work(served: Served, rate_hz: int, channels: int) -> None:
    home, _ = served
    request = home.request(audio=home.noise(1.0))
    audio = home.noise(4.0, rate_hz=rate_hz, channels=channels)
    home.put_audio(audio, rate_hz=rate_hz, name=request["audio"]["file"])
    request["audio"] |= {
        "sample_rate_hz": rate_hz, "channels": channels, "excerpts": [{"start_s": 0.0, "frames": audio.shape[1]}],
    }  # fmt: skip
    reply = home.reply(home.send(request))
    assert reply.status == "apply", reply.error


# ---------------------------------------------------------------- bad messages


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 99}, "schema version 99"),
        ({"action": "format"}, "does not fit"),
        ({"surprise": 1}, "surprise"),
        ({"options": {"amount_percent": 200.0}}, "amount_percent"),
        ({"options": {"model": "nope"}}, "Installed models: channel-strip"),
        ({"options": {"model": "/etc"}}, "No model is called '/etc'"),
        ({"options": {"style": "nope"}}, "No style is called 'nope'"),
        ({"fx": "all of them"}, "does not fit"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_request_that_cannot_be_met_gets_a_clear_error(served: Served, change: dict, said: str) -> None:
    home, _ = served
    reply = home.ask(**change)
    assert reply.status == "error"
    assert said in reply.error
    check_settled(home, reply.id)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\x00", b"[" * 100_000], ids=["empty", "cut", "bytes", "deep"])
def test_a_malformed_request_gets_a_clear_error(served: Served, data: bytes) -> None:
    home, _ = served
    reply = home.reply(home.send_bytes(data, str(uuid.uuid4())))
    assert reply.status == "error"
    assert "is not a message of Bridge" in reply.error
    check_settled(home, reply.id)


def test_an_oversized_request_gets_a_clear_error(served: Served) -> None:
    home, _ = served
    reply = home.reply(home.send_bytes(b" " * (MAX_MESSAGE_BYTES + 1), str(uuid.uuid4())))
    assert reply.status == "error"
    assert "at most 16,777,216" in reply.error


def test_a_linked_request_is_refused_and_its_target_stays(served: Served) -> None:
    home, _ = served
    request = home.request()
    target = home.folder / "elsewhere.json"
    target.write_text(json.dumps(request))
    (home.spool.folder / "requests" / f"{request['id']}.json").symlink_to(target)
    reply = home.reply(request["id"])
    assert reply.status == "error"
    assert "link" in reply.error
    assert target.exists()


def test_a_folder_named_like_a_request_is_answered_once_and_holds_nothing_up(served: Served) -> None:
    home, _ = served
    request_id = str(uuid.uuid4())
    folder = home.spool.folder / "requests" / f"{request_id}.json"
    folder.mkdir()
    assert "no regular file" in home.reply(request_id).error
    state = (home.spool.folder / "replies" / f"{request_id}.json").stat().st_mtime_ns
    assert home.ask().status == "apply"
    assert home.ask().status == "apply"
    assert (home.spool.folder / "replies" / f"{request_id}.json").stat().st_mtime_ns == state
    folder.rmdir()


def test_foreign_files_are_left_where_they_are(served: Served) -> None:
    home, _ = served
    folder = home.spool.folder / "requests"
    foreign = [folder / "diary.txt", folder / "x.json", folder / f"{uuid.uuid4()}.json.bak"]
    for path in foreign:
        path.write_text("dear diary")
    assert home.ask().status == "apply"
    assert all(path.read_text() == "dear diary" for path in foreign)
    for path in foreign:
        path.unlink()


def test_a_request_taken_back_before_its_turn_is_not_answered(served: Served) -> None:
    home, _ = served
    busy = [home.send(home.request()) for _ in range(3)]
    taken_back = home.send(home.request())
    (home.spool.folder / "requests" / f"{taken_back}.json").unlink()
    for request_id in busy:
        assert home.reply(request_id).status == "apply"
    assert home.ask().status == "apply"
    assert not (home.spool.folder / "replies" / f"{taken_back}.json").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def test_frequencies_without_end_are_read_from_the_grid_of_texts(served: Served) -> None:
    """What the FX displays elsewhere tells where they stand; what is written is read back."""
    home, _ = served
    request = home.request(audio=home.noise(0.5))
    for parameter in request["fx"][0]["parameters"]:
        if parameter["eq"] and parameter["eq"]["kind"] == "frequency":
            parameter["text"] = "inf Hz"
    reply = home.reply(home.send(request))
    assert reply.status in ("apply", "unchanged"), reply.error
    assert all(0.0 <= write.normalized <= 1.0 and "inf" not in write.expected_text for write in reply.writes)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_request_holds_the_daemon_answers_and_lives(served: Served, data: st.DataObject) -> None:
    """A good request in which one value, anywhere, is replaced by another one."""
    home, daemon = served
    request = home.request(audio=home.noise(0.5))
    node: object = request
    path = []
    while isinstance(node, dict | list) and node:
        key = data.draw(st.sampled_from(sorted(node)) if isinstance(node, dict) else st.integers(0, len(node) - 1))
        path.append(key)
        node = node[key]  # type: ignore[index]
    request_id = request["id"]
    holder = request
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(JSON)
    reply = home.reply(home.send_bytes(msgspec.json.encode(request), request_id))
    assert reply.status in ("apply", "unchanged", "error")
    assert "Traceback" not in reply.error
    assert "please report" not in reply.error, reply.error
    assert daemon.process.poll() is None


def test_the_wave_file_is_what_the_scripts_write(served: Served) -> None:
    """Excerpts lie end to end in one file: two of them are heard as two."""
    home, _ = served
    request = home.request(audio=home.noise(6.0))
    request["audio"]["excerpts"] = [
        {"start_s": 0.0, "frames": 2 * RATE_HZ},
        {"start_s": 30.0, "frames": 4 * RATE_HZ},
    ]
    assert home.reply(home.send(request)).status == "apply"


def test_long_names_and_control_characters_stay_out_of_replies_and_the_log(served: Served) -> None:
    """Names of FX come with a project from anywhere; a terminal obeys what a log shows it."""
    home, _ = served
    name = "Squash\n\x1b]0;owned\x07" + 700 * "x"
    unknown = home.desk.fx(name, [], type="VST3", ident="NoSuchPlugin.vst3", index=2)
    reply = home.ask(fx=[*home.coloured_fx(), unknown])
    assert reply.skipped is SkipReason.NOT_RENDERED
    (shown,) = reply.unrendered
    assert shown.startswith("VST: Squash ]0;owned xx") and len(shown) == 100
    log = home.folder / "logs" / "daemon.log"
    wait_for(lambda: f"{reply.id}: unchanged" in log.read_text(encoding="utf-8"), "the line in the log")
    lines = [line for line in log.read_text(encoding="utf-8").split("\n") if "owned" in line]
    assert len(lines) == 1 and reply.id in lines[0] and "\x1b" not in lines[0]


def test_a_track_far_above_full_scale_is_refused_by_name(served: Served) -> None:
    """No reply could hold what would be measured of it: infinity."""
    home, _ = served
    reply = home.ask(audio=home.noise() * np.float32(1e30))
    assert reply.status == "error"
    assert "dBFS, which is no sound" in reply.error
