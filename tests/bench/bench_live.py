"""The amount from the fader to the settings: how long it takes, and that a day of movement loses no last value.

    python tests/bench/bench_live.py --moves 200 --values 20000        # 2592000 values are 24 hours at 30 Hz
    python -m pytest tests/bench/bench_live.py -s

Latency is measured at REAPER's own pace: a tick every 1/30 s by the clock, one fader value at a time, from the moment
it is sent to the end of the tick in which the FX has it. Once over OSC, and once from a MIDI fader (over mido's socket
ports, in the place of the system's).

The day is compressed: values come as fast as the daemon reads them, in bundles of 20, in movements of 600 (20 s at
30 Hz) with a rest behind each. At that pace most values are overtaken before REAPER's next tick, as they are at any
pace above REAPER's own. After every movement the FX must have its last value, in
one undo step.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mido
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_table import Table, percentile
from daemon_process import ROOT, Home
from live_session import Prepared, is_near, open_session, prepare
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from small_model import save_neutral_model
from socket_midi import FOLDER_VARIABLE, plugged_in

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]

TICK_S = 1 / 30
MOVEMENT, BUNDLE = 600, 20
A_DAY = 24 * 3600 * 30
REST_S = 0.6  # longer than the daemon waits before it settles
LAYOUT = '[[control]]\ncommand = "amount"\nnumber = 20\ntakeover = "jump"\n'

Fader = Callable[[float], float]  # moves to an amount, 0..1; returns the one that it can show


class Clock:
    """REAPER's main loop at its own pace."""

    def __init__(self, mixed: Prepared) -> None:
        self._reaper = mixed.studio.reaper
        self._next_s = time.perf_counter()

    def tick(self) -> None:
        self._next_s = max(self._next_s + TICK_S, time.perf_counter())
        time.sleep(max(self._next_s - time.perf_counter(), 0.0))
        self._reaper.tick()

    def run(self, seconds: float) -> None:
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            self.tick()


def latencies_s(mixed: Prepared, moves: int, fader: Fader) -> dict[str, list[float]]:
    """Seconds of single values: the first of a gesture, those within one, and those that come while it settles."""
    session, clock, rng = mixed.studio, Clock(mixed), random.Random(0)
    latencies: dict[str, list[float]] = {"first of a movement": [], "within a movement": [], "while it settles": []}
    for move in range(moves):
        kind = ("first of a movement", "within a movement", "while it settles")[move % 3]
        rest_s = {"first of a movement": REST_S + 0.4, "within a movement": 0.1, "while it settles": 0.4}[kind]
        clock.run(rest_s + rng.random() * TICK_S)
        amount = rng.uniform(0.1, 0.9)
        time.sleep(rng.random() * TICK_S)
        begin_s = time.perf_counter()
        wanted = mixed.at(fader(amount))
        while not is_near(session.values(), wanted, 1e-4):
            clock.tick()
            assert time.perf_counter() - begin_s < 10, f"{kind}: the value {amount} never came"
        latencies[kind].append(time.perf_counter() - begin_s)
        if kind == "within a movement" and latencies["within a movement"][-1] > REST_S:
            clock.run(REST_S)
    clock.run(2 * REST_S)
    return latencies


def bundle(values: list[float]) -> bytes:
    builder = OscBundleBuilder(IMMEDIATELY)
    for value in values:
        builder.add_content(build_msg("/bridge/amount", [value]))
    return bytes(builder.build().dgram)


def day(mixed: Prepared, values: int) -> tuple[int, int, int]:
    """Movements, those that lost their last value, and undo steps."""
    session, rng = mixed.studio, random.Random(1)
    movements = lost = steps = 0
    for start in range(0, values, MOVEMENT):
        count = min(MOVEMENT, values - start)
        path = [rng.random() for _ in range(count)]
        points = len(session.reaper.undo_points)
        for at in range(0, count, BUNDLE):
            session.client.send_packet(bundle(path[at : at + BUNDLE]))
            session.reaper.tick()
        wanted = mixed.at(path[-1])
        movements += 1
        try:
            session.until(
                lambda wanted=wanted: is_near(session.values(), wanted, 1e-4) and session.record.gesture is None, 20
            )
        except Exception as error:  # noqa: BLE001 (a lost value is counted, and the day goes on)
            print(f"movement {movements}: {error}", file=sys.stderr)
            lost += 1
        steps += len(session.reaper.undo_points) - points
        session.reaper.run_until_idle(20)
        session.reaper.project.history.rebase()
    return movements, lost, steps


def add_latencies(table: Table, name: str, latencies: dict[str, list[float]]) -> None:
    for kind, times_s in latencies.items():
        text = ", ".join(f"p{p} {1e3 * percentile(times_s, p):.0f} ms" for p in (50, 95, 100)) + f" of {len(times_s)}"
        table.add(f"{name} to setting, {kind}", text, "p95 <= 100 ms", is_met=percentile(times_s, 95) <= 0.1)


def measure_midi(table: Table, moves: int) -> None:
    """A MIDI fader of 7 bits at a daemon of its own."""
    with tempfile.TemporaryDirectory() as name, plugged_in(Path(name) / "ports", "Fader") as device:
        folder = Path(name) / "Bridge hömé"
        save_neutral_model(folder / "models" / "channel-strip")
        (folder / "midi.toml").write_text(LAYOUT, "utf-8")
        environment = {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests" / "support"))),
            "MIDO_BACKEND": "socket_midi",
            FOLDER_VARIABLE: str(Path(name) / "ports"),
            "BRIDGE_MIDI_INPUT": "Fader",
        }

        def fader(amount: float) -> float:
            value = round(127 * amount)
            device.send(mido.Message("control_change", control=20, value=value))
            return value / 127

        with open_session(Home(folder), environment=environment) as session:
            device.connections(2)
            add_latencies(table, "MIDI fader", latencies_s(prepare(session), moves, fader))


def measure(moves: int, values: int) -> Table:
    table = Table()
    measure_midi(table, moves)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "Bridge hömé"
        save_neutral_model(folder / "models" / "channel-strip")
        with open_session(Home(folder)) as session:
            mixed = prepare(session)

            def fader(amount: float) -> float:
                session.client.send("/bridge/amount", amount)
                return amount

            add_latencies(table, "fader", latencies_s(mixed, moves, fader))
            began_s = time.perf_counter()
            movements, lost, steps = day(mixed, values)
            seconds = time.perf_counter() - began_s
            text = f"{lost} lost of {movements} ({values:,} values, {values / 30 / 3600:.2f} h, in {seconds:.0f} s)"
            table.add("movements whose last value was lost", text, "0", is_met=lost == 0)
            table.add("undo steps per movement", f"{steps / movements:.2f}", "<= 1", is_met=steps <= movements)
    return table


def test_fader() -> None:
    measure(30, 6000).check()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=90, help="single values whose latency is measured")
    parser.add_argument("--values", type=int, default=A_DAY, help="fader values of the day")
    chosen = parser.parse_args()
    measure(chosen.moves, chosen.values).check()
