"""The real daemon, a stand-in for REAPER whose OSC surface it reaches, and control surfaces beside them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from daemon_process import Daemon, Home, wait_for
from free_port import free_port
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.daemon.service import Service
from bridge.plugins.chain.display_law import parse_display
from bridge.reaper.protocol.applied_state import AppliedJob
from bridge.reaper.protocol.messages import Heartbeat, decode
from bridge.reaper.protocol.spool import HEARTBEAT_FILE
from bridge.settings import Settings
from bridge.standin import StandIn
from bridge.standin.fx.fx import StandInFx
from bridge.standin.osc.surface import StandInOscSurface
from bridge.standin.project.track import ReaperTrack

LIMIT_S = 60.0

Values = dict[str, float]


def boom(eq: StandInFx) -> None:
    """Turn every gain of an EQ up or down, by what it displays: whatever its law is."""
    gains = [p for p in eq.parameters if "gain" in p.name.lower() and "global" not in p.name.lower()]
    for wanted_db, parameter in zip((9.0, 7.0, -8.0, -8.0, 5.0), gains, strict=False):
        grid = np.linspace(0, 1, 401)
        shown = [abs((parse_display(parameter.text(n)) or 0.0) - wanted_db) for n in grid]
        eq.write(eq.index(parameter.name), float(grid[int(np.argmin(shown))]))


class Client:
    """A control surface: sends to the daemon, keeps what comes back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.heard: list[tuple[str, list[object]]] = []
        self.sent_at = 0  # how much was heard when something was sent last

    def send(self, path: str, *values: object) -> None:
        self.send_packet(build_msg(path, list(values)).dgram)

    def send_packet(self, packet: bytes) -> None:
        self.mark()
        self.socket.sendto(packet, ("127.0.0.1", self._port))

    def mark(self) -> None:
        """What was heard so far is no answer to what comes now."""
        self.listen()
        self.sent_at = len(self.heard)

    def listen(self) -> None:
        while True:
            try:
                message = OscMessage(self.socket.recv(65536))
            except BlockingIOError:
                return
            self.heard.append((message.address, list(message.params)))

    def texts(self, path: str) -> list[object]:
        """The first arguments of what was heard at an address."""
        self.listen()
        return [values[0] for address, values in self.heard if address == path]


@dataclass
class LiveSession:
    """REAPER with one selected track, the daemon, and one control surface."""

    home: Home
    daemon: Daemon
    reaper: StandIn
    osc: StandInOscSurface
    track: ReaperTrack
    client: Client
    clients: list[Client] = field(default_factory=list)

    def until(self, is_done: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """REAPER runs until something is so."""
        self.reaper.run_until(lambda: bool(is_done()), limit_s)

    def until_heard(self, path: str, word: str = "", limit_s: float = LIMIT_S) -> str:
        """REAPER runs until the surface hears a text at an address; what came before it sent last does not count."""

        def found() -> list[str]:
            self.client.listen()
            new = self.client.heard[self.client.sent_at :]
            return [str(values[0]) for address, values in new if address == path and word in str(values[0])]

        self.until(found, limit_s)
        return found()[0]

    def do(
        self, path: str, *values: object, until: str = "/bridge/status", word: str = "", limit_s: float = LIMIT_S
    ) -> str:
        """Send a command and let REAPER run until its answer."""
        self.client.send(path, *values)
        return self.until_heard(until, word, limit_s)

    def automix(self) -> None:
        self.reaper.run_action("bridge_automix.lua")
        self.reaper.run_until_idle(LIMIT_S)
        assert self.reaper.messages.boxes == [], self.reaper.messages.boxes
        self.until(lambda: self.client.texts("/bridge/receipt") or not any(self.receipts()))

    def receipts(self) -> list[str]:
        return [file.name for file in (self.home.spool.folder / "receipts").iterdir()]

    @property
    def record(self) -> AppliedJob:
        file = self.home.spool.folder / "applied" / f"{self.track.guid.strip('{}')}.json"
        return decode(file.read_bytes(), AppliedJob, source=file.name)

    def values(self) -> dict[str, float]:
        """What every parameter that Bridge set reads now, by 'FX parameter'."""
        chain = {fx.guid: fx for fx in self.track.every_fx()}
        return {f"{w.fx_name} {w.name}": chain[w.fx_guid].read_normalized(w.index) for w in self.record.writes}


@contextmanager
def open_session(
    home: Home,
    *,
    lua: str = "5.4",
    seconds: float = 4.0,
    options: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    scripts: Path | None = None,
    is_here: bool = False,
) -> Iterator[LiveSession]:
    """Daemon and REAPER on one home; the track has a ReaEQ that booms and a ReaComp. `scripts`: see `StandIn`.
    `is_here`: the daemon runs in this process, and the test may change how long it waits for what."""
    port, feedback_port = free_port(), free_port()
    settings = {
        "BRIDGE_REAPER_OSC_PORT": str(port),
        "BRIDGE_OSC_FEEDBACK_PORT": str(feedback_port),
        **(environment or {}),
    }
    here = Settings(
        home=home.folder, osc_port=0, osc_feedback_port=feedback_port, reaper_osc_port=port, spool_free_mib=1, workers=1
    )
    with (
        _serve(home, here) if is_here else home.daemon(*options, environment=settings) as daemon,
        StandIn(home.folder, lua=lua, seed=11, scripts=scripts) as reaper,
    ):
        reaper.ext_state["Bridge", "home"] = str(home.folder)
        osc = StandInOscSurface(reaper, port=port)
        track = reaper.project.add_track("Vocals", home.noise(seconds))
        boom(track.add_fx("ReaEQ", low_cut="off"))
        track.add_fx("ReaComp")
        track.selected = True
        reaper.project.history.rebase()
        client = Client(daemon.port)
        studio = LiveSession(home, daemon, reaper, osc, track, client)
        try:
            yield studio
        finally:
            studio.client.socket.close()


@contextmanager
def _serve(home: Home, settings: Settings) -> Iterator[Daemon]:
    """The daemon in a thread of this process."""
    service = Service(settings)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        heartbeat = home.spool.folder / HEARTBEAT_FILE
        wait_for(heartbeat.is_file, "the heartbeat")
        port = decode(heartbeat.read_bytes(), Heartbeat, source=heartbeat.name).osc_port
        yield Daemon(home.folder, None, port)  # type: ignore[arg-type]  # no process of its own
    finally:
        service.stop()
        thread.join(LIMIT_S)


@dataclass(repr=False)
class Prepared:
    """A track on which the action was run, as it was before and after."""

    studio: LiveSession
    record: bytes
    before: Values
    after: Values
    chain: list[list[float]] = field(default_factory=list)

    def again(self) -> None:
        """As right after the action."""
        studio = self.studio
        studio.reaper.run_until_idle(10)
        for fx, values in zip(studio.track.fx, self.chain, strict=True):
            for index, value in enumerate(values):
                fx.write(index, value)
        record = studio.home.spool.folder / "applied" / f"{studio.track.guid.strip('{}')}.json"
        record.write_bytes(self.record)
        studio.reaper.project.history.add("Prepare the test", -1)
        studio.reaper.messages.boxes.clear()
        studio.client.send("/bridge/ping")
        studio.until_heard("/bridge/status", "ready")

    def at(self, amount: float) -> Values:
        return {name: self.before[name] + amount * (self.after[name] - self.before[name]) for name in self.before}


def prepare(studio: LiveSession) -> Prepared:
    studio.automix()
    record = studio.record
    file = studio.home.spool.folder / "applied" / f"{studio.track.guid.strip('{}')}.json"
    before = {f"{write.fx_name} {write.name}": write.before for write in record.writes}
    chain = [[fx.read_normalized(index) for index in range(len(fx.parameters))] for fx in studio.track.fx]
    return Prepared(studio, file.read_bytes(), before, studio.values(), chain)


def is_near(a: Values, b: Values, tolerance: float = 1e-4) -> bool:
    return a.keys() == b.keys() and bool(np.allclose([a[k] for k in a], [b[k] for k in a], atol=tolerance))
