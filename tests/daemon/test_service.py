"""The daemon's life: it starts once and at once, answers while it works, and ends in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest
from daemon_process import RATE_HZ, Home, surface, wait_for

from bridge.daemon.doctor.daemon_checks import check_daemon, check_osc
from bridge.daemon.service import Service
from bridge.reaper.protocol.messages import Heartbeat, decode
from bridge.settings import Settings


def heartbeat(home: Home) -> Heartbeat:
    data = (home.spool.folder / "heartbeat.json").read_bytes()
    return decode(data, Heartbeat, source="heartbeat.json")


def is_begun(home: Home) -> bool:
    return any((home.spool.folder / "progress").glob("*.json"))


@pytest.mark.alone
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


def test_a_taken_port_is_said_at_once_and_all_but_osc_goes_on(home: Home) -> None:
    """As where REAPER's own control surface has port 9000, on all addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = str(taken.getsockname()[1])
        with home.daemon("--osc-port", port) as daemon:
            said = daemon.lines[0]
            assert f"OSC is off: UDP port {port} on 127.0.0.1 cannot be opened" in said
            assert f"(process {os.getpid()})" in said
            assert "--osc-port" in said
            assert home.ask().status == "apply"
            settings = Settings(home=home.folder, osc_port=int(port))
            (finding,) = check_osc(settings)
            assert not finding.is_ok
            assert f"(process {os.getpid()})" in finding.finding
            (finding,) = check_daemon(settings)
            assert finding.is_ok
            assert "without OSC" in finding.finding


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_in_order(home: Home, number: signal.Signals) -> None:
    with home.daemon() as daemon:
        workers = wait_for(lambda: psutil.Process(daemon.process.pid).children(recursive=True), "the workers")
        request_id = home.send(home.request())
        wait_for(lambda: is_begun(home), "the job to begin")
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


@pytest.mark.alone
def test_pings_and_heartbeats_go_on_while_it_works(home: Home) -> None:
    with home.daemon() as daemon, surface(daemon) as send:
        assert home.ask().status == "apply"  # loaded
        ids = [home.send(home.request(audio=home.noise(30.0))) for _ in range(12)]
        times_s, ages_s = [], []
        pause = threading.Event()
        while not (home.spool.folder / "replies" / f"{ids[-1]}.json").exists():
            times_s.append(send("/bridge/ping", until="/bridge/status"))
            ages_s.append(time.time() - heartbeat(home).time_s)
            pause.wait(0.005)
        assert len(times_s) >= len(ids)  # the jobs went on meanwhile, however fast the machine is
        assert sorted(times_s)[int(0.9 * len(times_s))] < 0.020
        assert max(ages_s) < 3.0
        assert [home.reply(request_id).status for request_id in ids] == ["apply"] * len(ids)


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


def test_a_file_in_the_place_of_the_requests_folder_does_not_end_the_daemon(home: Home) -> None:
    requests = home.spool.folder / "requests"
    with home.daemon() as daemon, surface(daemon) as send:
        moved = requests.rename(requests.with_name("aside"))
        requests.write_text("in the way")
        wait_for(
            lambda: "Cannot make the folder" in (home.folder / "logs" / "daemon.log").read_text("utf-8"), "the line"
        )
        assert send("/bridge/ping", until="/bridge/status") < 5.0
        requests.unlink()
        moved.rename(requests)
        assert home.ask().status == "apply"


@pytest.mark.alone
def test_an_idle_daemon_hardly_works(home: Home) -> None:
    """Waiting for files must not cost a core: looked at by processor time, over three heartbeats."""
    with home.daemon() as daemon:
        assert home.ask().status == "apply"
        process, beat = psutil.Process(daemon.process.pid), home.spool.folder / "heartbeat.json"
        family = [process, *process.children(recursive=True)]
        began_s, busy_s = time.monotonic(), sum(sum(member.cpu_times()[:2]) for member in family)
        for _ in range(3):
            before = beat.stat().st_mtime_ns
            wait_for(lambda before=before: beat.stat().st_mtime_ns != before, "a heartbeat")
        busy_s = sum(sum(member.cpu_times()[:2]) for member in family) - busy_s
        assert busy_s / (time.monotonic() - began_s) < 0.05
