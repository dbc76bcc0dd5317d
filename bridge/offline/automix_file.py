"""Auto-mix of a file: settings from parts of it (or, where they move, from all of it), and a render of the whole.

Long files are streamed. Where the settings are refused the output is the input, unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import msgspec

from bridge.audio.files import AudioInfo, probe
from bridge.automix.facts import Measurements, MeasurementsPair
from bridge.automix.guard.metrics import HEADROOM_DB, overshoot_db
from bridge.automix.job import AutomixJob, AutomixResult, LoudnessTarget, Progress, no_progress
from bridge.automix.loudness_solver import LoudnessControls, loudness_outcome, loudness_target
from bridge.automix.pipeline import Automix, reverted_for_clipping
from bridge.features.profile import SoundFeatures
from bridge.features.styles import style_for
from bridge.mix_balance.role_by_name import role_by_name
from bridge.offline.job import FileJob, check_options, check_target
from bridge.offline.loudness import render_to_loudness
from bridge.offline.models_and_styles import excerpts_of, model_folder, open_model
from bridge.offline.result import FileResult, control_rows
from bridge.offline.whole_file import FileSound, copy_file, measure_file, replace_when_done
from bridge.plugins.host.host import host_for
from bridge.settings import Settings


def automix_file(
    job: FileJob, settings: Settings, *, automix: Automix | None = None, progress: Progress = no_progress
) -> FileResult:
    """Process `job.source` into `job.target`, by `automix` where the job's model is loaded already.

    Raises AudioError for files that cannot be used, ModelError where no model fits, PluginError where the chain
    cannot be rendered. Nothing is left at the target then.
    """
    info = probe(job.source)
    check_target(job)
    with _opened(job, settings, progress) if automix is None else nullcontext(automix) as automix:
        model = automix.model
        check_options(job, model.manifest)
        with replace_when_done(job.target) as part:
            process = _process_automation if model.manifest.is_automation else _process_static
            result, measures = process(job, automix, settings, info, part, progress)
    return FileResult(
        model=model.name,
        decision=result.decision,
        amount_percent=100 * result.amount,
        controls=control_rows(model.chain, result),
        measures=measures,
        input=str(job.source),
        output=str(job.target),
        sample_rate_hz=info.sample_rate_hz,
        duration_s=info.duration_s,
    )


@contextmanager
def _opened(job: FileJob, settings: Settings, progress: Progress) -> Iterator[Automix]:
    """The job's model, and a plugin host of its own."""
    progress(0.0, "loading the model")
    folder = model_folder(job, settings)
    with host_for(settings) as host:
        yield Automix(open_model(folder, job, host), host)


def _process_automation(
    job: FileJob, automix: Automix, _settings: Settings, info: AudioInfo, part: Path, progress: Progress
) -> tuple[AutomixResult, MeasurementsPair]:
    """Curves over the whole file; `part` is rendered with them, or a copy."""
    task = AutomixJob(
        excerpts=(),
        sample_rate_hz=info.sample_rate_hz,
        current=automix.model.chain.neutral,
        is_dry=True,
        amount_percent=job.amount_percent,
        sound=FileSound(automix.host, info, part),
    )
    result = automix.run(task, progress=progress)
    if not result.applied:
        copy_file(job.source, part)
    return result, MeasurementsPair(before=result.measures_before, after=result.measures_after)


def _process_static(
    job: FileJob, automix: Automix, settings: Settings, info: AudioInfo, part: Path, progress: Progress
) -> tuple[AutomixResult, MeasurementsPair]:
    """Settings from parts of the file, and `part` rendered with them, or a copy. Where a part that was not rendered
    before clips, try once more with as much headroom."""
    task = _task(job, automix, settings, info)
    whole = measure_file(job.source)
    if (target := automix.loudness_target(task)) is not None:
        return _render_to_target(job, part, automix, task, target, whole, progress)
    result, measures = _render(job.source, part, automix, task, whole, progress)
    if (excess_db := overshoot_db(measures.before, measures.after)) > 0:
        quieter = replace(task, headroom_db=excess_db + HEADROOM_DB)
        result, measures = _render(job.source, part, automix, quieter, whole, progress)
    if measures.after.true_peak_dbtp is not None and overshoot_db(measures.before, measures.after) > 0:
        result = reverted_for_clipping(result, measures.before, measures.after)
        measures = MeasurementsPair(measures.before, measures.before)
        copy_file(job.source, part)
    return result, measures


def _task(job: FileJob, automix: Automix, settings: Settings, info: AudioInfo) -> AutomixJob:
    """The file as a track: its excerpts, and what they are to sound like."""
    reference = _reference(job, automix, settings)
    return AutomixJob(
        excerpts=excerpts_of(job.source),
        sample_rate_hz=info.sample_rate_hz,
        current=automix.model.chain.neutral,
        is_dry=True,
        reference=reference,
        amount_percent=job.amount_percent,
        refine_s=job.refine_s,
        target=_loudness_target(job, automix, reference),
        role=role_by_name(job.source.stem),
    )


def _reference(job: FileJob, automix: Automix, settings: Settings) -> SoundFeatures | None:
    if job.style is not None:
        model = automix.model
        return style_for(settings.styles, job.style, features=model.manifest.features, model=model.name)
    if job.reference is None:
        return None
    return automix.extract_features(excerpts_of(job.reference), probe(job.reference).sample_rate_hz)


def _loudness_target(job: FileJob, automix: Automix, reference: SoundFeatures | None) -> LoudnessTarget | None:
    """The job's target, else the reference's own loudness, else the model's; None for a model without any."""
    settings, loudness_lufs = automix.model.manifest.use, job.loudness_lufs
    if loudness_lufs is None and reference is not None and settings.loudness_lufs is not None:
        loudness_lufs = reference.loudness_lufs if job.reference is None else measure_file(job.reference).loudness_lufs
    return loudness_target(settings, loudness_lufs, job.ceiling_dbtp)


def _render(
    source: Path, part: Path, automix: Automix, task: AutomixJob, whole: Measurements, progress: Progress
) -> tuple[AutomixResult, MeasurementsPair]:
    """Settings for `source`, and `part` rendered with them: a copy where they are refused."""
    result, before = _run(automix, task, whole, progress)
    if not result.applied:
        copy_file(source, part)
        return result, MeasurementsPair(before, before)
    progress(0.7, "rendering")
    automix.host.render_file(
        automix.model.chain,
        result.normalized,
        source,
        part,
        progress=lambda share: progress(0.7 + 0.25 * share, "rendering"),
    )
    after = measure_file(part).at_distance(result.measures_after.distance_db)
    return result, MeasurementsPair(before, after)


def _render_to_target(
    job: FileJob,
    part: Path,
    automix: Automix,
    task: AutomixJob,
    target: LoudnessTarget,
    whole: Measurements,
    progress: Progress,
) -> tuple[AutomixResult, MeasurementsPair]:
    """Tone by parts of the file, loudness and true peak by all of it; a copy where nothing could be rendered."""
    result, before = _run(automix, task, whole, progress)
    if not result.applied:
        copy_file(job.source, part)
        return result, MeasurementsPair(before, before)
    chain = automix.model.chain
    normalized, measured = render_to_loudness(
        automix.host,
        chain,
        result.normalized,
        target,
        job.source,
        part,
        progress=lambda share: progress(0.6 + 0.4 * share, "rendering"),
    )
    loudness = loudness_outcome(target, measured, LoudnessControls.of(chain).most_limiting_db)
    decision = msgspec.structs.replace(result.decision, loudness=loudness)
    after = measured.at_distance(result.measures_after.distance_db)
    return replace(result, normalized=normalized, decision=decision), MeasurementsPair(before, after)


def _run(
    automix: Automix, task: AutomixJob, whole: Measurements, progress: Progress
) -> tuple[AutomixResult, Measurements]:
    """The result for the excerpts, and what the whole file was before, with the distance of the excerpts."""
    result = automix.run(task, progress=lambda share, step: progress(0.1 + 0.5 * share, step))
    return result, whole.at_distance(result.measures_before.distance_db)
