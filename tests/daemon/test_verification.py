"""What REAPER rendered before and after is measured as the guard measures: as data, also where it makes no sense."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import numpy as np
import pytest
from daemon_process import RATE_HZ, Daemon, Home, wait_for
from pedalboard import HighShelfFilter, LowShelfFilter
from pedalboard._pedalboard import Pedalboard

from bridge.automix.facts import DecisionKind
from bridge.reaper.protocol.messages import SCHEMA, SkipReason
from bridge.reaper.protocol.verification import VerificationReply

Served = tuple[Home, Daemon]
DULL = Pedalboard([LowShelfFilter(200, 8.0, 0.7), HighShelfFilter(4000, -8.0, 0.7)])


def with_unknown_fx(home: Home) -> list[Any]:
    """An FX that Bridge cannot render behind those that it sets."""
    reverb = home.desk.fx("ReaVerbate", [home.desk.parameter("Wet", home.desk.Law(-60, 12, " dB"), -6.0)], index=5)
    return [*home.coloured_fx(), reverb]


def verified(home: Home, answered: str, before: np.ndarray, after: np.ndarray) -> VerificationReply:
    """What the daemon says of two renders of an answered track."""
    message: dict[str, Any] = {
        "schema": SCHEMA, "script_version": "0.1.0", "id": str(uuid.uuid4()), "action": "verify", "answered": answered,
    }  # fmt: skip
    for name, audio in (("before", before), ("after", after)):
        file = f"{uuid.uuid4()}.wav"
        home.put_audio(audio, name=file)
        excerpts = [{"start_s": 0.0, "frames": audio.shape[1]}]
        message[name] = {"file": file, "sample_rate_hz": RATE_HZ, "channels": len(audio), "excerpts": excerpts}
    path = home.spool.folder / "replies" / f"{home.send(message)}.json"
    wait_for(path.exists, "the verdict", 60)
    said = msgspec.json.decode(path.read_bytes())
    fields = {name: said[name] for name in VerificationReply.__struct_fields__ if name in said}
    return msgspec.convert(fields, VerificationReply)  # an error is one for requests of all kinds


@pytest.fixture
def answered(served: Served) -> str:
    """A track with such an FX, answered with settings that are to be verified."""
    home, _ = served
    reply = home.ask(fx=with_unknown_fx(home), options={"verify": "needed"})
    assert (reply.status, reply.verify) == ("apply", True), reply
    assert home.spool.has("members", reply.id)
    return reply.id


def test_only_what_comes_closer_stays(served: Served, answered: str) -> None:
    home, _ = served
    good = home.noise()
    bad = DULL(good, RATE_HZ)
    better, worse = verified(home, answered, bad, good), verified(home, answered, good, bad)
    assert better.decision is not None
    assert worse.decision is not None
    assert better.measures is not None
    assert (better.status, better.decision.kind) == ("apply", DecisionKind.IMPROVED)
    assert better.measures.after.distance_db < better.measures.before.distance_db
    assert (worse.status, worse.decision.kind) == ("unchanged", DecisionKind.NOT_CLOSER)
    same = verified(home, answered, good, good)
    assert same.status == "unchanged"


def test_harm_that_is_heard_is_named(served: Served, answered: str) -> None:
    home, _ = served
    good = home.noise()
    decision = verified(home, answered, DULL(good, RATE_HZ), (8.0 * good).astype(np.float32)).decision
    assert decision is not None
    assert decision.kind in (DecisionKind.WOULD_CLIP, DecisionKind.LOUDNESS_WOULD_SHIFT)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"seconds": 3.0}, "other stretches"), ({"level": 0.0}, "is silent"), ({"answered": True}, "members/")],
)
def test_what_makes_no_sense_is_refused(served: Served, answered: str, change: dict[str, Any], said: str) -> None:
    home, _ = served
    after = home.noise(change.get("seconds", 6.0)) * np.float32(change.get("level", 1.0))
    verdict = verified(home, str(uuid.uuid4()) if change.get("answered") else answered, home.noise(), after)
    assert verdict.status == "error"
    assert said in verdict.error


def test_without_it_the_track_is_left_as_it_is(served: Served) -> None:
    home, _ = served
    reply = home.ask(fx=with_unknown_fx(home))
    assert (reply.status, reply.skipped, reply.verify) == ("unchanged", SkipReason.NOT_RENDERED, False)


def test_it_may_be_wanted_always(served: Served) -> None:
    home, _ = served
    assert home.ask(options={"verify": "always"}).verify
    assert not home.ask(options={"verify": "needed"}).verify
