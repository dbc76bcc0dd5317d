"""Files beside each other on this machine: one process for each core, each with a plugin host of its own.

A process that ends by itself, whatever the reason, takes one file with it: the one that it had. Where the program
itself ends, its pipes do, and the processes put away what they have begun.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import threading
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection, wait

import msgspec

from bridge.offline.folder.process_file import FileEvent, FileOutcome, FileProcessor, IsCancelled
from bridge.offline.job import FileJob
from bridge.plugins.host.host import PluginHost, host_for
from bridge.settings import Settings

LOOK_EVERY_S = 0.25  # whether the user has cancelled
PUT_AWAY_S = 20.0  # that a process may take to end when it is no longer needed


def run_locally(jobs: Sequence[FileJob], settings: Settings, is_cancelled: IsCancelled) -> Generator[FileEvent]:
    """Do `jobs`, the first first, and yield how far each is and what became of it, as it happens."""
    cores = settings.worker_count
    count = min(cores, len(jobs))
    share = msgspec.structs.replace(settings, workers=max(1, cores // max(count, 1)))
    waiting = list(range(len(jobs)))[::-1]
    running: dict[Connection, tuple[_FileProcess, int]] = {}
    idle: list[_FileProcess] = []
    try:
        while (waiting or running) and not is_cancelled():
            while waiting and len(running) < count:
                process, index = idle.pop() if idle else _FileProcess(share), waiting.pop()
                process.begin(jobs[index])
                running[process.connection] = process, index
            for connection in wait(list(running), LOOK_EVERY_S):
                assert isinstance(connection, Connection)
                process, index = running[connection]
                event = process.receive()
                if isinstance(event, FileOutcome):
                    del running[connection]
                    if process.is_alive:
                        idle.append(process)
                yield index, event
    finally:
        _end([*idle, *(process for process, _ in running.values())])


class _FileProcess:
    """A process and this end of its pipe. It is given one file at a time."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.is_alive = True
        self._process = context.Process(target=_serve, args=(theirs, settings), daemon=True)
        self._process.start()
        theirs.close()  # so that this end notices when the process is gone

    def begin(self, job: FileJob) -> None:
        with contextlib.suppress(OSError):  # one that is gone says so at the next look
            self.connection.send(job)

    def receive(self) -> float | FileOutcome:
        try:
            event = self.connection.recv()
        except (EOFError, OSError):
            self.is_alive = False
            self.end(PUT_AWAY_S)
            code = self._process.exitcode
            return FileOutcome(error=f"The process that worked on it ended (status {code}). Try it by itself.")
        assert isinstance(event, float | FileOutcome)
        return event

    def close(self) -> None:
        self.connection.close()

    def end(self, limit_s: float) -> None:
        self._process.join(limit_s)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _end(processes: Sequence[_FileProcess]) -> None:
    """All at once: the pipe's end tells them to put away what they have begun."""
    for process in processes:
        process.close()
    for process in processes:
        process.end(PUT_AWAY_S)


def _serve(connection: Connection, settings: Settings) -> None:
    """The process: files in, progress and outcomes out, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the program's to answer
    import torch

    torch.set_num_threads(settings.worker_count)
    jobs: queue.SimpleQueue[FileJob | None] = queue.SimpleQueue()
    with host_for(settings) as host, contextlib.suppress(OSError):  # the program is gone: so is its pipe
        threading.Thread(target=_receive, args=(connection, jobs, host), daemon=True).start()
        process_file = FileProcessor(settings, host)
        while (job := jobs.get()) is not None:
            connection.send(process_file(job, lambda share, _step: connection.send(float(share))))


def _receive(connection: Connection, jobs: queue.SimpleQueue[FileJob | None], host: PluginHost) -> None:
    """What the program sends. At the pipe's end renders are broken off, and with them the file."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            jobs.put(connection.recv())
    host.close()
    jobs.put(None)
