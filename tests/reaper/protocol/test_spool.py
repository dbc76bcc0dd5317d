"""The spool: whole messages only, nothing foreign opened, leftovers swept, a full disk said."""

import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import LinkError
from bridge.reaper.protocol import messages
from bridge.reaper.protocol.messages import (
    SCHEMA,
    Heartbeat,
    Progress,
    ProjectSnapshot,
    Reply,
    Request,
    RequestAudio,
    RequestOptions,
    TimeRange,
    TrackSnapshot,
)
from bridge.reaper.protocol.spool import FOLDERS, MAX_AGE_S, Spool, request_id_of


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "Spöl mit Leerzeichen", free_mib=1)
    made.create()
    return made


def new_id() -> str:
    return str(uuid.uuid4())


def a_request(request_id: str) -> Request:
    return Request(
        schema=SCHEMA,
        script_version="0.1.0",
        id=request_id,
        action="automix",
        project=ProjectSnapshot(path="", change_count=1),
        track=TrackSnapshot(guid="{}", index=0, name="T", muted=False, is_folder=False, automation_mode=0),
        range=TimeRange(start_s=0, end_s=1, source="items"),
        audio=RequestAudio(file=f"{request_id}.wav", sample_rate_hz=48000, channels=1, excerpts=()),
        fx=(),
        options=RequestOptions(),
    )


def put(spool: Spool, data: bytes, request_id: str | None = None) -> str:
    request_id = request_id or new_id()
    (spool.folder / "requests" / f"{request_id}.json").write_bytes(data)
    return request_id


def test_messages_cross_whole(spool: Spool) -> None:
    request = a_request(new_id())
    put(spool, messages.encode(request), request.id)
    assert spool.read_request(request.id) == request
    reply = Reply(schema=SCHEMA, id=request.id, status="error", error="nichts zu tun: ü")
    spool.write_reply(reply)
    assert spool.read_reply(request.id) == reply
    spool.write_progress(Progress(schema=SCHEMA, id=request.id, fraction=0.5, step="listening"))
    spool.write_heartbeat(Heartbeat(schema=SCHEMA, version="0", pid=1, time_s=1.0, osc_port=9000))
    assert not list(spool.folder.rglob("*.part"))


def test_a_reader_never_sees_half_a_message(spool: Spool) -> None:
    """One thread rewrites the heartbeat as fast as it can, this one reads: every read is a whole message."""
    path = spool.folder / "heartbeat.json"
    beat = Heartbeat(schema=SCHEMA, version="x" * 50_000, pid=1, time_s=0.0, osc_port=9000)
    spool.write_heartbeat(beat)
    stop = threading.Event()

    def write() -> None:
        count = 0.0
        while not stop.is_set():
            count += 1
            spool.write_heartbeat(msgspec.structs.replace(beat, time_s=count))

    writer = threading.Thread(target=write)
    writer.start()
    seen, reads, end_s = set(), 0, time.monotonic() + 30
    try:
        while (reads < 300 or len(seen) <= 3) and time.monotonic() < end_s:
            seen.add(messages.decode(path.read_bytes(), Heartbeat, source="heartbeat").time_s)
            reads += 1
    finally:
        stop.set()
        writer.join()
    assert reads >= 300
    assert len(seen) > 3


def test_waiting_requests_come_oldest_first(spool: Spool) -> None:
    ids = [put(spool, b"{}") for _ in range(5)]
    for age, request_id in enumerate(ids):
        os.utime(spool.folder / "requests" / f"{request_id}.json", (1000 - age, 1000 - age))
    for foreign in ("notes.txt", "x.json", f"{new_id()}.json.part", f"{new_id().upper()}.json"):
        (spool.folder / "requests" / foreign).write_text("x")
    assert spool.pending() == ids[::-1]


def test_an_attempt_is_counted_across_restarts(spool: Spool) -> None:
    request_id = new_id()
    assert [Spool(spool.folder, free_mib=1).begin_attempt(request_id) for _ in range(3)] == [1, 2, 3]
    spool.finish(request_id)
    assert spool.begin_attempt(request_id) == 1


# ---------------------------------------------------------------- foreign and broken files


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a message"),
        (b"{", "not a message"),
        (b"[1, 2]", "not a message"),
        (b'{"schema": 2}', "does not fit"),
        (b'{"schema": 1}', "`reaper-bridge install`"),
        (b'{"schema": "1"}', "not a message"),
        (b"\xff\xfe\x00", "not a message"),
        (b"[" * 200_000, "not a message"),
        (b" " * (messages.MAX_MESSAGE_BYTES + 1), "at most 16,777,216"),
    ],
    ids=["empty", "cut", "list", "bare", "version", "text version", "no text", "deep", "oversized"],
)
def test_a_broken_request_is_an_error_that_names_the_file(spool: Spool, data: bytes, said: str) -> None:
    request_id = put(spool, data)
    with pytest.raises(LinkError, match=said) as caught:
        spool.read_request(request_id)
    assert request_id in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_request_under_another_id_is_refused(spool: Spool) -> None:
    request_id = put(spool, messages.encode(a_request(new_id())))
    with pytest.raises(LinkError, match="name and id must agree"):
        spool.read_request(request_id)


def test_an_unknown_key_is_refused(spool: Spool) -> None:
    request = a_request(new_id())
    put(spool, msgspec.json.encode({**msgspec.to_builtins(request), "run": "rm"}), request.id)
    with pytest.raises(LinkError, match="run"):
        spool.read_request(request.id)


def test_a_link_is_not_followed(spool: Spool, tmp_path: Path) -> None:
    request = a_request(new_id())
    outside = tmp_path / "outside.json"
    outside.write_bytes(messages.encode(request))
    (spool.folder / "requests" / f"{request.id}.json").symlink_to(outside)
    with pytest.raises(LinkError, match="link"):
        spool.read_request(request.id)
    spool.finish(request.id)
    assert outside.exists()
    assert not spool.has("requests", request.id)


def test_a_folder_or_pipe_in_the_place_of_a_request_is_not_opened(spool: Spool) -> None:
    folder_id, pipe_id = new_id(), new_id()
    (spool.folder / "requests" / f"{folder_id}.json").mkdir()
    os.mkfifo(spool.folder / "requests" / f"{pipe_id}.json")
    for request_id in (folder_id, pipe_id):
        with pytest.raises(LinkError, match="no regular file"):
            spool.read_request(request_id)


@pytest.mark.parametrize(
    "name",
    [
        "../daemon.lock",
        "/etc/passwd",
        "..\\x.wav",
        "song.wav",
        "",
        "c5ada5a9-71da-42bf-8168-0b77dac46573.mp3",
        "a/c5ada5a9-71da-42bf-8168-0b77dac46573.wav",
        "\0.wav",
    ],
)
def test_audio_is_named_by_a_bare_id_only(spool: Spool, name: str) -> None:
    with pytest.raises(LinkError, match="only '<id>"):
        spool.audio_file(name)


def test_audio_that_is_a_link_or_missing_is_refused(spool: Spool, tmp_path: Path) -> None:
    name = f"{new_id()}.wav"
    with pytest.raises(LinkError, match="cannot be read"):
        spool.audio_file(name)
    (tmp_path / "secret").write_text("x")
    (spool.folder / "audio" / name).symlink_to(tmp_path / "secret")
    with pytest.raises(LinkError, match="link"):
        spool.audio_file(name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=400)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["schema", "id", "fx", "x"]), inner)
        ),
        max_leaves=10,
    ).map(msgspec.json.encode)
)
def test_whatever_lies_in_the_spool_is_a_request_or_a_link_error(spool: Spool, data: bytes) -> None:
    request_id = put(spool, data)
    with pytest.raises(LinkError):
        spool.read_request(request_id)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 500), byte=st.integers(0, 255))
def test_a_damaged_request_is_read_as_it_was_or_refused(spool: Spool, cut: int, byte: int) -> None:
    request = a_request(new_id())
    data = bytearray(messages.encode(request))
    data[cut % len(data)] = byte
    put(spool, bytes(data), request.id)
    try:
        read = spool.read_request(request.id)
    except LinkError:
        return
    assert msgspec.json.decode(messages.encode(read)) == msgspec.json.decode(data)  # nothing made up, nothing dropped


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spool" / "audio").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LinkError, match="is a link"):
        Spool(tmp_path / "spool", free_mib=1).create()


def test_a_link_laid_where_a_reply_will_be_written_is_not_written_through(spool: Spool, tmp_path: Path) -> None:
    request_id = new_id()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (spool.folder / "replies" / f"{request_id}.json.part").symlink_to(victim)
    spool.write_reply(Reply(schema=SCHEMA, id=request_id, status="unchanged", model="ok"))
    assert victim.read_text() == "precious"
    assert spool.read_reply(request_id).model == "ok"


@pytest.mark.parametrize("target", ["nowhere", "secret"])
def test_a_link_in_the_place_of_a_receipt_is_refused_and_removed(spool: Spool, tmp_path: Path, target: str) -> None:
    """Also one that leads nowhere: it would be found again with every look."""
    (tmp_path / "secret").write_text("x")
    for folder, take in (("receipts", spool.take_receipt), ("answers", spool.take_script_call_answer)):
        request_id = new_id()
        link = spool.folder / folder / f"{request_id}.json"
        link.symlink_to(tmp_path / target)
        with pytest.raises(LinkError, match="link"):
            take(request_id)
        assert not link.is_symlink()
        assert take(request_id) is None
    assert (tmp_path / "secret").read_text() == "x"


# ---------------------------------------------------------------- leftovers


def test_leftovers_are_swept_by_age_and_foreign_files_stay(spool: Spool) -> None:
    now_s = time.time()
    old, young = [], []
    for folder in FOLDERS:
        suffix = ".wav" if folder == "audio" else ".json"
        for age_s, kept in ((MAX_AGE_S[folder] + 60, old), (MAX_AGE_S[folder] / 2, young)):
            path = spool.folder / folder / f"{new_id()}{suffix}"
            path.write_text("x")
            os.utime(path, (now_s - age_s, now_s - age_s))
            kept.append(path)
    part = spool.folder / "audio" / f"{new_id()}.wav.part"
    foreign = spool.folder / "requests" / "diary.txt"
    for path in (part, foreign):
        path.write_text("x")
        os.utime(path, (now_s - 1e6, now_s - 1e6))
    waiting = next(path for path in old if path.parent.name == "requests")
    assert sorted(spool.sweep(keep=[waiting.stem])) == sorted([*(path for path in old if path != waiting), part])
    assert spool.sweep() == [waiting]
    assert not [path for path in (*old, part) if path.exists()]
    assert all(path.exists() for path in (*young, foreign))


def test_finishing_a_request_leaves_its_reply_and_receipt(spool: Spool) -> None:
    request_id = put(spool, b"{}")
    for folder, suffix in (("audio", "wav"), ("replies", "json"), ("receipts", "json"), ("progress", "json")):
        (spool.folder / folder / f"{request_id}.{suffix}").write_text("x")
    spool.finish(request_id)
    left = sorted(path.parent.name for path in spool.folder.rglob(f"{request_id}*"))
    assert left == ["receipts", "replies"]


def test_only_names_with_an_id_are_requests() -> None:
    request_id = new_id()
    assert request_id_of(Path(f"/x/{request_id}.json")) == request_id
    for name in (
        f"{request_id}.json.part",
        f"{request_id}.wav",
        "x.json",
        f" {request_id}.json",
        f"{request_id}.json\n",
    ):
        assert request_id_of(Path(name)) is None


# ---------------------------------------------------------------- the disk


def test_too_little_free_space_is_said_with_the_remedy(spool: Spool) -> None:
    with pytest.raises(LinkError, match=r"MiB free, Bridge needs 1,?0+.*Free some space"):
        Spool(spool.folder, free_mib=10**9).check_free_space()
    spool.check_free_space()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_a_write_that_the_system_cuts_off_leaves_nothing_behind(spool: Spool) -> None:
    """A child process may write 2 KiB to a file, and then the system refuses, as a full disk does."""
    code = """
import resource, signal, sys
from pathlib import Path
from bridge.errors import LinkError
from bridge.reaper.protocol.messages import Reply
from bridge.reaper.protocol.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
try:
    Spool(Path(sys.argv[1]), free_mib=1).write_reply(
        Reply(schema=2, id=sys.argv[2], status="error", error="x" * 10_000))
except LinkError as error:
    print(error)
"""
    request_id = new_id()
    done = subprocess.run(
        [sys.executable, "-c", code, str(spool.folder), request_id], capture_output=True, text=True, check=True
    )
    assert "Cannot write" in done.stdout
    assert "Free some space" in done.stdout
    assert not list((spool.folder / "replies").iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LinkError, match="Cannot make the folder"):
        Spool(tmp_path / "file" / "spool", free_mib=1).create()


@pytest.mark.parametrize("folder", ["replies", "requests"])
def test_a_folder_exchanged_for_a_link_while_it_runs_is_not_followed(spool: Spool, tmp_path: Path, folder: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{new_id()}.json").write_text("{}")
    (spool.folder / folder).rename(tmp_path / "aside")
    (spool.folder / folder).symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(LinkError, match="link"):
        if folder == "replies":
            spool.write_reply(Reply(schema=SCHEMA, id=new_id(), status="unchanged", model="ok"))
        else:
            spool.pending()
    assert len(list(elsewhere.iterdir())) == 1


def test_a_folder_that_was_taken_away_is_made_again(spool: Spool) -> None:
    (spool.folder / "replies").rmdir()
    reply = Reply(schema=SCHEMA, id=new_id(), status="unchanged", model="ok")
    spool.write_reply(reply)
    assert spool.read_reply(reply.id) == reply


@pytest.mark.parametrize(
    ("field", "value"),
    [("excerpts", [{"start_s": 0.0, "frames": -5}]), ("excerpts", [{"start_s": 0.0, "frames": 1}] * 20_001)],
)
def test_impossible_excerpts_are_refused(spool: Spool, field: str, value: object) -> None:
    request = msgspec.to_builtins(a_request(new_id()))
    request["audio"][field] = value
    put(spool, msgspec.json.encode(request), request["id"])
    with pytest.raises(LinkError, match=field):
        spool.read_request(request["id"])


def test_the_names_of_scripts_that_bridge_0_1_0_noted_are_read(spool: Spool) -> None:
    (spool.folder / "commands.json").write_text('{"schema": 1, "commands": {"a.lua": "_RS0a"}}')
    assert spool.read_commands() == {"a.lua": "_RS0a"}
