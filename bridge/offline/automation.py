"""A file through a model whose settings move: heard and rendered in stretches, whatever its length.

What the guard refuses leaves the output as the input was. Memory holds what was heard of each frame, a few hundred
bytes of a second, and never the sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from bridge.audio.files import AudioInfo, probe, stream_blocks
from bridge.automix.automation.curves import Curve, block_frames, block_rows
from bridge.automix.automation.frames import Blocks
from bridge.automix.automation.pipeline import (
    AutomationModel,
    AutomationResult,
    RenderCurves,
    automate,
    load_automation_model,
)
from bridge.automix.job import Measurements, MeasurementsPair
from bridge.errors import ModelError
from bridge.offline.result import ControlRow, FileJob, FileResult
from bridge.offline.whole_file import copy_file, measure_file, replace_when_done
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render, host_for
from bridge.settings import Settings
from bridge.types import Audio

BLOCK_FRAMES = 1 << 17
CEILING_DBTP = 0.0


def automate_file(
    job: FileJob, folder: Path, settings: Settings, *, progress: Callable[[float, str], None]
) -> FileResult:
    """Process `job.source` into `job.target` by the model in `folder`.

    Raises what `automix_file` does, and ModelError for what such a model cannot be asked.
    """
    model = load_automation_model(folder)
    _check(job, model)
    info = probe(job.source)
    with replace_when_done(job.target) as part:
        with host_for(settings) as host:
            movement = automate(
                model,
                lambda: stream_blocks(job.source, BLOCK_FRAMES),
                info.sample_rate_hz,
                _renderer(host, model.chain, info, part),
                amount=job.amount_percent / 100,
                progress=progress,
            )
        progress(0.9, "measuring")
        before = after = measure_file(job.source)
        if movement.applied:
            after = measure_file(part)
        if movement.applied and _clips(before, after):
            movement = AutomationResult(False, "Left as it is: it would clip.")
        if not movement.applied:
            copy_file(job.source, part)
            after = before
    return _result(job, model, movement, info, MeasurementsPair(before=before, after=after))


def automate_audio(
    model: AutomationModel, host: PluginHost, audio: Audio, sample_rate_hz: int
) -> tuple[AutomationResult, Audio]:
    """The same for a sound (channels, samples) in memory: the answer, and what came out, of the same shape."""
    made: list[Audio] = []

    def render(curves: Mapping[int, Curve]) -> Blocks:
        rows = block_rows(curves, model.chain.neutral, frames=audio.shape[1], sample_rate_hz=sample_rate_hz)
        job = Render(audio, sample_rate_hz, rows, block_frames(sample_rate_hz))
        made[:] = host.render(model.chain, [job])
        return lambda: iter(made)

    movement = automate(model, lambda: iter([audio]), sample_rate_hz, render)
    return movement, made[0] if movement.applied else audio


def _check(job: FileJob, model: AutomationModel) -> None:
    asked = {
        "--reference": job.reference,
        "--style": job.style,
        "--refine": job.refine_s or None,
        "--loudness": job.loudness_lufs,
        "--ceiling": job.ceiling_dbtp,
    }
    for option, value in asked.items():
        if value is not None:
            raise ModelError(f"The settings of the model {model.manifest.name} move in time; it knows no {option}.")


def _renderer(host: PluginHost, chain: Chain, info: AudioInfo, part: Path) -> RenderCurves:
    def render(curves: Mapping[int, Curve]) -> Blocks:
        rows = block_rows(curves, chain.neutral, frames=info.frames, sample_rate_hz=info.sample_rate_hz)
        host.render_file(chain, rows, info.path, part, block_frames=block_frames(info.sample_rate_hz))
        return lambda: stream_blocks(part, BLOCK_FRAMES)

    return render


def _clips(before: Measurements, after: Measurements) -> bool:
    """A peak above full scale, where there was none as high."""
    was = before.true_peak_dbtp if before.true_peak_dbtp is not None else -np.inf
    return after.true_peak_dbtp is not None and after.true_peak_dbtp > max(CEILING_DBTP, was)


def _result(
    job: FileJob, model: AutomationModel, movement: AutomationResult, info: AudioInfo, measures: MeasurementsPair
) -> FileResult:
    return FileResult(
        model=model.manifest.name,
        applied=movement.applied,
        reason=movement.reason,
        amount_percent=job.amount_percent if movement.applied else 0.0,
        controls=_rows(model.chain, movement),
        measures=measures,
        input=str(job.source),
        output=str(job.target),
        sample_rate_hz=info.sample_rate_hz,
        duration_s=info.duration_s,
    )


def _rows(chain: Chain, movement: AutomationResult) -> list[ControlRow]:
    plugins = {slot.name: slot.plugin for slot in chain.slots}
    rows = []
    for place, control in enumerate(chain.controls):
        rest = control.neutral
        curve = movement.curves.get(place)
        values = np.array([rest]) if curve is None else curve.values
        farthest = float(values[np.argmax(np.abs(values - rest))])
        sureness = [region.sureness for region in movement.regions if region.control == place]
        points = () if curve is None else tuple(zip(curve.times_s, curve.values, strict=True))
        rows.append(
            ControlRow(
                slot=control.slot,
                plugin=plugins[control.slot],
                control=control.name,
                unit=control.unit,
                before=control.real_value(rest),
                after=control.real_value(farthest),
                text_before=control.text(rest),
                text=f"moves to {control.text(farthest)}" if points else control.text(farthest),
                confidence=float(np.mean(sureness)) if sureness else 1.0,
                breakpoints=tuple((round(float(t), 4), round(control.real_value(float(v)), 4)) for t, v in points),
            )
        )
    return rows
