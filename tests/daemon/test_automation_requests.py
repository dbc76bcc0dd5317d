"""Models whose settings move, asked from REAPER: curves on the track's own FX, in project time."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from snapshot_builder import SnapshotBuilder

from bridge.audio.files import AudioWriter
from bridge.automix.facts import DecisionKind, ExplanationKind
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.request_handler import handle_request
from bridge.daemon.session_defaults import JobDefaults
from bridge.reaper.mapping.display_law import measure_fx_display_law
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAloneKind
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request, SkipReason
from bridge.reaper.protocol.spool import Spool
from bridge.settings import load_settings
from bridge.training.data.scenes import draw_scene
from bridge.training.data.voices import synthesise_speech

RATE_HZ = 44100
START_S = 7.0
pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")

REST = ((1, 0, True, 200.0, 0.0, 1.9), (2, 0, True, 300.0, 0.0, 1.4))


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Ten seconds of speech with pops in it: bursts far below the voice."""
    (take,) = synthesise_speech("test", 31, takes=1, sample_rate_hz=RATE_HZ)
    scene = draw_scene(take.audio[0], RATE_HZ, np.random.default_rng(3), side="test", duration_s=12.0, eventless=0.0)
    return np.asarray(scene.audio, dtype=np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    models = ModelCache(load_settings(environment={"BRIDGE_HOME": str(tmp_path_factory.mktemp("home"))}))
    yield models
    models.close()


@pytest.fixture
def ask(models: ModelCache, tmp_path: Path, voice: np.ndarray) -> Callable[..., Reply]:
    spool = Spool(tmp_path / "spool", free_mib=1)
    spool.create()

    def ask_(fx: list[FxSnapshot], *, parts: int = 1, **options: object) -> Reply:
        request_id = str(uuid.uuid4())
        with AudioWriter(
            spool.folder / "audio" / f"{request_id}.wav", sample_rate_hz=RATE_HZ, channels=len(voice)
        ) as file:
            file.write(voice)
        frames = voice.shape[1]
        counts = [frames // parts] * (parts - 1) + [frames - frames // parts * (parts - 1)]
        message = {
            "schema": SCHEMA, "script_version": "0.1.0", "id": request_id, "action": "automix",
            "project": {"path": "", "change_count": 1},
            "track": {
                "guid": "{1}", "index": 0, "name": "Voice", "muted": False, "is_folder": False, "automation_mode": 0,
            },
            "range": {"start_s": START_S, "end_s": START_S + frames / RATE_HZ, "source": "time selection"},
            "audio": {
                "file": f"{request_id}.wav", "sample_rate_hz": RATE_HZ, "channels": len(voice),
                "excerpts": [{"start_s": START_S, "frames": count} for count in counts],
            },
            "fx": msgspec.to_builtins(fx), "options": {"model": "nonspeech", **options},
        }  # fmt: skip
        request = msgspec.convert(message, Request)
        return handle_request(request, spool=spool, models=models, defaults=JobDefaults(), progress=lambda *_: None)

    return ask_


def test_curves_lie_within_the_range_and_end_at_rest(ask: Callable[..., Reply], voice: np.ndarray) -> None:
    desk = SnapshotBuilder()
    eq = desk.rea_eq(REST, master_gain_db=0.0)
    reply = ask([eq], automation=True)
    assert reply.status == "apply", reply.decision
    assert {curve.control for curve in reply.curves} == {"pops.gain_db", "volume.gain_db"}
    for curve in reply.curves:
        parameter = eq.parameters[curve.index]
        times, values = np.array(curve.points).T
        assert times[0] == pytest.approx(START_S)
        assert times[-1] == pytest.approx(START_S + voice.shape[1] / RATE_HZ)
        assert np.all(np.diff(times) > 0)
        assert values[[0, -1]] == pytest.approx(parameter.normalized, abs=0.01)
        assert values.min() < parameter.normalized - 0.05
        assert len(times) < 60 * reply.decision.regions + 20 * voice.shape[1] / RATE_HZ
    pops = next(curve for curve in reply.curves if curve.control == "pops.gain_db")
    assert (eq.parameters[pops.index].eq.kind, eq.parameters[pops.index].eq.band_type) == ("gain", 1)
    assert eq.parameters[next(c for c in reply.curves if c is not pops).index].name == "Global Gain"
    assert all(change.after < -3.0 for change in reply.changes)
    assert reply.unsupported == ()
    assert reply.decision is not None
    assert reply.decision.kind is DecisionKind.ATTENUATED
    assert reply.decision.regions > 0
    assert reply.changes[0].explanation is not None
    assert reply.changes[0].explanation.kind is ExplanationKind.AUTOMATION


def test_without_a_fader_for_the_volume_pops_alone_go_down(ask: Callable[..., Reply]) -> None:
    reply = ask([SnapshotBuilder().rea_eq(REST)], automation=True)
    assert {curve.control for curve in reply.curves} == {"pops.gain_db"}
    assert any(row.what == "volume" and row.kind is LeftAloneKind.NOT_ON_TRACK for row in reply.left_alone)


def test_a_control_in_use_is_left_alone(ask: Callable[..., Reply]) -> None:
    reply = ask([SnapshotBuilder().rea_eq(((1, 0, True, 200.0, 5.0, 1.9),))], automation=True)
    assert reply.status == "unchanged"
    assert reply.skipped is SkipReason.NOTHING_TO_SET
    assert ("pops.gain_db", LeftAloneKind.IN_USE) in [(row.what, row.kind) for row in reply.left_alone]


def test_without_automation_the_action_is_named(ask: Callable[..., Reply]) -> None:
    reply = ask([SnapshotBuilder().rea_eq(REST)])
    assert (reply.status, reply.curves) == ("unchanged", ())
    assert reply.skipped is SkipReason.NEEDS_AUTOMATION


def test_amount_nought_moves_nothing(ask: Callable[..., Reply]) -> None:
    assert ask([SnapshotBuilder().rea_eq(REST)], automation=True, amount_percent=0.0).status == "unchanged"


def test_a_range_in_parts_is_refused(ask: Callable[..., Reply]) -> None:
    from bridge.errors import LinkError

    with pytest.raises(LinkError, match="needs all of the range"):
        ask([SnapshotBuilder().rea_eq(REST)], parts=2, automation=True)


@pytest.mark.parametrize(("model", "missing"), [("channel-strip", {"ReaEQ", "ReaComp"}), ("nonspeech", {"ReaEQ"})])
def test_only_what_is_missing_is_added_whatever_the_model(
    ask: Callable[..., Reply], model: str, missing: set[str]
) -> None:
    reply = ask([], model=model, only_missing=True, add_missing_fx=True)
    assert (reply.status, set(reply.add_fx), reply.skipped) == ("add_fx", missing, None)
    both = [SnapshotBuilder().rea_eq(), SnapshotBuilder().rea_comp()]
    reply = ask(both, model=model, only_missing=True, add_missing_fx=True)
    assert (reply.status, reply.skipped) == ("unchanged", SkipReason.NOTHING_MISSING)


# ---------------------------------------------------------------- the gate, by the equaliser's gain


def test_the_gate_is_the_envelope_of_the_equalisers_gain(ask: Callable[..., Reply]) -> None:
    eq = SnapshotBuilder().rea_eq(REST, master_gain_db=-3.0)
    reply = ask([eq], automation=True)
    assert (reply.status, reply.unsupported) == ("apply", ())
    assert not any(row.kind is LeftAloneKind.UNSUPPORTED for row in reply.left_alone)
    (gain,) = (curve for curve in reply.curves if eq.parameters[curve.index].name == "Global Gain")
    law = measure_fx_display_law(eq.parameters[gain.index].grid)
    assert law is not None
    times_s, shown_db = np.array([(time_s, law.value(value)) for time_s, value in gain.points]).T
    assert shown_db[[0, -1]] == pytest.approx([-3.0, -3.0], abs=0.2)  # it begins and ends where the user has it
    assert shown_db.max() < -2.5
    assert shown_db.min() < -15.0
    assert len(times_s) < 25 * (times_s[-1] - times_s[0])
    told = next(change for change in reply.changes if change.slot == "volume")
    assert (told.control, told.before, told.after) == ("gain_db", pytest.approx(-3.0, abs=0.1), told.after)
    assert told.after == pytest.approx(shown_db.min(), abs=2.0)
    assert reply.decision is not None
    assert reply.decision.kind is DecisionKind.ATTENUATED


def test_a_gain_that_is_automated_carries_no_gate(ask: Callable[..., Reply]) -> None:
    eq = SnapshotBuilder().rea_eq(REST, master_gain_db=0.0)
    parameters = [msgspec.structs.replace(p, automated=p.name == "Global Gain") for p in eq.parameters]
    reply = ask([msgspec.structs.replace(eq, parameters=tuple(parameters))], automation=True)
    assert not any(change.slot == "volume" for change in reply.changes)
    assert all(eq.parameters[curve.index].name != "Global Gain" for curve in reply.curves)
