"""What makes the sound: models, plugins, and a request with audio that travels through the spool and back."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from bridge import __version__
from bridge.atomic_files import write_file
from bridge.audio.files import AudioWriter
from bridge.daemon.doctor.daemon_checks import is_alive, read_heartbeat
from bridge.daemon.doctor.findings import Finding, fault, ok
from bridge.decibels import amplitude_to_db
from bridge.errors import ModelError, PluginError
from bridge.model.manifest import find_model, find_models, read_manifest
from bridge.plugins.host.host import RenderInput, host_for
from bridge.reaper.protocol.fx_snapshot import EqBandRole, FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.messages import (
    SCHEMA,
    Excerpt,
    ProjectSnapshot,
    Request,
    RequestAudio,
    TimeRange,
    TrackSnapshot,
    encode,
)
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings

RATE_HZ = 48_000
ROUND_TRIP_LIMIT_S = 20.0
MAX_CHANGE_DB = -6.0  # of a chain at rest, against the noise that goes in


def check_model(settings: Settings) -> Iterator[Finding]:
    """The default model, and every other one that cannot be read."""
    folders = settings.model_folders
    for name, folder in sorted(find_models(folders).items()):
        try:
            manifest = read_manifest(folder)
        except ModelError as error:
            yield fault("model", error=error)
            continue
        if name == settings.default_model:
            yield ok("model", f"{manifest.name}, trained {manifest.training.date}")
    try:
        find_model(settings.default_model, folders)
    except ModelError as error:
        yield fault("model", error=error)


def check_plugins(settings: Settings) -> Iterator[Finding]:
    """The default model's chain, at rest, in a worker process."""
    chain = read_manifest(find_model(settings.default_model, settings.model_folders)).chain
    noise = np.random.default_rng(1).normal(0, 0.1, (2, RATE_HZ)).astype(np.float32)
    begin_s = time.perf_counter()
    try:
        with host_for(settings) as host:
            (rendered,) = host.render(chain, [RenderInput(noise, RATE_HZ, chain.neutral)])
    except PluginError as error:
        yield fault("plugins", error=error)
        return
    change_db = amplitude_to_db(np.sqrt(np.mean((rendered - noise) ** 2)) / 0.1, floor=1e-9)
    if change_db >= MAX_CHANGE_DB:
        yield fault("plugins changed", chain=chain.name)
        return
    took_s = time.perf_counter() - begin_s
    yield ok("plugins", f"the plugins of {chain.name} load and pass sound on; 1 s of it took {took_s:.1f} s")


def check_round_trip(settings: Settings) -> Iterator[Finding]:
    """A track with noise and one ReaEQ, sent as the scripts do. Where no daemon lives, that has been said before."""
    if not is_alive(read_heartbeat(settings)):
        return
    spool, log = Spool(settings.spool, free_mib=settings.spool_free_mib), settings.home / "logs" / "daemon.log"
    request_id = str(uuid.uuid4())
    begin_s = time.monotonic()
    try:
        _send(settings.spool, request_id)
        reply_file = settings.spool / "replies" / f"{request_id}.json"
        pause = threading.Event()
        while not reply_file.exists():
            if time.monotonic() - begin_s > ROUND_TRIP_LIMIT_S:
                yield fault("no answer", limit=f"{ROUND_TRIP_LIMIT_S:g}", log=log)
                return
            pause.wait(0.02)
        reply = spool.read_reply(request_id)
    finally:
        for folder in ("requests", "audio", "replies", "progress"):
            for suffix in (".json", ".wav"):
                (settings.spool / folder / f"{request_id}{suffix}").unlink(missing_ok=True)
    if reply.status == "error":
        yield fault("error answer", message=reply.error, log=log)
    else:
        yield ok("round trip", f"a request with audio was answered after {time.monotonic() - begin_s:.1f} s")


def _track_fx() -> FxSnapshot:
    """A ReaEQ with one low shelf, at rest; its laws are made up, which no one may notice."""
    points = [point / 32 for point in range(33)]
    parameters = (
        _parameter(0, "frequency", [f"{20 * 1000**point:.1f} Hz" for point in points]),
        _parameter(1, "gain", [f"{48 * point - 24:.2f} dB" for point in points]),
        _parameter(2, "q", [f"{0.05 + 3.95 * point:.2f}" for point in points]),
    )
    name = "VST: ReaEQ (Cockos)"
    return FxSnapshot(
        guid="{1}", ident="reaeq.vst.so<1919247729", type="VST", name=name, original_name=name, index=0, enabled=True,
        offline=False, parameters=parameters,
    )  # fmt: skip


def _parameter(index: int, kind: Literal["frequency", "gain", "q"], texts: list[str]) -> ParameterSnapshot:
    middle = len(texts) // 2
    return ParameterSnapshot(
        index=index,
        ident=f"{index}:{kind}",
        name=kind,
        normalized=0.5,
        text=texts[middle],
        min=0.0,
        max=1.0,
        mid=0.5,
        grid=tuple((place / (len(texts) - 1), text) for place, text in enumerate(texts)),
        eq=EqBandRole(band_type=1, band_index=0, kind=kind, enabled=True),
    )


def _send(spool: Path, request_id: str) -> None:
    frames = RATE_HZ
    noise = np.random.default_rng(2).normal(0, 0.05, (2, frames)).astype(np.float32)
    with AudioWriter(spool / "audio" / f"{request_id}.wav", sample_rate_hz=RATE_HZ, channels=2) as writer:
        writer.write(noise)
    request = Request(
        schema=SCHEMA,
        script_version=__version__,
        id=request_id,
        action="automix",
        project=ProjectSnapshot(path="", change_count=0),
        track=TrackSnapshot(guid="{}", index=0, name="doctor", muted=False, is_folder=False, automation_mode=0),
        range=TimeRange(start_s=0.0, end_s=1.0, source="items"),
        audio=RequestAudio(
            file=f"{request_id}.wav",
            sample_rate_hz=RATE_HZ,
            channels=2,
            excerpts=(Excerpt(start_s=0.0, frames=frames),),
        ),
        fx=(_track_fx(),),
    )
    write_file(spool / "requests" / f"{request_id}.json", encode(request))
