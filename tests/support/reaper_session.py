"""A REAPER desk in the stand-in, with the daemon's part played by the test through the spool."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.atomic_files import write_file
from bridge.automix.facts import Decision, DecisionKind, Explanation
from bridge.reaper.mapping.display_law import measure_fx_display_law
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.messages import (
    SCHEMA,
    Change,
    Heartbeat,
    Progress,
    Receipt,
    Reply,
    Request,
    Write,
    decode,
    encode,
)
from bridge.standin import StandIn
from bridge.standin.project.track import ReaperTrack

IMPROVED = Decision(kind=DecisionKind.IMPROVED)
IMPROVED_TEXT = "Closer to the target, and nothing clips."
SILENT_TEXT = "Left as it is: the track is silent here."
RATE_HZ = 48000


def noise(seconds: float, *, seed: int = 0, level: float = 0.1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (level * generator.standard_normal((2, round(seconds * RATE_HZ)))).astype(np.float32)


class FakeDaemon:
    """Reads requests as the daemon does and answers what the test decides. It is heard once per tick.

    `answer(request)` returns a Reply, raw bytes for replies/<id>.json, or None to stay silent.
    """

    def __init__(self, reaper: StandIn) -> None:
        self.reaper = reaper
        self.spool = reaper.home / "spool"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Reply | bytes | None] = unchanged
        reaper.surfaces.append(self)
        self.beat()

    def beat(self, *, age_s: float = 0.0, schema: int = SCHEMA) -> None:
        """Renewed every second from then on, as the daemon does, where it is neither old nor of another schema."""
        beat = Heartbeat(schema=schema, version="0.1.0", pid=1, time_s=time.time() - age_s, osc_port=9000)
        self.put(self.spool / "heartbeat.json", encode(beat))
        is_alive = age_s == 0 and schema == SCHEMA
        self._next_beat_s = time.monotonic() + 1 if is_alive else math.inf

    def report(self, request: Request, fraction: float, step: str) -> None:
        progress = Progress(schema=SCHEMA, id=request.id, fraction=fraction, step=step)
        self.put(self.spool / "progress" / f"{request.id}.json", encode(progress))

    def tick(self) -> None:
        if time.monotonic() > self._next_beat_s and (self.spool / "heartbeat.json").is_file():
            self.beat()
        for file in sorted((self.spool / "requests").glob("*.json")):
            request = decode(file.read_bytes(), Request, source=file.name)
            if request.id in {seen.id for seen in self.requests}:
                continue
            self.requests.append(request)
            answer = self.answer(request)
            if answer is not None:
                data = answer if isinstance(answer, bytes) else encode(answer)
                self.put(self.spool / "replies" / file.name, data)

    def close(self) -> None:
        self.reaper.surfaces.remove(self)

    def receipts(self) -> list[Receipt]:
        return [decode(f.read_bytes(), Receipt, source=f.name) for f in sorted((self.spool / "receipts").iterdir())]

    def leftovers(self) -> list[str]:
        """What lies in the spool but the heartbeat, receipts, and what was applied."""
        files = (file for file in self.spool.rglob("*") if file.is_file() and file.name != "heartbeat.json")
        return sorted(
            str(file.relative_to(self.spool)) for file in files if file.parent.name not in ("receipts", "applied")
        )

    def put(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        write_file(path, data)


def silent(_: Request) -> None:
    """A daemon that takes the request and says nothing yet."""


def unchanged(request: Request, **fields: Any) -> Reply:
    defaults: dict[str, Any] = {"decision": Decision(kind=DecisionKind.SILENT)}
    return Reply(schema=SCHEMA, id=request.id, status="unchanged", **(defaults | fields))


def write_to(fx: FxSnapshot, parameter: str, normalized: float, **fields: Any) -> Write:
    """A write to a parameter of a request by its name, with the text that the daemon would expect."""
    found = next(p for p in fx.parameters if p.name == parameter)
    law = measure_fx_display_law(found.grid)
    defaults: dict[str, Any] = {
        "fx_guid": fx.guid, "ident": found.ident, "index": found.index, "before": found.normalized,
        "normalized": normalized, "expected_text": law.text(normalized) if law else "", "tolerance": 0.005,
        "eq_band": found.eq,
    }  # fmt: skip
    return Write(**(defaults | fields))


def low_cut_to(equaliser: FxSnapshot, normalized: float, **fields: Any) -> Write:
    """A write to the frequency of a ReaEQ's low cut, by its role."""
    roles = ((p.eq and (p.eq.band_type, p.eq.kind), p.name) for p in equaliser.parameters)
    return write_to(equaliser, next(name for role, name in roles if role == (0, "frequency")), normalized, **fields)


def applying(request: Request, *writes: Write, **fields: Any) -> Reply:
    """A reply with these writes, of which the decision is `IMPROVED`."""
    defaults: dict[str, Any] = {"schema": SCHEMA, "id": request.id, "status": "apply", "decision": IMPROVED}
    return Reply(**(defaults | {"writes": writes} | fields))


def change(
    slot: str,
    plugin: str,
    control: str,
    unit: str,
    before: float | None,
    after: float,
    confidence: float,
    explanation: Explanation | None = None,
) -> Change:
    """A changed control of one of REAPER's own plugins."""
    return Change(
        slot=slot, plugin=f"VST: {plugin} (Cockos)", control=control, unit=unit, before=before, after=after,
        text=f"{after:g}", confidence=confidence, explanation=explanation,
    )  # fmt: skip


def set_comp(request: Request) -> Reply:
    """A reply that moves threshold and ratio of the ReaComp on the track."""
    comp = next(fx for fx in request.fx if "ReaComp" in fx.original_name)
    return applying(request, write_to(comp, "Thresh", 0.4), write_to(comp, "Ratio", 0.3))


def set_low_cut(request: Request) -> Reply:
    """A reply that moves the low cut's frequency in the first FX of the track, a ReaEQ."""
    return applying(request, low_cut_to(request.fx[0], 0.25))


@dataclass
class ReaperSession:
    """REAPER with one selected track ("Vocals" with ReaEQ and ReaComp), and the played daemon."""

    reaper: StandIn
    daemon: FakeDaemon
    track: ReaperTrack

    def run(self, action: str = "bridge_automix.lua", limit_s: float = 30.0) -> None:
        self.reaper.run_action(action)
        self.reaper.run_until_idle(limit_s)

    @property
    def box(self) -> str:
        """The one box that was shown."""
        assert len(self.reaper.messages.boxes) == 1, self.reaper.messages
        return self.reaper.messages.boxes[0]

    @property
    def console(self) -> str:
        return "".join(self.reaper.messages.console)

    def comp_values(self, track: ReaperTrack | None = None) -> tuple[float, float]:
        values = (track or self.track).find_fx("ReaComp").values()
        return values["Thresh"][0], values["Ratio"][0]


def longest_slices_s(reaper: StandIn, work: Callable[[], object], runs: int = 5) -> tuple[float, float]:
    """Return the processor time of the longest slice in a run of `work`, in seconds: the least and the most of `runs`.

    A busy machine lengthens slices, up to twofold, since caches and clock are shared with whatever else runs: the least
    is what the longest slice takes. What is slow only once, as at first, shows in the most alone.
    """
    longest = []
    for _ in range(runs):
        before = len(reaper.busy_s)
        work()
        longest.append(max(reaper.busy_s[before:]))
    return min(longest), max(longest)
