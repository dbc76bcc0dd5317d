"""The daemon's life: lock, socket, heartbeat, watch, serve, drain. Each step by name, undone in reverse.

The socket answers before anything heavy is loaded: models and torch come with the job thread. This module decides
nothing about requests and commands.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from bridge import __version__
from bridge.daemon.amount_control import AmountControl
from bridge.daemon.command_router import CommandRouter
from bridge.daemon.heartbeat import HeartbeatThread
from bridge.daemon.job_queue import JobQueue
from bridge.daemon.lock import DaemonLock
from bridge.daemon.log_file import log_file
from bridge.daemon.midi import MidiService
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.daemon.receipts import Receipts
from bridge.daemon.session_defaults import SessionDefaults
from bridge.daemon.watcher import FolderWatcher
from bridge.errors import BridgeError, LinkError, PortTaken
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings
from bridge.surfaces.commands import Command
from bridge.surfaces.feedback import Value
from bridge.surfaces.osc import OscServer

log = logging.getLogger(__name__)

POLL_PERIOD_S = 1.0
SWEEP_PERIOD_S = 600.0
DRAIN_LIMIT_S = 15.0
LIVE_LIMIT_S = 2.0
SWITCH_INTERVAL_S = 0.001
"""How long a thread may hold the interpreter while another waits: a ping must not wait for several of Python's 5 ms."""


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status. Raises LinkError (DaemonRunning) where it cannot begin."""
    return Service(settings).run()


class Service:
    """One daemon for one home folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop_requested = threading.Event()
        self._midi = MidiService(settings, self._on_midi, self._warn)
        self._spool = Spool(settings.spool, free_mib=settings.spool_free_mib)
        self._models = ModelCache(settings)
        self._surface = OscServer(
            settings.osc_host,
            settings.osc_port,
            settings.osc_feedback_port,
            handle=self._on_command,
            status=lambda: self._jobs.status,
            allowed=settings.osc_allow,
            clients=settings.osc_clients,
        )
        defaults = SessionDefaults(settings.styles)
        link = ReaperOscClient(settings, self._spool)
        self._live = AmountControl(self._spool, link, settings, defaults, self._report)
        self._control = CommandRouter(link, defaults, self._live)
        self._jobs = JobQueue(self._spool, self._models, defaults=lambda: defaults.now, feedback=self._report)
        self._receipts = Receipts(self._spool, self._report)

    def run(self) -> int:
        with ExitStack() as life:
            life.enter_context(DaemonLock(self._settings.home / "daemon.lock"))
            life.enter_context(log_file(self._settings))
            life.enter_context(_quick_switches())
            life.enter_context(self._stopped_by_signals())
            self._spool.create()
            life.callback(self._surface.close)
            self._open_surface()
            self._spool.sweep()
            self._spool.drop_script_calls()
            heartbeat = HeartbeatThread(self._spool, self._surface.port if self._surface.is_open else 0)
            life.callback(heartbeat.stop)
            watch = self._watch()
            life.callback(watch.stop)
            life.callback(self._drain)
            self._jobs.start()
            self._live.start()
            heartbeat.beat()
            heartbeat.start()
            self._report_ready()
            life.callback(self._midi.close)
            self._serve()
        return 0

    def stop(self) -> None:
        """Ask the daemon to end; safe from signal handlers and other threads."""
        self._stop_requested.set()

    # ------------------------------------------------------------ steps

    def _report(self, path: str, *values: Value) -> None:
        """Feedback to all surfaces, whatever wire they are on."""
        self._surface.send(path, *values)
        self._midi.send_feedback(path, *values)

    def _warn(self, line: str) -> None:
        log.warning("%s", line)
        _print(line)

    def _open_surface(self) -> None:
        """Listen for OSC. Where another program has the port, all but that goes on, and it is said."""
        try:
            self._surface.open()
        except PortTaken as error:
            self._warn(f"OSC is off: {error}")

    def _watch(self) -> FolderWatcher:
        self._settings.user_models.mkdir(parents=True, exist_ok=True)
        watch = FolderWatcher(
            self._settings.spool,
            self._settings.model_folders,
            on_request=self._jobs.submit,
            on_receipt=self._receipts.take,
            on_answer=self._live.script_calls.receive,
            on_model=self._jobs.refresh_models,
        )
        watch.start()
        return watch

    def _report_ready(self) -> None:
        where = f"on {self._settings.osc_host}:{self._surface.port}" if self._surface.is_open else "without OSC"
        log.info("ready, version %s, %s", __version__, where)
        _print(f"Bridge daemon ready {where}, spool {self._settings.spool}")

    def _serve(self) -> None:
        """Look into the spool now and then: for what lay there before, and what the system gave no notice of."""
        swept_at_s = time.monotonic()
        while True:
            self._midi.refresh()
            try:
                for request_id in self._spool.pending():
                    self._jobs.submit(request_id)
                self._receipts.take_all()
                self._live.script_calls.receive_all()
                if time.monotonic() - swept_at_s > SWEEP_PERIOD_S:
                    swept_at_s = time.monotonic()
                    self._spool.sweep(keep=self._jobs.known)
            except LinkError as error:  # the folder went away
                log.error("%s", error)
                self._put_back()
            if self._stop_requested.wait(POLL_PERIOD_S):
                return

    def _put_back(self) -> None:
        """Make the spool's folders again; where something stands in their place, go on and try again later."""
        try:
            self._spool.create()
        except LinkError as error:
            log.error("%s", error)
            self._report("/bridge/error", str(error))

    def _drain(self) -> None:
        self._live.stop(LIVE_LIMIT_S)
        if not self._jobs.stop(DRAIN_LIMIT_S):
            log.warning("the running job did not end within %g s; its request stays in the spool", DRAIN_LIMIT_S)

    def _on_command(self, command: Command) -> None:
        self._control.handle(command, self._report)

    def _on_midi(self, command: Command) -> None:
        """As a command over OSC; what cannot be done is shown by the surfaces that can show text."""
        try:
            self._on_command(command)
        except BridgeError as error:
            log.error("%s", error)
            self._report("/bridge/error", str(error))

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """The first signal asks for an orderly end, a second one ends at once; then the old handlers stand again."""

        def handle_signal(number: int, _frame: FrameType | None) -> None:
            if self._stop_requested.is_set():
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.stop()

        if threading.current_thread() is not threading.main_thread():
            yield  # signals belong to the main thread: whoever runs a service elsewhere calls `stop`
            return
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, handle_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _print(line: str) -> None:
    """For whoever looks: a terminal that was closed, or a pipe whose reader is gone, ends nothing."""
    with suppress(OSError, ValueError):
        print(line, flush=True)


@contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
