"""The panel as the documentation shows it: what a real job answered, drawn by the real scripts in the stand-in."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image, PngImagePlugin
from reaper_session import FakeDaemon, applying, write_to

from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.demo.daemon_process import running_daemon
from bridge.reaper.protocol.applied_state import AppliedJob
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.report.plots import spectrum_plot
from bridge.settings import load_settings
from bridge.standin import StandIn

RATE_HZ = 48_000
FIELDS = ("decision", "model", "changes", "left_alone", "measures")
COLOURS = 64
GAP, GREY = 24, (128, 132, 136)
SIZE = (430, 800)  # points


def muffled(seed: int = 5) -> np.ndarray:
    """A synthesised singer under a blanket, (2, samples)."""
    mono = synthesise("voice", duration_s=10.0, sample_rate_hz=RATE_HZ, seed=seed)[0]
    spectrum, hertz = np.fft.rfft(mono), np.fft.rfftfreq(mono.size, 1 / RATE_HZ)
    gain_db = -14 / (1 + (2500 / np.maximum(hertz, 1)) ** 2) + 8 * np.exp(-(np.log2(np.maximum(hertz, 1) / 350) ** 2))
    dull = np.fft.irfft(spectrum * db_to_amplitude(gain_db), mono.size)
    return np.repeat((0.3 * dull / np.abs(dull).max()).astype(np.float32)[None], 2, axis=0)


def real_job(folder: Path) -> tuple[AppliedJob, str]:
    """What Bridge answers about that singer, and the picture of it before and after, as a data URI."""
    home = folder / "home"
    with running_daemon(home, load_settings(environment={"BRIDGE_HOME": str(home)})), StandIn(home=home) as reaper:
        track = reaper.project.add_track("Lead vocals", muffled())
        for name in ("ReaEQ", "ReaComp", "VST3: ZamDelay"):
            track.add_fx(name)
        track.selected = True
        before = track.render()
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle(limit_s=60.0)
        (file,) = (home / "spool" / "applied").iterdir()
        return msgspec.json.decode(file.read_bytes(), type=AppliedJob), spectrum_plot(before, track.render(), RATE_HZ)


def draw(fields: dict[str, Any], theme: str, folder: Path) -> tuple[Image.Image, list[str]]:
    """The panel after a job that answered `fields`, and its words."""
    known = {"schema": SCHEMA, "id": str(uuid.uuid4()), "status": "apply", **fields}
    reply = msgspec.convert(known, Reply)
    told = {name: getattr(reply, name) for name in FIELDS}

    def answer(request: Request) -> Reply:
        comp = next(fx for fx in request.fx if "ReaComp" in fx.original_name)
        return applying(request, write_to(comp, "Thresh", 0.4), write_to(comp, "Ratio", 0.3), **told)

    with StandIn(folder / theme, seed=11, screen_scale=1.5) as reaper:
        reaper.ext_state[("Bridge", "panel_theme")] = theme
        track = reaper.project.add_track("Lead vocals", muffled())
        track.add_fx("ReaEQ")
        track.add_fx("ReaComp")
        track.selected = True
        FakeDaemon(reaper).answer = answer
        reaper.run_action("bridge_panel.lua")
        reaper.run_ticks(10)
        reaper.window.resize(*(round(1.5 * points) for points in SIZE))
        reaper.window.click("Auto-mix")
        reaper.run_until(lambda: any("changes by" in text for text in reaper.window.texts))
        reaper.run_ticks(12)
        return reaper.window.image(), list(reaper.window.texts)


def write_pictures(images: Path, folder: Path) -> None:
    """Run the job and draw both pictures anew. The panel's holds what it shows, so that a test can draw it again."""
    applied, spectra = real_job(folder)
    fields = {name: msgspec.to_builtins(getattr(applied, name)) for name in FIELDS}
    (dark, words), (light, _) = (draw(fields, theme, folder) for theme in ("dark", "light"))
    both = Image.new("RGB", (dark.width + GAP + light.width, light.height), GREY)
    both.paste(dark, (0, 0))
    both.paste(light, (dark.width + GAP, 0))
    notes = PngImagePlugin.PngInfo()
    notes.add_text("answer", json.dumps(fields))
    notes.add_text("words", json.dumps(words))
    both.quantize(COLOURS).save(images / "panel.png", optimize=True, pnginfo=notes)
    (images / "before-after.png").write_bytes(base64.b64decode(spectra.partition(",")[2]))


def read_notes(file: Path) -> tuple[dict[str, Any], list[str]]:
    """What the panel in a picture was drawn of, and its words."""
    with Image.open(file) as image:
        image.load()
        return json.loads(image.info["answer"]), json.loads(image.info["words"])
