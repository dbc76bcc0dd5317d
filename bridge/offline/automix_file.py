"""The main job on a file: listen to parts of it, let the guard judge, render the whole of it, measure what came out.

Long files are streamed. Where the settings are refused the output is the input, unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bridge.audio.files import AudioInfo, probe
from bridge.automix.automation.pipeline import is_automation_model
from bridge.automix.job import AutomixJob, AutomixResult, LoudnessTarget, Measurements, MeasurementsPair
from bridge.automix.loudness_solver import LoudnessControls, describe_loudness, loudness_target
from bridge.automix.pipeline import Automix
from bridge.errors import ModelError
from bridge.features.profile import SoundFeatures
from bridge.features.styles import style_for
from bridge.model.bundle import load_bundle
from bridge.model.manifest import Manifest, read_manifest
from bridge.offline.automation import automate_file
from bridge.offline.library import excerpts_of, model_folder
from bridge.offline.loudness import render_to_loudness
from bridge.offline.result import ControlRow, FileJob, FileResult
from bridge.offline.whole_file import check_target, copy_file, measure_file, replace_when_done
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import host_for
from bridge.settings import Settings

Progress = Callable[[float, str], None]

CEILING_DBTP = 0.0
HEADROOM_DB = 0.1


def automix_file(job: FileJob, settings: Settings, *, progress: Progress = lambda _share, _step: None) -> FileResult:
    """Process `job.source` into `job.target`.

    Raises AudioError for files that cannot be used, ModelError where no model fits, PluginError where the chain
    cannot be rendered. Nothing is left at the target then.
    """
    info = probe(job.source)
    check_target(job)
    progress(0.0, "loading the model")
    folder = model_folder(job.model, job.chain_file, settings)
    if is_automation_model(read_manifest(folder)):
        return automate_file(job, folder, settings, progress=progress)
    bundle = load_bundle(folder)
    if job.automation:
        raise ModelError(
            f"The model {bundle.name} sets one value per control and knows no --automation: leave the option out, or "
            "name a model whose card says that its settings move in time."
        )
    with host_for(settings) as host:
        automix = Automix(bundle, host)
        outcome, measures = _process(job, automix, _task(job, automix, settings, info), progress)
    return FileResult(
        model=bundle.name,
        applied=outcome.applied,
        reason=outcome.reason,
        amount_percent=100 * outcome.amount,
        controls=_rows(bundle.chain, outcome),
        measures=measures,
        input=str(job.source),
        output=str(job.target),
        sample_rate_hz=info.sample_rate_hz,
        duration_s=info.duration_s,
    )


def _task(job: FileJob, automix: Automix, settings: Settings, info: AudioInfo) -> AutomixJob:
    """The job as it is put for a track: what is heard of the file, and where to."""
    reference = _reference(job, automix, settings)
    return AutomixJob(
        excerpts=excerpts_of(job.source),
        sample_rate_hz=info.sample_rate_hz,
        current=automix.bundle.chain.neutral,
        reference=reference,
        amount_percent=job.amount_percent,
        refine_s=job.refine_s,
        target=_level_target(job, automix.bundle.manifest, reference),
    )


def _reference(job: FileJob, automix: Automix, settings: Settings) -> SoundFeatures | None:
    if job.style is not None:
        return style_for(
            settings.styles, job.style, features=automix.bundle.manifest.features, model=automix.bundle.name
        )
    if job.reference is None:
        return None
    return automix.hear(excerpts_of(job.reference), probe(job.reference).sample_rate_hz)


def _level_target(job: FileJob, manifest: Manifest, reference: SoundFeatures | None) -> LoudnessTarget | None:
    """What was asked for, else the reference's own loudness, else the model's. ModelError for a model without any."""
    loudness_lufs = job.loudness_lufs
    if loudness_lufs is None and reference is not None and manifest.job.loudness_lufs is not None:
        loudness_lufs = reference.loudness_lufs if job.reference is None else measure_file(job.reference).loudness_lufs
    target = loudness_target(manifest.job, loudness_lufs, job.ceiling_dbtp)
    if target is None and (job.loudness_lufs is not None or job.ceiling_dbtp is not None):
        raise ModelError(
            f"The model {manifest.name} has no loudness and true peak to reach: leave --loudness and --ceiling out, or "
            "name a model that has them, such as mastering."
        )
    return target


def _process(
    job: FileJob, automix: Automix, task: AutomixJob, progress: Progress
) -> tuple[AutomixResult, MeasurementsPair]:
    """Find settings, render the whole file, measure it. Where a part that nobody heard clips, ask once more for
    settings with as much headroom, and have them judged again."""
    whole = measure_file(job.source)
    with replace_when_done(job.target) as part:
        if (target := automix.target(task)) is not None:
            outcome, before, after = _to_target(job, part, automix, task, target, whole, progress)
            return outcome, MeasurementsPair(before=before, after=after)
        outcome, before, after = _attempt(job.source, part, automix, task, whole, progress)
        excess_db = _excess_db(before, after)
        if excess_db > 0:
            quieter = replace(task, headroom_db=excess_db + HEADROOM_DB)
            outcome, before, after = _attempt(job.source, part, automix, quieter, whole, progress)
        if _excess_db(before, after) > 0:
            reason = "Left as it is: the new settings would clip in parts of the file."
            outcome = replace(outcome, applied=False, reason=reason, settings=outcome.before_settings, amount=0.0)
            after = before
            copy_file(job.source, part)
    return outcome, MeasurementsPair(before=before, after=after)


def _attempt(
    source: Path, target: Path, automix: Automix, task: AutomixJob, whole: Measurements, progress: Progress
) -> tuple[AutomixResult, Measurements, Measurements]:
    """Settings for `source`, and `target` rendered with them: a copy where they are refused."""
    outcome = automix.run(task, progress=lambda share, step: progress(0.1 + 0.5 * share, step))
    before = replace(whole, distance_db=outcome.measures_before.distance_db)
    if not outcome.applied:
        copy_file(source, target)
        return outcome, before, before
    progress(0.7, "rendering")
    automix.host.render_file(automix.bundle.chain, outcome.settings, source, target)
    return outcome, before, replace(measure_file(target), distance_db=outcome.measures_after.distance_db)


def _to_target(
    job: FileJob,
    part: Path,
    automix: Automix,
    task: AutomixJob,
    target: LoudnessTarget,
    whole: Measurements,
    progress: Progress,
) -> tuple[AutomixResult, Measurements, Measurements]:
    """Tone by parts of the file, loudness and true peak by all of it; a copy where nothing could be rendered."""
    outcome = automix.run(task, progress=lambda share, step: progress(0.1 + 0.5 * share, step))
    before = replace(whole, distance_db=outcome.measures_before.distance_db)
    if not outcome.applied:
        copy_file(job.source, part)
        return outcome, before, before
    chain, heard = automix.bundle.chain, outcome.measures_after
    settings, measured = render_to_loudness(
        automix.host,
        chain,
        outcome.settings,
        target,
        job.source,
        part,
        progress=lambda share: progress(0.6 + 0.4 * share, "rendering"),
    )
    most_db = LoudnessControls.of(chain).most_limiting_db
    reason = outcome.reason.removesuffix(describe_loudness(target, heard, most_db)) + describe_loudness(
        target, measured, most_db
    )
    return replace(outcome, settings=settings, reason=reason), before, replace(measured, distance_db=heard.distance_db)


def _excess_db(before: Measurements, after: Measurements) -> float:
    """How far the peak lies above full scale, or above what it was where that was more."""
    ceiling = max(CEILING_DBTP, before.true_peak_dbtp if before.true_peak_dbtp is not None else CEILING_DBTP)
    return (after.true_peak_dbtp - ceiling) if after.true_peak_dbtp is not None else 0.0


def _rows(chain: Chain, outcome: AutomixResult) -> list[ControlRow]:
    plugins = {slot.name: slot.plugin for slot in chain.slots}
    reasons = outcome.reasons if outcome.applied and outcome.reasons else ("",) * len(chain.controls)
    values = zip(chain.controls, outcome.before_settings, outcome.settings, outcome.confidence, reasons, strict=True)
    return [
        ControlRow(
            slot=control.slot,
            plugin=plugins[control.slot],
            control=control.name,
            unit=control.unit,
            before=control.real_value(float(before)),
            after=control.real_value(float(after)),
            text_before=control.text(float(before)),
            text=control.text(float(after)),
            confidence=float(confidence),
            reason=reason,
        )
        for control, before, after, confidence, reason in values
    ]
