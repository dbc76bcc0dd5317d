"""A daemon at which made-up packets and files are thrown, and what must hold of it afterwards."""

from __future__ import annotations

import os
import random
import socket
import sys
import time
from pathlib import Path
from types import TracebackType

from daemon_process import Daemon, Home, wait_for
from fuzz_inputs import Packets, SpoolFiles, clear
from pythonosc.osc_message_builder import build_msg

SECRET = "nobody reads this"
LIMIT_S = 60.0


class FuzzRun:
    """Throws at `daemon`; `faults` names what should not have happened."""

    def __init__(self, home: Home, daemon: Daemon, rng: random.Random) -> None:
        self.home, self.daemon = home, daemon
        self._outside = home.folder.parent / "outside"
        self._outside.mkdir()
        secret = self._outside / "secret.json"
        secret.write_text(SECRET)
        self._packets = Packets(rng)
        template = home.request(audio=home.noise(0.5))
        self._sound = (home.spool.folder / "audio" / f"{template['id']}.wav").read_bytes()
        home.spool.finish(template["id"])
        self._files = SpoolFiles(rng, home.spool.folder, secret, template, self._put_sound)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> FuzzRun:
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(("127.0.0.1", self.daemon.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send_packets(self, count: int) -> None:
        """So many, and a ping that is answered behind them: what was sent before has been read by then."""
        for _ in range(count):
            packet = self._packets()
            if packet:
                self._socket.send(packet)
        self.ping()

    def put_files(self, count: int) -> None:
        """So many, then wait until everything that should be answered is, and clear the spool."""
        for _ in range(count):
            self._files()
        replies = self.home.spool.folder / "replies"
        for request_id in self._files.asked:
            wait_for((replies / f"{request_id}.json").is_file, f"the answer to {request_id}", LIMIT_S)
        for folder in ("receipts", "answers"):
            wait_for(lambda folder=folder: not self._taken_later(folder), f"{folder} to be taken", LIMIT_S)  # type: ignore[misc]
        self._files.asked.clear()
        self.ping()
        for folder in (path for path in self.home.spool.folder.iterdir() if path.is_dir()):
            clear(folder)

    def ask_well(self) -> None:
        """Whatever amount was chosen by chance, all the way."""
        self._socket.send(build_msg("/bridge/amount", [1.0]).dgram)
        self.ping()
        reply = self.home.ask()
        assert reply.status == "apply", reply.error
        clear(self.home.spool.folder / "replies")

    def ping(self) -> None:
        """Wait for an answer to a ping of our own. What else is heard by then is feedback on what was sent."""
        end_s = time.monotonic() + LIMIT_S
        self._socket.send(build_msg("/bridge/ping", []).dgram)
        while not self._socket.recv(65_536).startswith(b"/bridge/status"):
            assert time.monotonic() < end_s, "the daemon does not answer"

    def faults(self) -> list[str]:
        """What should not have happened, in words."""
        found = []
        if self.daemon.process.poll() is not None:
            found.append(f"the daemon ended with {self.daemon.process.poll()}")
        for log in sorted((self.home.folder / "logs").glob("daemon.log*")):
            lines = log.read_text("utf-8", "replace").splitlines()
            found += [line for line in lines if "Traceback" in line or "Bridge failed" in line][:5]
        found += self._said()[:5]
        left = sorted(path.name for path in self._outside.iterdir())
        if left != ["secret.json"] or (self._outside / "secret.json").read_text() != SECRET:
            found.append(f"outside of the spool: {left}")
        return found

    def _said(self) -> list[str]:
        """What the daemon wrote to its error output, so far."""
        assert self.daemon.process.stderr is not None
        if sys.platform == "win32":
            return []  # pipes can only be waited for there
        descriptor = self.daemon.process.stderr.fileno()
        os.set_blocking(descriptor, False)
        try:
            return os.read(descriptor, 65_536).decode("utf-8", "replace").splitlines()
        except BlockingIOError:
            return []
        finally:
            os.set_blocking(descriptor, True)

    def _put_sound(self, name: str) -> None:
        (self.home.spool.folder / "audio" / name).write_bytes(self._sound)

    def _taken_later(self, folder: str) -> list[Path]:
        """Messages with proper names that still lie there; folders of such names stay."""
        known = self.home.spool.receipts() if folder == "receipts" else self.home.spool.script_call_answers()
        paths = [self.home.spool.folder / folder / f"{name}.json" for name in known]
        return [path for path in paths if path.is_symlink() or not path.is_dir()]
