"""The demo from end to end: real daemon, real scripts, a stand-in for REAPER, and the result.

It measures by itself: the tonal distance is the distance to the good recording, without flaws, which neither the model
nor its guard ever gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from bridge.audio.files import AudioWriter, read_audio
from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.automix.describe import describe_inaudible
from bridge.automix.facts import ExplanationKind, Measurements, MeasurementsPair
from bridge.demo.daemon_process import running_daemon
from bridge.demo.recordings import SAMPLE_RATE_HZ, DemoRecording, recordings
from bridge.errors import LinkError
from bridge.reaper.protocol.applied_state import AppliedJob
from bridge.reaper.protocol.messages import decode
from bridge.report.page import PageSection, write_page
from bridge.report.plots import level_plot, spectrum_plot
from bridge.report.tables import measurement_rows
from bridge.settings import Settings
from bridge.types import Float32

if TYPE_CHECKING:
    from bridge.standin import StandIn
    from bridge.standin.project.track import ReaperTrack

Progress = Callable[[float, str], None]
Values = dict[tuple[str, str], tuple[float, str]]  # by FX and parameter: normalized, as displayed

ACTION = "bridge_automix.lua"
FX = ("ReaEQ", "ReaComp")
ACTION_LIMIT_S = 60.0
UNITS = {  # of what REAPER's own FX display, where the text names none; by the first word of the parameter
    "Freq": "Hz", "Gain": "dB", "Q": "oct", "Global": "dB",
    "Thresh": "dB", "Attack": "ms", "Release": "ms", "Wet": "dB",
}  # fmt: skip


class DemoChange(msgspec.Struct, frozen=True, kw_only=True):
    """One FX parameter before and after, as REAPER has it: normalized, and as displayed."""

    fx: str
    parameter: str
    before: float
    after: float
    text_before: str
    text_after: str
    is_audible: bool = msgspec.field(default=True, name="is_heard")


class DemoTrack(msgspec.Struct, frozen=True, kw_only=True):
    """One track. In `measures`, distance_db is the tonal distance to the good recording, at equal level."""

    name: str
    fx: list[str]
    applied: bool
    summary: str
    changes: list[DemoChange]
    left_alone: list[str]
    measures: MeasurementsPair
    wav_before: str
    wav_after: str


class DemoResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `bridge demo --json` writes."""

    tracks: list[DemoTrack]
    report: str


def run_demo(
    folder: Path, settings: Settings, *, seed: int = 1, progress: Progress = lambda _share, _step: None
) -> DemoResult:
    """Run the demo.

    Args:
        folder: for audio and report; everything else goes into a folder that is removed again.
        seed: draws music and the laws of the stock FX.
        progress: gets the share that is done, 0..1, and the step.

    Raises:
        LinkError: daemon or action fail; the daemon is stopped in any case.
    """
    from bridge.standin import StandIn

    folder.mkdir(parents=True, exist_ok=True)
    progress(0.0, "synthesising music")
    tracks_to_mix = recordings(seed)
    progress(0.2, "starting the daemon")
    tracks = []
    with (
        TemporaryDirectory(prefix="bridge-demo-", ignore_cleanup_errors=True) as home,
        running_daemon(Path(home), settings),
        StandIn(home=Path(home), lua="5.4", seed=seed) as reaper,
    ):
        for index, recording in enumerate(tracks_to_mix):
            progress(0.3 + 0.6 * index / len(tracks_to_mix), recording.name)
            tracks.append(_auto_mix(reaper, recording, folder, Path(home) / "spool" / "applied"))
    report = folder / "report.html"
    progress(0.9, "writing the report")
    sections = [_section(track) for track in tracks]
    introduction = (
        "Three badly recorded tracks in a stand-in for REAPER, each set by one run of the action. "
        "The tonal distance is the distance to the recording as it was before it was spoilt."
    )
    write_page(report, "Bridge demo", introduction, sections)
    return DemoResult(tracks=tracks, report=str(report))


def _auto_mix(reaper: StandIn, recording: DemoRecording, folder: Path, records: Path) -> DemoTrack:
    """One press of the button: select the track, run the action, wait until REAPER is idle again."""
    track = reaper.project.add_track(recording.name, recording.recorded)
    for name in FX:
        track.add_fx(name)
    for other in reaper.project.tracks:
        other.selected = other is track
    before_values, before = _values(track), track.render()
    reaper.run_action(ACTION)
    reaper.run_until_idle(limit_s=ACTION_LIMIT_S)
    if reaper.messages.boxes:
        raise LinkError(f"The action could not do its work on {recording.name}: {reaper.messages.boxes[-1]}")
    after_values, after = _values(track), track.render()
    changes = _changes(before_values, after_values, _inaudible(track, records))
    lines = reaper.messages.console[-1].removeprefix("!SHOW:").splitlines()
    return DemoTrack(
        name=recording.name,
        fx=list(FX),
        applied=bool(changes),
        summary=lines[0].removeprefix(f"Bridge: {recording.name}: "),
        left_alone=[line.split("left as it is: ")[1] for line in lines if "left as it is: " in line],
        changes=changes,
        measures=MeasurementsPair(before=_measure(before, recording.good), after=_measure(after, recording.good)),
        wav_before=str(_write(folder, recording.name, "before", before)),
        wav_after=str(_write(folder, recording.name, "after", after)),
    )


def _changes(before: Values, after: Values, inaudible: set[tuple[str, str]]) -> list[DemoChange]:
    return [
        DemoChange(
            fx=place[0],
            parameter=place[1],
            before=old[0],
            after=after[place][0],
            text_before=old[1],
            text_after=after[place][1],
            is_audible=place not in inaudible,
        )
        for place, old in before.items()
        if after[place] != old
    ]


def _values(track: ReaperTrack) -> Values:
    return {
        (fx.original_name, name): (normalized, _with_unit(name, text))
        for fx in track.fx
        for name, (normalized, text) in fx.values().items()
    }


def _inaudible(track: ReaperTrack, records: Path) -> set[tuple[str, str]]:
    """Return the FX and parameters whose change is inaudible, by the track's record."""
    file = records / f"{track.guid.strip('{}')}.json"
    if not file.is_file():  # nothing was set
        return set()
    record = decode(file.read_bytes(), AppliedJob, source=str(file))
    names = {fx.guid: fx.original_name for fx in track.fx}
    inaudible = {
        f"{change.slot}.{change.control}"
        for change in record.changes
        if change.explanation is not None and change.explanation.kind is ExplanationKind.INAUDIBLE
    }
    return {(names[write.fx_guid], write.name) for write in record.writes if write.control in inaudible}


def audible_changes(track: DemoTrack) -> tuple[list[DemoChange], str]:
    """Return the changes to list, and a line on those that are left out."""
    audible = [change for change in track.changes if change.is_audible]
    return (audible, describe_inaudible(len(track.changes) - len(audible))) if audible else (track.changes, "")


def _with_unit(parameter: str, text: str) -> str:
    unit = UNITS.get(re.split(r"[ -]", parameter)[0], "")
    return text if not unit or text.lower().endswith(unit.lower()) else f"{text} {unit}"


def _measure(audio: Float32, good: Float32) -> Measurements:
    from bridge.features.mel import extract_features
    from bridge.features.profile import profile_distance_db
    from bridge.features.settings import FeatureSettings

    profile, wanted = (extract_features([part], SAMPLE_RATE_HZ, FeatureSettings()).profile for part in (audio, good))
    return Measurements(
        loudness_lufs=loudness_lufs(audio, SAMPLE_RATE_HZ),
        true_peak_dbtp=true_peak_dbtp(audio, SAMPLE_RATE_HZ),
        distance_db=profile_distance_db(profile, wanted, loudness_counts=False),
    )


def _write(folder: Path, name: str, when: str, audio: Float32) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    path = folder / f"{slug}-{when}.wav"
    with AudioWriter(path, sample_rate_hz=SAMPLE_RATE_HZ, channels=audio.shape[0]) as writer:
        writer.write(audio)
    return path.resolve()


def _section(track: DemoTrack) -> PageSection:
    before, rate = read_audio(Path(track.wav_before))
    after, _ = read_audio(Path(track.wav_after))
    changes, others = audible_changes(track)
    return PageSection(
        name=track.name,
        summary=f"{track.summary} {others}".strip(),
        rows=[(f"{c.fx}: {c.parameter}", c.text_before, c.text_after) for c in changes],
        columns=("parameter", "before", "after"),
        measures=measurement_rows(track.measures.before, track.measures.after),
        left_alone=track.left_alone,
        plots=[
            ("Long-term spectrum", spectrum_plot(before, after, rate)),
            ("Level over time", level_plot(before, after, rate)),
        ],
        players=[("before", Path(track.wav_before)), ("after", Path(track.wav_after))],
    )
