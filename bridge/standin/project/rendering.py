"""What REAPER's "Render project" does with the settings that a project holds: the mix through the master, as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.audio.files import AudioWriter
from bridge.standin.faults import NotSimulated
from bridge.standin.fx.container import render_chain
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.routing import parent
from bridge.types import Audio

COMMAND = 42230  # File: Render project, using the most recent render settings, auto-close render dialog
FLOAT_WAVE = "ZXZhdyAAAAA="
WHOLE_PROJECT, TIME_SELECTION = 1, 2
EXPECTED = {
    "RENDER_SETTINGS": 0, "RENDER_CHANNELS": 2, "RENDER_ADDTOPROJ": 0, "RENDER_NORMALIZE": 0, "RENDER_TAILFLAG": 0,
}  # fmt: skip


def mix_project(project: ReaperProject, start_s: float, end_s: float) -> Audio:
    """What leaves the master between two times: (2, frames) at the project's rate."""
    frames = round((end_s - start_s) * project.sample_rate_hz)
    total = np.zeros((2, frames), np.float32)
    for track in project.tracks:
        if not track.is_muted and track.sends_to_parent and parent(track) is None:
            total += np.float32(track.volume) * track.render(start_s, end_s)
    master = project.master
    total = render_chain(master.fx if master.is_fx_enabled else (), total, project.sample_rate_hz)
    return (np.float32(master.volume) * total).astype(np.float32)


def render_project(project: ReaperProject) -> Path | None:
    """Write the mix by the project's render settings; None where there is nothing to render."""
    numbers, texts = project.render_numbers, project.render_texts
    for name, value in EXPECTED.items():
        if numbers[name] != value:
            raise NotSimulated(f"rendering with {name} at {numbers[name]:g} is not simulated")
    if texts["RENDER_FORMAT"] != FLOAT_WAVE or numbers["RENDER_SRATE"] != project.sample_rate_hz:
        raise NotSimulated("rendering to anything but float WAV at the project's rate is not simulated")
    start_s, end_s = 0.0, max((track.length_s() for track in project.tracks), default=0.0)
    if numbers["RENDER_BOUNDSFLAG"] == TIME_SELECTION:
        start_s, end_s = project.time_selection
    if end_s <= start_s:
        return None
    path = Path(texts["RENDER_FILE"]) / f"{texts['RENDER_PATTERN']}.wav"
    with AudioWriter(path, sample_rate_hz=project.sample_rate_hz, channels=2) as file:
        file.write(mix_project(project, start_s, end_s))
    return path
