"""What REAPER's "Render project" does with the settings that a project holds: files of the mix, or of selected tracks.

It makes no undo point and leaves the settings as they were given. Envelopes in force are played before it: one on an
FX's bypass overrides whatever a script has set there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.audio.files import AudioWriter
from bridge.standin.faults import NotSimulated
from bridge.standin.fx.container import render_chain
from bridge.standin.project.envelope import BYPASSED
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.routing import parent
from bridge.standin.project.track import ReaperTrack
from bridge.types import Audio

COMMAND = 42230  # File: Render project, using the most recent render settings, auto-close render dialog
FLOAT_WAVE = "ZXZhdyAAAAA="
CUSTOM, WHOLE_PROJECT, TIME_SELECTION = 0, 1, 2
MIX, STEMS, PRE_FADER = 0, 2, 8192
EXPECTED = {"RENDER_CHANNELS": 2, "RENDER_ADDTOPROJ": 0, "RENDER_NORMALIZE": 0, "RENDER_TAILFLAG": 0}


@dataclass
class RenderFault:
    """What goes wrong with renders, from the `after`-th on.

    Attributes:
        share: of the sound that is written; 0: no file.
        is_header_whole: the header speaks of all of it, as where a disk fills meanwhile.
    """

    share: float = 0.0
    is_header_whole: bool = False
    after: int = 0


@dataclass(frozen=True)
class Render:
    """A render that was made: which stretch, of which tracks (none: the mix), into which file."""

    start_s: float
    end_s: float
    tracks: tuple[str, ...]
    path: Path


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


def render_stem(track: ReaperTrack, start_s: float, end_s: float, *, is_pre_fader: bool) -> Audio:
    """What leaves a track: (2, frames). Nothing where it is muted, or another one is soloed and it is not."""
    is_any_soloed = any(other.solo for other in track.project.tracks)
    if track.is_muted or (is_any_soloed and not track.solo):
        return np.zeros((2, round((end_s - start_s) * track.project.sample_rate_hz)), np.float32)
    sound = track.render(start_s, end_s)
    return sound if is_pre_fader else (np.float32(track.volume) * sound).astype(np.float32)


def targets(project: ReaperProject) -> list[Path]:
    """The files that a render would write by the project's settings (RENDER_TARGETS)."""
    folder, pattern = Path(project.render_texts["RENDER_FILE"]), project.render_texts["RENDER_PATTERN"]
    count = 1 if project.render_numbers["RENDER_SETTINGS"] == MIX else len(_stem_tracks(project))
    numbers = [""] if count == 1 else [f"-{number:03}" for number in range(1, count + 1)]
    return [folder / f"{pattern}{number}.wav" for number in numbers]


def render_project(project: ReaperProject) -> list[Path]:
    """Write what the project's render settings say; nothing where there is nothing to render."""
    _check(project)
    start_s, end_s = _bounds(project)
    if end_s <= start_s:
        return []
    for track in project.every_track():
        for envelope in track.envelopes:
            if project.automation_override != BYPASSED and envelope.is_alive and envelope.is_in_force:
                envelope.apply_at(start_s)
    written = list(_render(project, start_s, end_s))
    if project.automation_override != BYPASSED:
        project.play_envelopes()
    return written


def _render(project: ReaperProject, start_s: float, end_s: float) -> Iterator[Path]:
    settings = int(project.render_numbers["RENDER_SETTINGS"])
    tracks = _stem_tracks(project) if settings else []
    names = tuple(track.name for track in tracks)
    for place, path in enumerate(targets(project)):
        project.renders.append(Render(start_s, end_s, names, path))
        sound = (
            render_stem(tracks[place], start_s, end_s, is_pre_fader=bool(settings & PRE_FADER))
            if settings
            else mix_project(project, start_s, end_s)
        )
        if _write(project, path, sound):
            yield path


def _stem_tracks(project: ReaperProject) -> list[ReaperTrack]:
    return [track for track in project.every_track() if track.is_selected]


def _check(project: ReaperProject) -> None:
    numbers, texts = project.render_numbers, project.render_texts
    if numbers["RENDER_SETTINGS"] not in (MIX, STEMS, STEMS | PRE_FADER):
        raise NotSimulated(f"rendering with RENDER_SETTINGS at {numbers['RENDER_SETTINGS']:g} is not simulated")
    for name, value in EXPECTED.items():
        if numbers[name] != value:
            raise NotSimulated(f"rendering with {name} at {numbers[name]:g} is not simulated")
    if texts["RENDER_FORMAT"] != FLOAT_WAVE or numbers["RENDER_SRATE"] != project.sample_rate_hz:
        raise NotSimulated("rendering to anything but float WAV at the project's rate is not simulated")


def _bounds(project: ReaperProject) -> tuple[float, float]:
    """From where to where a render reaches."""
    numbers = project.render_numbers
    if numbers["RENDER_BOUNDSFLAG"] == CUSTOM:
        return numbers["RENDER_STARTPOS"], numbers["RENDER_ENDPOS"]
    if numbers["RENDER_BOUNDSFLAG"] == TIME_SELECTION:
        return project.time_selection
    return 0.0, max((track.length_s() for track in project.tracks), default=0.0)


def _write(project: ReaperProject, path: Path, sound: Audio) -> bool:
    """Write a file, and the one of the second format where there is one. Returns whether there is a file."""
    fault: RenderFault | None = project.render_fault
    if fault is not None and len(project.renders) <= fault.after:
        fault = None
    if fault is not None and fault.share == 0.0:
        return False
    frames = sound.shape[1] if fault is None else int(fault.share * sound.shape[1])
    is_whole = fault is None or fault.is_header_whole
    with AudioWriter(path, sample_rate_hz=project.sample_rate_hz, channels=2) as file:
        file.write(sound if is_whole else sound[:, :frames])
    if is_whole and frames < sound.shape[1]:
        with path.open("r+b") as cut:
            cut.truncate(path.stat().st_size - 8 * (sound.shape[1] - frames))
    if project.render_texts["RENDER_FORMAT2"]:
        path.with_suffix(".mp3").write_bytes(b"ID3")
    return True
