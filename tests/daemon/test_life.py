"""The daemon's life: starts once and at once, ends in order, survives being killed, and says what is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest
from daemon_process import RATE_HZ, Daemon, Home, wait_for
from flattening_model import save_flattening_model
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.daemon.service import Service
from bridge.reaper.messages import Heartbeat, decode
from bridge.settings import Settings


@contextmanager
def surface(daemon: Daemon) -> Iterator[Callable[..., float]]:
    """A control surface: `send(address, *values, until=address)` returns after the answer, with the seconds taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(30)
        heard: list[OscMessage] = []

        def send(path: str, *values: object, until: str) -> float:
            start_s = time.perf_counter()
            client.sendto(build_msg(path, list(values)).dgram, ("127.0.0.1", daemon.port))
            heard.clear()
            while not heard or heard[-1].address != until:
                heard.append(OscMessage(client.recv(65536)))
            return time.perf_counter() - start_s

        send.heard = heard  # type: ignore[attr-defined]
        send.client = client  # type: ignore[attr-defined]
        yield send


def heartbeat(home: Home) -> Heartbeat:
    data = (home.spool.folder / "heartbeat.json").read_bytes()
    return decode(data, Heartbeat, source="heartbeat.json")


def started_attempts(home: Home) -> list[Path]:
    return sorted((home.spool.folder / "progress").glob("*.json"))


# ---------------------------------------------------------------- begin and end


def test_the_socket_answers_before_the_model_is_loaded(home: Home) -> None:
    start_s = time.monotonic()
    with home.daemon() as daemon, surface(daemon) as send:
        send("/bridge/ping", until="/bridge/status")
        assert time.monotonic() - start_s < 3.0  # torch alone takes longer to load than the socket
        beat = heartbeat(home)
        assert (beat.pid, beat.osc_port) == (daemon.process.pid, daemon.port)
        assert abs(beat.time_s - time.time()) < 5


def test_a_second_daemon_is_refused_and_the_first_one_goes_on(home: Home) -> None:
    with home.daemon() as daemon:
        second = subprocess.run(
            [sys.executable, "-m", "bridge", "--home", str(home.folder), "daemon", "--osc-port", "0"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert f"process {daemon.process.pid}" in second.stderr
        assert second.stderr.count("\n") == 1
        assert home.ask().status == "apply"


def test_a_taken_port_is_said_and_leaves_nothing_running(home: Home) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "--home", str(home.folder), "daemon", "--osc-port", port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"UDP port {port}" in done.stderr
    assert "--osc-port" in done.stderr
    assert not (home.spool.folder / "heartbeat.json").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_in_order(home: Home, number: signal.Signals) -> None:
    with home.daemon() as daemon:
        workers = wait_for(lambda: psutil.Process(daemon.process.pid).children(recursive=True), "the workers")
        request_id = home.send(home.request())
        wait_for(lambda: started_attempts(home), "the job to begin")
        daemon.process.send_signal(number)
        assert daemon.process.wait(60) == 0
    assert home.reply(request_id, 1).status == "apply"  # the running job was finished
    assert not (home.spool.folder / "heartbeat.json").exists()
    psutil.wait_procs(workers, timeout=10)
    assert not [worker for worker in workers if worker.is_running()]


def test_signal_handlers_stand_again_after_a_service(home: Home) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    interval_s = sys.getswitchinterval()
    service = Service(Settings(home=home.folder, osc_port=0, workers=1, spool_free_mib=1))
    seen: list[object] = []

    def end_it() -> None:
        wait_for((home.spool.folder / "heartbeat.json").exists, "the service")
        seen.append(signal.getsignal(signal.SIGTERM))
        service.stop()

    ender = threading.Thread(target=end_it)
    ender.start()
    assert service.run() == 0
    ender.join()
    assert seen != [before[1]]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert sys.getswitchinterval() == interval_s


# ---------------------------------------------------------------- killed


def test_a_daemon_killed_half_way_is_followed_by_one_that_answers(home: Home) -> None:
    with home.daemon() as daemon:
        ids = [home.send(home.request()) for _ in range(3)]
        wait_for(lambda: started_attempts(home), "the first job to begin")
        daemon.kill()
    assert (home.spool.folder / "heartbeat.json").exists()  # it could not tidy up
    with home.daemon():
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * 3


def test_a_request_that_always_kills_the_daemon_is_given_up(home: Home) -> None:
    """A plugin hangs in one job, and somebody kills the daemon, twice: the third daemon does not try a third time."""
    save_flattening_model(home.folder / "models" / "flawed", flawed_chain())
    request_id = home.send(home.request(options={"model": "flawed"}))
    progress = home.spool.folder / "progress" / f"{request_id}.json"
    home.fault_file.write_text("hang")
    for _ in range(2):
        with home.daemon(has_faults=True, environment={"BRIDGE_PLUGIN_RENDER_LIMIT_S": "300"}) as daemon:
            wait_for(lambda: progress.exists() and b"trying" in progress.read_bytes(), "the plugin to hang")
            daemon.kill()
            kill_orphans()
        progress.unlink()
    home.fault_file.unlink()
    with home.daemon(has_faults=True):
        reply = home.reply(request_id)
        assert reply.status == "error"
        assert "given up" in reply.message
        assert home.ask(options={"model": "flawed"}).status == "apply"


def kill_orphans() -> None:
    """A killed daemon cannot end its workers; the ones that hang are ended here."""
    for process in psutil.process_iter(["cmdline"]):
        if "faulty_plugins" in (process.info["cmdline"] or []):
            process.kill()


def test_a_job_that_was_answered_before_the_kill_is_not_answered_again(home: Home) -> None:
    request = home.request()
    (home.spool.folder / "replies" / f"{request['id']}.json").write_text('{"was": "here"}')
    home.send(request)
    with home.daemon():
        wait_for(lambda: not home.spool.has_request(request["id"]), "the request to be tidied up")
    assert (home.spool.folder / "replies" / f"{request['id']}.json").read_text() == '{"was": "here"}'


def test_requests_from_before_the_start_are_answered(home: Home) -> None:
    request_id = home.send(home.request())
    with home.daemon():
        assert home.reply(request_id).status == "apply"


# ---------------------------------------------------------------- plugin faults in the middle of a job


def flawed_chain():
    from bridge.plugins.chain import Slot
    from bridge.plugins.chain_file import load_chain
    from bridge.settings import shipped_folder

    chain = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
    return msgspec.structs.replace(chain, slots=(*chain.slots, Slot(name="gremlin", plugin="fault:gremlin")))


@pytest.mark.parametrize(
    ("fault", "said"), [("crash", "crash|ended"), ("hang", "hung|limit|longer"), ("nan", "NaN|not a number|infinite")]
)
def test_a_plugin_fault_ends_in_a_clear_error_and_the_daemon_lives(home: Home, fault: str, said: str) -> None:
    save_flattening_model(home.folder / "models" / "channel-strip", flawed_chain())
    with home.daemon(has_faults=True, environment={"BRIDGE_PLUGIN_RENDER_LIMIT_S": "2"}) as daemon:
        assert home.ask().status == "apply"
        home.fault_file.write_text(fault)
        reply = home.ask()
        assert reply.status == "error"
        assert "gremlin" in reply.message, reply.message
        assert any(word in reply.message for word in said.split("|")), reply.message
        home.fault_file.unlink()
        assert home.ask().status == "apply"
        assert daemon.process.poll() is None


# ---------------------------------------------------------------- the disk


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
        assert "Free some space" in reply.message
        wait_for(lambda: not home.spool.has_request(request["id"]), "the request to be tidied up")
        filler.unlink()
        assert home.ask(audio=home.noise(2.0)).status == "apply"


# ---------------------------------------------------------------- while it works


def test_pings_and_heartbeats_go_on_while_it_works(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        assert home.ask().status == "apply"  # loaded
        ids = [home.send(home.request(audio=home.noise(30.0))) for _ in range(6)]
        times_s, ages_s = [], []
        pause = threading.Event()
        while not (home.spool.folder / "replies" / f"{ids[-1]}.json").exists():
            times_s.append(send("/bridge/ping", until="/bridge/status"))
            ages_s.append(time.time() - heartbeat(home).time_s)
            pause.wait(0.02)
        assert len(times_s) > 20
        assert sorted(times_s)[int(0.9 * len(times_s))] < 0.020
        assert max(ages_s) < 3.0
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * 6


def test_surfaces_hear_progress_and_result(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        send("/bridge/ping", until="/bridge/status")
        request_id = home.send(home.request())
        client = send.client  # type: ignore[attr-defined]
        messages: list[OscMessage] = []
        while not messages or messages[-1].address != "/bridge/result":
            messages.append(OscMessage(client.recv(65536)))
        shares = [message.params[0] for message in messages if message.address == "/bridge/progress"]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        reply = home.reply(request_id)
        assert messages[-1].params == [request_id, "apply", reply.message, len(reply.writes)]


def test_an_amount_from_a_surface_holds_for_the_next_job(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        send("/bridge/amount", 0.5, until="/bridge/status")
        assert send.heard[-1].params == ["amount 50 % for the next auto-mix"]  # type: ignore[attr-defined]
        reply = home.ask()
        gain = next(change for change in reply.changes if (change.slot, change.control) == ("low_shelf", "gain_db"))
        assert 4.0 <= gain.after <= 8.0


@pytest.mark.parametrize("path", ["/bridge/undo", "/bridge/compare", "/bridge/automix"])
def test_what_only_reaper_can_do_is_said(home: Home, path: str) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        values = [1] if path == "/bridge/compare" else []
        send(path, *values, until="/bridge/error")
        assert "REAPER" in send.heard[-1].params[0]  # type: ignore[attr-defined]


def test_automix_from_a_surface_runs_the_action_in_reaper(home: Home) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reaper:
        reaper.bind(("127.0.0.1", 0))
        reaper.settimeout(30)
        environment = {
            "BRIDGE_REAPER_OSC_PORT": str(reaper.getsockname()[1]),
            "BRIDGE_REAPER_AUTOMIX_ACTION": "_RS0123456789abcdef",
        }
        with home.daemon(environment=environment) as daemon, surface(daemon) as send:
            send("/bridge/automix", until="/bridge/status")
            message = OscMessage(reaper.recv(65536))
    assert (message.address, message.params) == ("/action/str", ["_RS0123456789abcdef"])


# ---------------------------------------------------------------- models that change


def test_a_model_that_changes_on_disk_is_used_for_the_next_job(home: Home) -> None:
    model = home.folder / "models" / "channel-strip"
    with home.daemon():
        assert {change.slot for change in home.ask().changes} > {"low_shelf"}
        chain = flawed_chain()
        only_shelf = msgspec.structs.replace(chain, slots=tuple(s for s in chain.slots if s.name == "low_shelf"))
        save_flattening_model(model, only_shelf)
        assert {change.slot for change in home.ask().changes} == {"low_shelf"}


def test_a_model_that_becomes_damaged_goes_on_as_it_was_and_says_so(home: Home) -> None:
    weights = home.folder / "models" / "channel-strip" / "weights.safetensors"
    with home.daemon():
        assert home.ask().status == "apply"
        weights.write_bytes(weights.read_bytes()[:1000])
        reply = home.ask()
        assert reply.status == "apply"
        (note,) = [row for row in reply.left_alone if row.what == "model channel-strip"]
        assert "does not match its manifest" in note.why


def test_a_model_damaged_from_the_start_is_an_error_until_it_is_mended(home: Home, model_folder: Path) -> None:
    weights = home.folder / "models" / "channel-strip" / "weights.safetensors"
    weights.write_bytes(b"x" * 100)
    with home.daemon():
        reply = home.ask()
        assert reply.status == "error"
        assert "does not match its manifest" in reply.message
        shutil.copy(model_folder / "weights.safetensors", weights)
        assert home.ask().status == "apply"


# ---------------------------------------------------------------- memory


def test_a_long_track_leaves_little_in_memory(home: Home) -> None:
    with home.daemon() as daemon:
        for _ in range(2):
            audio = home.noise(120.0)
            request = home.request(audio=audio)
            request["range"]["end_s"] = audio.shape[1] / RATE_HZ
            assert home.reply(home.send(request)).status == "apply"
        process = psutil.Process(daemon.process.pid)
        family = [process, *process.children(recursive=True)]
        total_mib = sum(member.memory_info().rss for member in family) / 2**20
        assert process.memory_info().rss / 2**20 < 700
        assert total_mib < 1000
