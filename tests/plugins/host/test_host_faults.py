"""Plugins that crash, hang, return NaN or write to standard output, in real workers: the program goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
import pytest

from bridge.errors import PluginCrashed, PluginError, PluginHung, PluginOutputInvalid, RenderNotTried
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.host.render_queue import ExclusiveTask
from bridge.plugins.worker.shared_memory import PREFIX, delete_stale_files
from bridge.types import Float32

RATE_HZ = 48_000
ON, OFF = np.array([1.0]), np.array([0.0])
MakeHost = Callable[..., PluginHost]
MakeNoise = Callable[..., Float32]
HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]


def assert_still_works(host: PluginHost, faults: ModuleType, audio: Float32) -> None:
    (rendered,) = host.render(faults.fault_chain("None"), [RenderInput(audio, RATE_HZ, ON)])
    np.testing.assert_array_equal(rendered, audio)


def test_a_crash_in_the_middle_of_a_batch(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    """One of twelve kills its worker, twice; the others are rendered, and the error names the plugin."""
    host = fault_host()
    audios = [noise(seed=index) for index in range(12)]
    renders = [RenderInput(audio, RATE_HZ, ON if index == 5 else OFF) for index, audio in enumerate(audios)]
    results = host.render(faults.fault_chain("Crash"), renders, return_errors=True)
    error = results.pop(5)
    audios.pop(5)
    assert isinstance(error, PluginCrashed)
    assert "fault:Crash" in str(error)
    for result, audio in zip(results, audios, strict=True):
        np.testing.assert_array_equal(result, audio)
    assert_still_works(host, faults, audios[0])


def test_a_crash_is_raised(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host()
    with pytest.raises(PluginCrashed, match="fault:Crash crashed while processing"):
        host.render(faults.fault_chain("Crash"), [RenderInput(noise(), RATE_HZ, ON)])
    assert_still_works(host, faults, noise())


def test_a_render_is_tried_once_more(
    fault_host: MakeHost, faults: ModuleType, noise: MakeNoise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(faults.MARKER, str(tmp_path / "crashed"))
    audio = noise(2)
    (rendered,) = fault_host().render(faults.fault_chain("CrashOnce"), [RenderInput(audio, RATE_HZ, ON)])
    np.testing.assert_array_equal(rendered, audio)
    assert (tmp_path / "crashed").exists()


def test_the_plugin_of_a_chain_that_crashed_is_named(
    fault_host: MakeHost, faults: ModuleType, noise: MakeNoise
) -> None:
    chain = faults.fault_chain("None", "Crash", "NaN")
    with pytest.raises(PluginCrashed) as raised:
        fault_host().render(chain, [RenderInput(noise(), RATE_HZ, np.array([1.0, 1.0, 1.0]))])
    assert str(raised.value).startswith("fault:Crash crashed")


def test_a_batch_that_only_crashes_ends_soon(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    """Three crashes are enough: sixty more workers are not started for the rest."""
    renders = [RenderInput(noise(), RATE_HZ, ON)] * 32
    results = fault_host().render(faults.fault_chain("Crash"), renders, return_errors=True)
    kinds = [type(result) for result in results]
    assert set(kinds) == {PluginCrashed, RenderNotTried} and 3 <= kinds.count(PluginCrashed) <= 6


def test_a_hang_is_ended(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host(render_limit_s=0.4)
    audio = noise()
    renders = [RenderInput(audio, RATE_HZ, setting) for setting in (OFF, ON, OFF)]
    first, error, last = host.render(faults.fault_chain("Hang"), renders, return_errors=True)
    assert isinstance(error, PluginHung)
    assert "fault:Hang did not answer within 0.4 s" in str(error)
    np.testing.assert_array_equal(first, audio)
    np.testing.assert_array_equal(last, audio)
    assert_still_works(host, faults, audio)


def test_a_hang_that_holds_pythons_lock_is_ended(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    if sys.platform == "win32":
        pytest.skip("pause() is POSIX")
    host = fault_host(render_limit_s=0.4)
    with pytest.raises(PluginHung):
        host.render(faults.fault_chain("HangHoldingTheLock"), [RenderInput(noise(), RATE_HZ, ON)])
    assert_still_works(host, faults, noise())


def test_slow_work_that_goes_on_is_no_hang(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    """Three slots of 0.4 s each under a limit of 0.9 s: the limit is for one step."""
    chain = faults.fault_chain("Nap", "Nap", "Nap")
    audio = noise()
    (rendered,) = fault_host(workers=1, render_limit_s=0.9).render(chain, [RenderInput(audio, RATE_HZ, np.ones(3))])
    np.testing.assert_array_equal(rendered, audio)


def test_a_plugin_that_crashes_at_load(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host()
    with pytest.raises(PluginCrashed, match="fault:CrashAtLoad crashed while loading"):
        host.render(faults.fault_chain("CrashAtLoad"), [RenderInput(noise(), RATE_HZ, OFF)])
    with pytest.raises(PluginCrashed, match="fault:CrashAtLoad crashed while loading"):
        host.describe(faults.fault_chain("CrashAtLoad"))
    assert_still_works(host, faults, noise())


def test_loading_has_a_time_limit_of_its_own(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host(load_limit_s=0.5)
    begin = time.monotonic()
    with pytest.raises(PluginHung, match=r"fault:HangAtLoad did not load within 0.5 s.*plugin_load_limit_s"):
        host.render(faults.fault_chain("HangAtLoad"), [RenderInput(noise(), RATE_HZ, OFF)])
    assert time.monotonic() - begin < 10  # and it was not tried again
    assert_still_works(host, faults, noise())


@pytest.mark.parametrize(
    ("fault", "words"), [("NaN", "NaN or infinity"), ("Infinite", "NaN or infinity"), ("Short", "samples")]
)
@pytest.mark.parametrize("rows", [1, 40])
def test_broken_output_is_an_error_of_that_setting(
    fault_host: MakeHost, faults: ModuleType, noise: MakeNoise, fault: str, words: str, rows: int
) -> None:
    host = fault_host(workers=1)
    audio = noise(2)
    renders = [RenderInput(audio, RATE_HZ, np.repeat(s[np.newaxis], rows, axis=0)) for s in (OFF, ON, OFF)]
    before, error, after = host.render(faults.fault_chain(fault), renders, return_errors=True)
    if fault == "Short" and rows > 1:  # in blocks, that is latency without an end
        assert isinstance(error, np.ndarray | PluginOutputInvalid)
    else:
        assert isinstance(error, PluginOutputInvalid)
        assert f"fault:{fault}" in str(error)
        assert words in str(error)
    for result in (before, after):
        np.testing.assert_array_equal(result, audio)


def test_a_refusal_is_one_line(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host()
    with pytest.raises(PluginError, match="this plugin wants a licence"):
        host.render(faults.fault_chain("Refuse"), [RenderInput(noise(), RATE_HZ, ON)])
    assert_still_works(host, faults, noise())


def test_what_plugins_write_reaches_nobody(
    fault_host: MakeHost, faults: ModuleType, noise: MakeNoise, capfd: pytest.CaptureFixture[str]
) -> None:
    audio = noise()
    (rendered,) = fault_host().render(faults.fault_chain("Noisy"), [RenderInput(audio, RATE_HZ, ON)])
    np.testing.assert_array_equal(rendered, audio)
    assert capfd.readouterr() == ("", "")


def test_what_plugins_write_can_be_kept(
    fault_host: MakeHost, faults: ModuleType, noise: MakeNoise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "worker log.txt"
    monkeypatch.setenv("BRIDGE_WORKER_LOG", str(log))
    fault_host().render(faults.fault_chain("Noisy"), [RenderInput(noise(), RATE_HZ, ON)])
    assert "plugin says hello" in log.read_text()


def test_a_worker_killed_from_outside_is_replaced(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host()
    assert_still_works(host, faults, noise())
    for pid in host.worker_pids:
        psutil.Process(pid).kill()
    assert_still_works(host, faults, noise())


def test_workers_killed_at_any_instant_cost_nothing(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    """While batches run, workers are killed now and then; at most the same render twice, which is then told."""
    host = fault_host()
    audio = noise(2, seconds=3)
    stop = threading.Event()

    def murder() -> None:
        while not stop.wait(0.15):
            for pid in host.worker_pids[:1]:
                try:
                    psutil.Process(pid).kill()
                except psutil.NoSuchProcess:
                    continue

    murderer = threading.Thread(target=murder)
    murderer.start()
    try:
        results = [
            result
            for _ in range(4)
            for result in host.render(
                faults.fault_chain("None"), [RenderInput(audio, RATE_HZ, OFF)] * 24, return_errors=True
            )
        ]
    finally:
        stop.set()
        murderer.join()
    for result in results:
        assert isinstance(result, PluginCrashed | RenderNotTried) or np.array_equal(result, audio)
    assert_still_works(host, faults, audio)


def test_closing_ends_a_hanging_render(fault_host: MakeHost, faults: ModuleType, noise: MakeNoise) -> None:
    host = fault_host(workers=1)
    outcome: list[object] = []

    def work() -> None:
        try:
            host.render(faults.fault_chain("Hang"), [RenderInput(noise(), RATE_HZ, ON)] * 3)
        except PluginError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 20
    while not host.worker_pids and time.monotonic() < deadline:
        thread.join(0.05)
    host.close()
    thread.join(20)
    assert not thread.is_alive()
    assert "closed" in str(outcome[0])


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
here, fault = sys.argv[1:]
sys.path.insert(0, here)
import faults
from bridge.plugins.host.host import PluginHost, RenderInput
host = PluginHost(workers=1, load_limit_s=1, render_limit_s=1, modules=["faults"], module_folders=[Path(here)])
audio = np.zeros((1, 1000), np.float32)
host.render(faults.fault_chain("None"), [RenderInput(audio, 48000, np.array([0.0]))])
print(host.worker_pids[0], flush=True)
host.render(faults.fault_chain(fault), [RenderInput(audio, 48000, np.array([1.0]))])
"""


@pytest.mark.parametrize("fault", ["Hang", "HangHoldingTheLock"])
@pytest.mark.slow
def test_workers_end_when_the_program_is_killed(faults: ModuleType, fault: str, tmp_path: Path) -> None:
    """SIGKILL leaves no time to clean up: the worker ends by itself, even in a plugin that holds Python's lock."""
    if sys.platform == "win32":
        pytest.skip("pause() and SIGKILL are POSIX")
    marker = tmp_path / "hangs"
    environment = os.environ | {faults.MARKER: str(marker), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(HERE), fault]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    waiting, deadline = threading.Event(), time.monotonic() + 20
    while not marker.exists() and time.monotonic() < deadline:
        waiting.wait(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs([worker], timeout=30)
    assert marker.exists()
    assert alive == []
    if fault == "HangHoldingTheLock":  # nothing of Python could run in there: the next host sweeps
        delete_stale_files()
    assert list(Path("/dev/shm").glob(f"{PREFIX}{parent.pid}-*")) == []


def test_whatever_a_task_raises_reaches_who_waits_for_it(host: PluginHost) -> None:
    """And the thread goes on: the next task is done."""
    with pytest.raises(ZeroDivisionError):
        host.run_task(ExclusiveTask(lambda _: 1 / 0))
    assert host.run_task(ExclusiveTask(lambda _: "done")) == "done"
