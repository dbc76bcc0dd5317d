"""Jobs under faults that happen: a daemon killed half-way, plugins that crash, hang or return NaN, a full disk."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from daemon_process import Home, wait_for
from faulty_chain import faulty_chain
from fuzz_run import FuzzRun
from small_model import save_neutral_model


def is_begun(home: Home) -> bool:
    return any((home.spool.folder / "progress").glob("*.json"))


def test_a_daemon_killed_half_way_is_followed_by_one_that_answers(home: Home) -> None:
    with home.daemon() as daemon:
        ids = [home.send(home.request()) for _ in range(3)]
        wait_for(lambda: is_begun(home), "the first job to begin")
        daemon.kill()
    assert (home.spool.folder / "heartbeat.json").exists()  # it could not tidy up
    with home.daemon():
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * 3


def test_a_request_that_always_kills_the_daemon_is_given_up(home: Home) -> None:
    """A plugin hangs in one job, and somebody kills the daemon, twice: the third daemon does not try a third time."""
    save_neutral_model(home.folder / "models" / "flawed", faulty_chain())
    fx = flawed_fx(home)
    request_id = home.send(home.request(fx=fx, options={"model": "flawed"}))
    progress = home.spool.folder / "progress" / f"{request_id}.json"
    home.fault_file.write_text("hang")
    for _ in range(2):
        with home.daemon(has_faults=True, environment={"BRIDGE_PLUGIN_RENDER_LIMIT_S": "300"}) as daemon:
            wait_for(lambda: progress.exists() and b"trying" in progress.read_bytes(), "the plugin to hang")
            workers = psutil.Process(daemon.process.pid).children(recursive=True)
            daemon.kill()
            for worker in workers:  # a killed daemon cannot end them, and the one that hangs would stay
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
        progress.unlink()
    home.fault_file.unlink()
    with home.daemon(has_faults=True):
        reply = home.reply(request_id)
        assert reply.status == "error"
        assert "given up" in reply.error
        assert home.ask(fx=fx, options={"model": "flawed"}).status == "apply"


def flawed_fx(home: Home) -> list:
    """The FX of `faulty_chain` on a track, the one that fails on demand among them."""
    names = {"original_name": "VST3: gremlin (nobody)", "name": "VST3: gremlin (nobody)"}
    return [*home.coloured_fx(), home.desk.fx("gremlin", [], type="VST3", ident="/x/gremlin.vst3<1", index=2, **names)]


def test_a_job_that_was_answered_before_the_kill_is_not_answered_again(home: Home) -> None:
    request = home.request()
    (home.spool.folder / "replies" / f"{request['id']}.json").write_text('{"was": "here"}')
    home.send(request)
    with home.daemon():
        wait_for(lambda: not home.spool.has("requests", request["id"]), "the request to be tidied up")
    assert (home.spool.folder / "replies" / f"{request['id']}.json").read_text() == '{"was": "here"}'


def test_requests_from_before_the_start_are_answered(home: Home) -> None:
    request_id = home.send(home.request())
    with home.daemon():
        assert home.reply(request_id).status == "apply"


@pytest.mark.parametrize(
    ("fault", "said"), [("crash", "crash|ended"), ("hang", "hung|limit|longer"), ("nan", "NaN|not a number|infinite")]
)
def test_a_plugin_fault_ends_in_a_clear_error_and_the_daemon_lives(home: Home, fault: str, said: str) -> None:
    save_neutral_model(home.folder / "models" / "channel-strip", faulty_chain())
    fx = flawed_fx(home)
    with home.daemon(has_faults=True, environment={"BRIDGE_PLUGIN_RENDER_LIMIT_S": "2"}) as daemon:
        assert home.ask(fx=fx).status == "apply"
        home.fault_file.write_text(fault)
        reply = home.ask(fx=fx)
        assert reply.status == "error"
        assert "gremlin" in reply.error, reply.error
        assert any(word in reply.error for word in said.split("|")), reply.error
        home.fault_file.unlink()
        assert home.ask(fx=fx).status == "apply"
        assert daemon.process.poll() is None


@pytest.fixture
def tiny_disk(home: Home) -> Iterator[Path]:
    """The spool on a disk of 8 MiB of its own."""
    spool = home.spool.folder
    mounted = shutil.which("mount") and os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(spool)], check=False, capture_output=True
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("mounting a small disk needs root")
    home.spool.create()
    yield spool
    subprocess.run(["umount", "-l", str(spool)], check=True)


def fill(path: Path, block: int) -> None:
    """Append to `path` until the disk takes no more."""
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * block):
            pass


def test_a_full_disk_is_said_and_work_goes_on_once_there_is_room(home: Home, tiny_disk: Path) -> None:
    with home.daemon():
        request = home.request(audio=home.noise(4.0))
        data = json.dumps(request).encode()
        requests = tiny_disk / "requests" / f"{request['id']}.json"
        part = requests.with_name(requests.name + ".part")
        part.write_bytes(data)
        filler = tiny_disk / "filler"
        fill(filler, 65536)
        fill(filler, 512)
        part.rename(requests)
        reply = home.reply(request["id"])
        assert reply.status == "error"
        assert "Free some space" in reply.error
        wait_for(lambda: not home.spool.has("requests", request["id"]), "the request to be tidied up")
        filler.unlink()
        assert home.ask(audio=home.noise(2.0)).status == "apply"


@pytest.mark.alone
def test_on_a_slow_disk_jobs_take_longer_and_pings_do_not(home: Home) -> None:
    """Each file of the spool takes a tenth of a second to be opened, renamed or removed."""
    with home.daemon(has_slow_disk=True) as daemon, FuzzRun(home, daemon, random.Random(0)) as run:
        ids = [home.send(home.request(audio=home.noise(1.0))) for _ in range(3)]
        waits_s, pause = [], threading.Event()
        while not (home.spool.folder / "replies" / f"{ids[-1]}.json").exists():
            pause.wait(0.02)
            began_s = time.perf_counter()
            run.ping()
            waits_s.append(time.perf_counter() - began_s)
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * 3
        assert len(waits_s) > 20
        assert sorted(waits_s)[int(0.9 * len(waits_s))] < 0.1
        assert run.faults() == []
