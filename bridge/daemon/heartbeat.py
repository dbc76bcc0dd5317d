"""The daemon's signs of life: the heartbeat file, progress of the running job, and feedback to surfaces.

A sign that cannot be given (a full disk, a client that is gone) never stops the work it speaks of.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from bridge import __version__
from bridge.errors import LinkError
from bridge.reaper.protocol.messages import SCHEMA, Heartbeat, Progress
from bridge.reaper.protocol.spool import Spool

log = logging.getLogger(__name__)

HEARTBEAT_PERIOD_S = 1.0
PROGRESS_PERIOD_S = 0.1

Feedback = Callable[..., None]  # (OSC address of the table, its values...)


class HeartbeatThread(threading.Thread):
    """Writes `heartbeat.json` every second until stopped, from a thread that no job can hold up."""

    def __init__(self, spool: Spool, osc_port: int) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._spool, self._osc_port = spool, osc_port
        self._stop_requested = threading.Event()
        self._fault = ""

    def beat(self) -> None:
        """Write one heartbeat. A fault is logged once, until it changes."""
        message = Heartbeat(
            schema=SCHEMA, version=__version__, pid=os.getpid(), time_s=time.time(), osc_port=self._osc_port
        )
        fault = ""
        try:
            self._spool.write_heartbeat(message)
        except LinkError as error:
            fault = str(error)
        if fault and fault != self._fault:
            log.error("heartbeat: %s", fault)
        self._fault = fault

    def run(self) -> None:
        while not self._stop_requested.wait(HEARTBEAT_PERIOD_S):
            self.beat()

    def stop(self) -> None:
        """End the thread and remove the file, so that the scripts know at once."""
        self._stop_requested.set()
        if self.is_alive():
            self.join()
        self._spool.remove_heartbeat()


class JobProgress:
    """Progress of one job, to the script (a file) and to surfaces (OSC); steps at once, fractions 10 times a second."""

    def __init__(self, spool: Spool, request_id: str, feedback: Feedback) -> None:
        self._spool, self._request_id, self._feedback = spool, request_id, feedback
        self._step, self._sent_at_s = "", -PROGRESS_PERIOD_S

    def __call__(self, fraction: float, step: str) -> None:
        now_s = time.monotonic()
        if step == self._step and now_s - self._sent_at_s < PROGRESS_PERIOD_S:
            return
        self._step, self._sent_at_s = step, now_s
        fraction = min(max(fraction, 0.0), 1.0)
        try:
            self._spool.write_progress(Progress(schema=SCHEMA, id=self._request_id, fraction=fraction, step=step))
        except LinkError as error:
            log.warning("progress: %s", error)
        self._feedback("/bridge/progress", fraction)
