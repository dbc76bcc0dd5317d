"""On how many tracks of real projects one press leads to set plugins.

    python tests/bench/bench_census.py [--each N] [--every N] [--json FILE]

The situations of a census of public projects are built in the stand-in by their shares, and the default action is
pressed on each, with the real daemon and the shipped model. Of the census's 714 audio tracks each kind of situation
is built `--each` times and weighs what it weighs there; its 100 tracks with stock FX are built one by one. The user
says yes to the one question there is. What a track holds beyond the shares that the census gives is drawn by seed.
All takes are muddy: there is something to set. It is no test: it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from songs import muddy, song

from bridge.demo.daemon_process import running_daemon
from bridge.settings import load_settings
from bridge.standin import StandIn
from bridge.standin.fx.fx import StandInFx, StandInParameter
from bridge.standin.fx.instrument import Note
from bridge.standin.project.track import ReaperTrack
from bridge.types import Audio, Float32

SECONDS = 6.0
YES = 6
AUDIO_TRACKS = {"no FX": 412, "muted": 164, "other FX": 87, "folder with items": 17, "frozen": 15, "stock FX": 18}
STOCK_TRACKS = {"bus": 52, "items": 19, "nothing that sounds": 14, "folder": 6, "instrument": 6, "MIDI alone": 3}
BESIDE, EQ_AND_COMP, EQ, COMP = 47, 28, 56, 16  # of the 100: another active effect beside; which stock FX stand there
OTHER_KINDS = {"VST": 266, "VST3": 137, "JS": 135, "AU": 52, "DX": 20, "CLAP": 7}  # uses of other makers' FX
PLAIN_COMP = 13 / 28  # of the ReaComps beside a ReaEQ act as a plain compressor
COMP_STATES = {  # what the others have, of 49
    "Auto Make Up Gain": 13, "Hipass": 6, "Lowpass": 5, "Auto Release": 4, "Pre-comp": 3, "RMS size": 3, "Knee": 2,
    "SignIn": 5,
}  # fmt: skip


class ForeignFx(StandInFx):
    """Another maker's effect, that saturates a little: nothing on this side knows what it is."""

    def __init__(self, kind: str, touch: Callable[[], None]) -> None:
        self.type = kind
        mix = StandInParameter("Amount", "0:Amount", 0.3, lambda n: f"{100 * n:.0f}")
        extension = {"JS": "saturate", "VST3": "Someone.vst3<1", "CLAP": "Someone.clap"}.get(kind, "someone.dll<1")
        super().__init__(
            name=f"{kind}: Warmer (Someone)",
            ident=f"/fx/{extension}",
            parameters=[mix],
            touch=touch,
            formats_values=False,
        )
        self._amount = 0.3

    def _load(self, index: int) -> float:
        del index
        return self._amount

    def _store(self, index: int, normalized: float) -> None:
        del index
        self._amount = normalized

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        del sample_rate_hz
        drive = 1.0 + self._amount
        return np.asarray(np.tanh(drive * audio) / drive, dtype=np.float32)


@dataclass
class Outcome:
    """What one press came to: whether plugins were set, or the track was judged and left as it is; whether the question
    was asked for it, and what was said."""

    is_set: bool
    is_judged: bool
    was_asked: bool
    said: str = field(repr=False)


def take(seed: int) -> Float32:
    """What somebody has recorded: there is something to set."""
    return muddy(0.5 * song(seed, SECONDS))


def foreign(track: ReaperTrack, rng: random.Random) -> None:
    """Add another maker's effect at one end of the chain."""
    kind = rng.choices([*OTHER_KINDS], [*OTHER_KINDS.values()])[0]
    track.fx.insert(rng.choice((0, len(track.fx))), ForeignFx(kind, track.project.touch))


def stock(track: ReaperTrack, rng: random.Random, *, has_eq: bool, has_comp: bool) -> None:
    """Add the stock FX, as the census has their states."""
    if has_eq:
        eq = track.add_fx("ReaEQ", extra_bands=rng.choices((0, 1, 2), (0.67, 0.25, 0.08))[0])
        for parameter in eq.parameters:
            if parameter.name.startswith("Gain-") and rng.random() < 0.5:
                eq.set_real_value(parameter.name, rng.uniform(-3.0, 3.0))
    if has_comp:
        comp = track.add_fx("ReaComp")
        name = "" if rng.random() < PLAIN_COMP else rng.choices([*COMP_STATES], [*COMP_STATES.values()])[0]
        if name in ("Auto Make Up Gain", "Auto Release", "SignIn"):
            comp.write(comp.index(name), 1.0)
        elif name:
            comp.write(comp.index(name), 0.6)


# ---------------------------------------------------------------- what feeds a track


def fed_by_items(track: ReaperTrack, seed: int) -> None:
    track.add_item(take(seed))


def fed_by_receives(track: ReaperTrack, seed: int) -> None:
    for number in range(2):
        source = track.project.add_track(f"Microphone {number + 1}", 0.5 * take(seed))
        source.sends_to_parent = False
        track.add_receive(source)


def fed_by_children(track: ReaperTrack, seed: int) -> None:
    project = track.project
    project.tracks.remove(track)
    project.tracks.append(track)
    track.folder_depth = 1
    project.add_track("Inside", take(seed)).folder_depth = -1


def fed_by_an_instrument(track: ReaperTrack, seed: int) -> None:
    _midi(track, seed)
    track.fx.insert(0, track.project.create_fx("ReaSynth"))


def fed_by_midi_alone(track: ReaperTrack, seed: int) -> None:
    _midi(track, seed)


def fed_by_nothing(track: ReaperTrack, seed: int) -> None: ...


def _midi(track: ReaperTrack, seed: int) -> None:
    rng = random.Random(seed)
    notes = [Note(0.25 * n, 0.25, 110.0 * 2 ** (rng.randrange(24) / 12)) for n in range(round(SECONDS / 0.25))]
    track.add_midi_item(notes, length_s=SECONDS)


FEEDS: dict[str, Callable[[ReaperTrack, int], None]] = {
    "bus": fed_by_receives, "items": fed_by_items, "nothing that sounds": fed_by_nothing, "folder": fed_by_children,
    "instrument": fed_by_an_instrument, "MIDI alone": fed_by_midi_alone,
}  # fmt: skip


# ---------------------------------------------------------------- the situations


Build = Callable[[ReaperTrack], None]


def audio_track(kind: str, seed: int) -> Build:
    """How a track of the 714 is made."""

    def build(track: ReaperTrack) -> None:
        rng = random.Random(f"{kind} {seed}")
        fed_by_items(track, seed)
        if kind == "muted":
            track.is_muted = True
            if rng.random() < 0.2:  # as many of the others hold FX
                foreign(track, rng)
        elif kind == "other FX":
            foreign(track, rng)
        elif kind == "folder with items":
            fed_by_children(track, seed)
        elif kind == "stock FX":
            track.add_fx("ReaEQ")

    return build


def stock_tracks() -> Iterator[tuple[str, Build]]:
    """The 100 tracks that hold an active ReaEQ or ReaComp."""
    rng = random.Random(0)
    feeds = [name for name, count in STOCK_TRACKS.items() for _ in range(count)]
    holds = [(True, True)] * EQ_AND_COMP + [(True, False)] * EQ + [(False, True)] * COMP
    beside = [True] * BESIDE + [False] * (100 - BESIDE)
    for row in (holds, beside):
        rng.shuffle(row)
    for number, (feed, (has_eq, has_comp), is_beside) in enumerate(zip(feeds, holds, beside, strict=True)):

        def build(
            track: ReaperTrack,
            feed: str = feed,
            number: int = number,
            eq: bool = has_eq,
            comp: bool = has_comp,
            by: bool = is_beside,
        ) -> None:
            own = random.Random(number)
            stock(track, own, has_eq=eq, has_comp=comp)
            if by:
                foreign(track, own)
            FEEDS[feed](track, number % 3)  # takes on which a bare track is set

        yield feed, build


def press(home: Path, build: Build, seed: int) -> Outcome:
    """Build a track in a new project, select it, and press the default action as somebody who was never asked."""
    with StandIn(home, seed=seed) as reaper:
        track = reaper.project.add_track("Song")
        build(track)
        track.selected = True
        reaper.project.history.rebase()
        reaper.messages.answers["Bridge"] = YES
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle(limit_s=120)
        said = " ".join([*reaper.messages.boxes, *reaper.messages.console])
        is_set = bool(reaper.undo_points)
        return Outcome(is_set, is_set or "Listened to" in said, bool(reaper.messages.questions), said)


def count(home: Path, each: int, every: int) -> dict[str, Any]:
    """Press everywhere; the shares, and the words on what was not set."""
    rows: dict[str, dict[str, Any]] = {}
    left: Counter[str] = Counter()

    def note(table: str, kind: str, build: Build, seed: int, weight: float) -> None:
        outcome = press(home, build, seed)
        row = rows.setdefault(table, {}).setdefault(kind, {"weight": 0.0, "set": 0.0, "judged": 0.0, "asked": 0.0})
        row["weight"] += weight
        row["set"] += weight * outcome.is_set
        row["judged"] += weight * outcome.is_judged
        row["asked"] += weight * outcome.was_asked
        if not outcome.is_set:
            left[f"{table}, {kind}: {outcome.said.strip()[:200]}"] += 1
        print(
            f"{table}, {kind}: {'set' if outcome.is_set else outcome.said.strip()[:110]}", file=sys.stderr, flush=True
        )

    for kind, weight in AUDIO_TRACKS.items():
        for seed in range(each):
            note("audio tracks", kind, audio_track(kind, seed), seed, weight / each)
    for seed, (kind, build) in enumerate(stock_tracks()):
        if seed % every == 0:
            note("tracks with stock FX", kind, build, seed, float(every))

    def share(kinds: dict[str, dict[str, float]], what: str) -> float:
        return sum(row[what] for row in kinds.values()) / sum(row["weight"] for row in kinds.values())

    shares = {table: {what: share(kinds, what) for what in ("set", "judged")} for table, kinds in rows.items()}
    return {"shares": shares, "rows": rows, "left": dict(left.most_common())}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=4, help="how often each situation of an audio track is built")
    parser.add_argument("--every", type=int, default=1, help="build only every so many of the tracks with stock FX")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "Bridge"
        with running_daemon(home, load_settings(environment={"BRIDGE_HOME": str(home)})):
            result = count(home, options.each, options.every)
    for table, kinds in result["rows"].items():
        for kind, row in kinds.items():
            print(
                f"{table:22} {kind:20} {row['weight']:5.0f} tracks: set {row['set']:6.1f}, set or judged "
                f"{row['judged']:6.1f}, the question asked for {row['asked']:6.1f}"
            )
        share = result["shares"][table]
        print(f"{table:22} all: {100 * share['set']:.1f}% end in set plugins, {100 * share['judged']:.1f}% are judged")
    for text, times in result["left"].items():
        print(f"  {times} x {text}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
