"""The daemon's life: lock, socket, heartbeat, watch, serve, drain. Each step by name, undone in reverse.

The socket answers before anything heavy is loaded: models and torch come with the job thread. This module decides
nothing about requests and commands.
"""

from __future__ import annotations

import logging
import logging.handlers
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.daemon.choices import Choices
from bridge.daemon.control import Control
from bridge.daemon.engine import Engine
from bridge.daemon.jobs import JobRunner
from bridge.daemon.live import Live
from bridge.daemon.lock import DaemonLock
from bridge.daemon.receipts import Receipts
from bridge.daemon.signs import HeartbeatThread
from bridge.daemon.watch import Watch
from bridge.errors import BridgeError, LinkError
from bridge.reaper.osc import Value
from bridge.reaper.spool import Spool
from bridge.settings import Settings
from bridge.surfaces.commands import Command
from bridge.surfaces.osc import OscSurface

if TYPE_CHECKING:
    from bridge.surfaces.midi.surface import MidiSurface

log = logging.getLogger(__name__)

POLL_PERIOD_S = 1.0
SWEEP_PERIOD_S = 600.0
DRAIN_LIMIT_S = 15.0
LIVE_LIMIT_S = 2.0
SWITCH_INTERVAL_S = 0.001
"""How long a thread may hold the interpreter while another waits: a ping must not wait for several of Python's 5 ms."""

LOG_BYTES = 1_000_000
LOG_FILES = 3


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status. Raises LinkError (DaemonRunning) where it cannot begin."""
    return Service(settings).run()


class Service:
    """One daemon for one home folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop_asked = threading.Event()
        self._midi: MidiSurface | None = None
        self._spool = Spool(settings.spool, free_mib=settings.spool_free_mib)
        self._engine = Engine(settings)
        self._surface = OscSurface(
            settings.osc_host,
            settings.osc_port,
            settings.osc_feedback_port,
            handle=self._on_command,
            status=lambda: self._jobs.status,
            allowed=settings.osc_allow,
            clients=settings.osc_clients,
        )
        choices = Choices(settings.styles)
        self._live = Live(self._spool, settings, choices, self._tell)
        self._control = Control(settings, choices, self._live)
        self._jobs = JobRunner(self._spool, self._engine, defaults=lambda: choices.now, feedback=self._tell)
        self._receipts = Receipts(self._spool, self._tell)

    def run(self) -> int:
        with ExitStack() as life:
            life.enter_context(DaemonLock(self._settings.home / "daemon.lock"))
            life.enter_context(_log_file(self._settings))
            life.enter_context(_quick_switches())
            life.enter_context(self._stopped_by_signals())
            self._spool.create()
            self._surface.open()
            life.callback(self._surface.close)
            self._spool.sweep()
            self._spool.drop_asks()
            heartbeat = HeartbeatThread(self._spool, self._surface.port)
            life.callback(heartbeat.stop)
            watch = self._watch()
            life.callback(watch.stop)
            life.callback(self._drain)
            self._jobs.start()
            self._live.start()
            heartbeat.beat()
            heartbeat.start()
            self._say_ready()
            self._open_midi(life)
            self._serve()
        return 0

    def stop(self) -> None:
        """Ask the daemon to end; safe from signal handlers and other threads."""
        self._stop_asked.set()

    # ------------------------------------------------------------ steps

    def _open_midi(self, life: ExitStack) -> None:
        """A MIDI surface, where one is asked for. One that cannot be had is said, and everything else goes on."""
        if not self._settings.midi_input:
            return
        from bridge.surfaces.midi.layout import load_layout
        from bridge.surfaces.midi.surface import MidiSurface  # mido looks for its backend

        try:
            layout = load_layout(self._settings.home)
            surface = MidiSurface(self._settings.midi_input, layout, handle=self._on_midi, say=self._say)
            life.enter_context(surface)
        except BridgeError as error:
            self._say(f"MIDI is off: {error}")
            return
        self._midi = surface
        life.callback(self._forget_midi)

    def _forget_midi(self) -> None:
        self._midi = None

    def _tell(self, path: str, *values: Value) -> None:
        """Feedback to all surfaces, whatever wire they are on."""
        self._surface.send(path, *values)
        if (midi := self._midi) is not None:
            midi.tell(path, *values)

    def _say(self, line: str) -> None:
        log.warning("%s", line)
        print(line, flush=True)

    def _watch(self) -> Watch:
        self._settings.user_models.mkdir(parents=True, exist_ok=True)
        watch = Watch(
            self._settings.spool,
            self._engine.model_folders(),
            on_request=self._jobs.submit,
            on_receipt=self._receipts.take,
            on_answer=self._live.asking.take,
            on_model=self._jobs.refresh_models,
        )
        watch.start()
        return watch

    def _say_ready(self) -> None:
        where = f"{self._settings.osc_host}:{self._surface.port}"
        log.info("ready, version %s, OSC on %s", __version__, where)
        print(f"Bridge daemon ready on {where}, spool {self._settings.spool}", flush=True)

    def _serve(self) -> None:
        """Look into the spool now and then: for what lay there before, and what the system gave no notice of."""
        swept_at_s = time.monotonic()
        while True:
            try:
                for request_id in self._spool.pending():
                    self._jobs.submit(request_id)
                self._receipts.take_all()
                self._live.asking.take_all()
                if time.monotonic() - swept_at_s > SWEEP_PERIOD_S:
                    swept_at_s = time.monotonic()
                    self._spool.sweep()
            except LinkError as error:  # the folder went away
                log.error("%s", error)
                self._put_back()
            if self._stop_asked.wait(POLL_PERIOD_S):
                return

    def _put_back(self) -> None:
        """Make the spool's folders again; where something stands in their place, go on and try again later."""
        try:
            self._spool.create()
        except LinkError as error:
            log.error("%s", error)
            self._tell("/bridge/error", str(error))

    def _drain(self) -> None:
        self._live.stop(LIVE_LIMIT_S)
        if not self._jobs.stop(DRAIN_LIMIT_S):
            log.warning("the running job did not end within %g s; its request stays in the spool", DRAIN_LIMIT_S)

    def _on_command(self, command: Command) -> None:
        self._control.handle(command, self._tell)

    def _on_midi(self, command: Command) -> None:
        """As a command over OSC; what cannot be done is told to the surfaces that can show text."""
        try:
            self._on_command(command)
        except BridgeError as error:
            log.error("%s", error)
            self._tell("/bridge/error", str(error))

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """The first signal asks for an orderly end, a second one ends at once; then the old handlers stand again."""

        def ask(number: int, _frame: FrameType | None) -> None:
            if self._stop_asked.is_set():
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.stop()

        if threading.current_thread() is not threading.main_thread():
            yield  # signals belong to the main thread: whoever runs a service elsewhere calls `stop`
            return
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _log_file(settings: Settings) -> Iterator[None]:
    """Write what happens to logs/daemon.log in the home folder, a few megabytes at most, and nowhere else.

    Without a handler of its own the root logger gets one for the error output from any library that logs; and where
    nobody reads that, a daemon that writes there waits for ever.
    """
    folder = settings.home / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "daemon.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8"
        )
    except OSError as error:
        raise LinkError(f"Cannot write logs in {folder}: {error.strerror}. Make the folder writable.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger, root, nowhere = logging.getLogger("bridge"), logging.getLogger(), logging.NullHandler()
    level = logger.level
    root.addHandler(nowhere)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        root.removeHandler(nowhere)
        logger.setLevel(level)
        handler.close()
