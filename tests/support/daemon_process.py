"""The real daemon process on a home folder of its own, and requests as REAPER's scripts write them."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from snapshot_builder import SnapshotBuilder

from bridge.atomic_files import write_file
from bridge.audio.files import AudioWriter
from bridge.reaper.protocol.messages import SCHEMA, Reply
from bridge.reaper.protocol.spool import Spool

ROOT = Path(__file__).parents[2]
RATE_HZ = 48_000
LIMIT_S = 60.0


def wait_for(condition: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> object:
    """What `condition` returns once it is true. Looks often, gives up after `limit_s`."""
    end_s = time.monotonic() + limit_s
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < end_s, f"waited {limit_s:g} s for {what}"
        pause.wait(0.005)
    return found


@dataclass
class Daemon:
    """The daemon process of a home folder."""

    home: Path
    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


class Home:
    """A home folder: writes requests as REAPER's scripts do, starts daemons, reads replies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.desk = folder, SnapshotBuilder()
        self.spool = Spool(folder / "spool", free_mib=1)
        self.spool.create()

    @property
    def fault_file(self) -> Path:
        return self.folder / "fault.txt"

    def noise(self, seconds: float = 6.0, *, rate_hz: int = RATE_HZ, channels: int = 2, seed: int = 0) -> np.ndarray:
        """Pink-ish noise that swells and falls, so that spectrum and level statistics mean something."""
        rng = np.random.default_rng(seed)
        frames = round(seconds * rate_hz)
        spectrum = np.fft.rfft(rng.normal(size=(channels, frames)))
        spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 20))
        audio = np.fft.irfft(spectrum, frames) * (0.6 + 0.4 * np.sin(np.arange(frames) / rate_hz * 5))
        return (0.2 * audio / np.abs(audio).max()).astype(np.float32)

    def coloured_fx(self) -> list:
        """ReaEQ that booms, ReaComp at rest: what the test model sets back."""
        bands = (
            (1, 0, True, 150.0, 11.0, 1.9),
            (2, 0, True, 300.0, 6.0, 1.4),
            (2, 1, True, 3000.0, -9.0, 1.4),
            (4, 0, True, 8000.0, -8.0, 1.9),
            (0, 0, False, 80.0, 0.0, 1.9),
        )
        return [self.desk.rea_eq(bands), self.desk.rea_comp()]

    def put_audio(self, audio: np.ndarray, *, rate_hz: int = RATE_HZ, name: str) -> None:
        path = self.spool.folder / "audio" / name
        with AudioWriter(path, sample_rate_hz=rate_hz, channels=audio.shape[0]) as writer:
            writer.write(audio)

    def request(self, *, audio: np.ndarray | None = None, fx: list | None = None, **more) -> dict:
        """A request as JSON would hold it; `more` replaces its top-level fields."""
        audio = self.noise() if audio is None else audio
        request_id = str(uuid.uuid4())
        message = {
            "schema": SCHEMA,
            "script_version": "0.1.0",
            "id": request_id,
            "action": "automix",
            "project": {"path": "/songs/Übung 1.rpp", "change_count": 7},
            "track": {
                "guid": "{1}", "index": 0, "name": "Gesang", "muted": False, "is_folder": False, "automation_mode": 0,
            },
            "range": {"start_s": 0.0, "end_s": audio.shape[1] / RATE_HZ, "source": "items"},
            "audio": {
                "file": f"{request_id}.wav",
                "sample_rate_hz": RATE_HZ,
                "channels": audio.shape[0],
                "excerpts": [{"start_s": 0.0, "frames": audio.shape[1]}],
            },
            "fx": msgspec.to_builtins(self.coloured_fx() if fx is None else fx),
            "options": {},
        }  # fmt: skip
        self.put_audio(audio, name=f"{request_id}.wav")
        return {**message, **more}

    def send(self, message: dict) -> str:
        """Write a request as the scripts do: .part, then a rename."""
        return self.send_bytes(json.dumps(message).encode(), message["id"])

    def send_bytes(self, data: bytes, request_id: str) -> str:
        write_file(self.spool.folder / "requests" / f"{request_id}.json", data)
        return request_id

    def reply(self, request_id: str, limit_s: float = LIMIT_S) -> Reply:
        path = self.spool.folder / "replies" / f"{request_id}.json"
        wait_for(path.exists, f"the reply to {request_id}", limit_s)
        return self.spool.read_reply(request_id)

    def ask(self, **more) -> Reply:
        return self.reply(self.send(self.request(**more)))

    @contextmanager
    def daemon(
        self,
        *options: str,
        environment: dict[str, str] | None = None,
        has_faults: bool = False,
        has_slow_disk: bool = False,
    ) -> Iterator[Daemon]:
        """The real daemon, once it has said that it is ready; terminated at the end.

        `has_faults`: its workers also know the plugins that fail on demand; `has_slow_disk`: its spool is slow. Of both
        see `faulty_daemon`.
        """
        command = ["-m", "bridge", "--home", str(self.folder), "daemon", "--osc-port", "0", *options]
        if has_faults or has_slow_disk:
            fault = "plugins" if has_faults else "disk"
            command = [str(Path(__file__).with_name("faulty_daemon.py")), str(self.folder), fault]
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
                "PYTHONUTF8": "1",
                "BRIDGE_SPOOL_FREE_MIB": "1",
                "BRIDGE_REAPER_OSC_PORT": "0",
                "FAULT_FILE": str(self.fault_file),
                **(environment or {}),
            },
        )
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            said = []
            try:
                while not (line := lines.get(timeout=LIMIT_S)).startswith("Bridge daemon ready ") and line:
                    said.append(line)
            except queue.Empty:
                line = ""
            if not line:
                process.kill()
                raise AssertionError(f"no ready line but {said}; the daemon said: {process.communicate()[1]}")
            port = line.split(",")[0].rpartition(":")[2]
            assert all("OSC is off" in one for one in said), said  # nothing else comes before the ready line
            assert port.isdigit() or said, line
            yield Daemon(self.folder, process, int(port) if port.isdigit() else 0, [*said, line])
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)
            reader.join(30)
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()


def _read_lines(stream: IO[str], lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")  # the process has closed its end


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
