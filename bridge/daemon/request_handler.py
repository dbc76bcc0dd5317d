"""From a request to a reply: check the audio, map the chain, let the model work, put its answer in REAPER's words.

Every fault is raised as a BridgeError for the job runner; nothing is caught here. Nothing is kept between jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bridge.audio.silence import is_silent
from bridge.audio.spool_wav import read_float_wav
from bridge.daemon.automation_handler import handle_automation
from bridge.daemon.model_cache import CachedModel, ModelCache
from bridge.daemon.replies import unchanged_reply
from bridge.daemon.session_defaults import FULL_AMOUNT, JobDefaults
from bridge.errors import AudioError, LinkError, cut, shown
from bridge.reaper.describe import describe_left_alone
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import (
    SCHEMA,
    MeasurementsMessage,
    MeasurementsPairMessage,
    Reply,
    Request,
    RequestAudio,
    RequestOptions,
)
from bridge.reaper.protocol.mix_balance import AnsweredTrack
from bridge.reaper.protocol.spool import Spool
from bridge.types import Float32

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.automix.job import AutomixResult, Measurements, ProxyChain
    from bridge.features.profile import SoundFeatures

    Progress = Callable[[float, str], None]

Excerpts = list[Float32]

MAX_ERROR = 600  # characters


def handle_request(
    request: Request, *, spool: Spool, engine: ModelCache, defaults: JobDefaults, progress: Progress
) -> Reply:
    """The reply to `request`: apply, unchanged or add_fx. Raises BridgeError where the answer is an error."""
    from bridge.automix.job import AutomixJob

    progress(0.0, "reading the request")
    loaded = engine.model(request.options.model)
    if loaded.automix.model.manifest.is_automation and not request.options.only_missing:
        excerpts = read_excerpts(spool, request.audio, what=f"The track {shown(request.track.name)}")
        return handle_automation(request, excerpts, loaded.automix, progress)
    mapping, proxy = map_request(loaded, request)
    if mapping.missing and request.options.add_missing_fx:
        return _add_fx(request, loaded, mapping)
    if request.options.only_missing:
        return _nothing_missing(request, loaded, mapping)
    if not mapping.free.any():
        return _nothing_to_set(request, loaded, mapping)
    excerpts = read_excerpts(spool, request.audio, what=f"The track {shown(request.track.name)}")
    progress(0.1, "listening")
    options = request.options
    is_default = options.amount_percent == FULL_AMOUNT
    task = AutomixJob(
        excerpts=excerpts,
        sample_rate_hz=request.audio.sample_rate_hz,
        current=mapping.current,
        free=mapping.free,
        reference=_reference(options, spool, engine, loaded, defaults),
        amount_percent=defaults.amount_percent if is_default else options.amount_percent,
        realizable=mapping.realizable,
        proxy=proxy,
    )
    outcome = loaded.automix.run(task, progress=lambda share, step: progress(0.1 + 0.9 * share, step))
    reply = _outcome_reply(request, loaded, mapping, outcome)
    if options.levels:
        spool.keep_member(_member(request, reply, outcome))
    return reply


def _member(request: Request, reply: Reply, outcome: AutomixResult) -> AnsweredTrack:
    settings, confidence = (tuple(float(v) for v in row) for row in (outcome.normalized, outcome.confidence))
    return AnsweredTrack(
        schema=SCHEMA,
        id=request.id,
        request=request,
        reply=reply,
        settings=settings,
        confidence=confidence,
        reasons=_reasons(outcome),
    )


def _reasons(outcome: AutomixResult) -> tuple[str, ...]:
    from bridge.automix.describe import describe_explanation

    return tuple(describe_explanation(explanation) for explanation in outcome.explanations)


def map_request(loaded: CachedModel, request: Request) -> tuple[ChainMapping, ProxyChain]:
    """The model's chain on the track's FX. LinkError where what they display makes no sense as numbers."""
    from bridge.automix.job import ProxyChain

    try:
        mapping = map_chain(loaded.automix.model.chain, request.fx)
        return mapping, ProxyChain(mapping.proxy_chain, mapping.proxy_values)
    except (ArithmeticError, ValueError) as error:
        names = ", ".join(fx.name[:40] for fx in request.fx[:5])
        raise LinkError(
            f"What the FX of this track display makes no sense as numbers ({error}): {names}. Nothing was changed. "
            "Look for a parameter that shows 'inf' or the like, and set it to a finite value."
        ) from error


def read_excerpts(spool: Spool, audio: RequestAudio, *, what: str) -> Excerpts:
    """The excerpts that an audio message speaks of, float32 (channels, samples) each.

    Raises AudioError where file and message differ or nothing is to be heard, LinkError for a foreign name.
    """
    samples, sample_rate_hz = read_float_wav(spool.audio_file(audio.file))
    frames = sum(excerpt.frames for excerpt in audio.excerpts)
    if sample_rate_hz != audio.sample_rate_hz:
        raise AudioError(
            f"{what} was announced at {audio.sample_rate_hz} Hz, its file has {sample_rate_hz}. Run the action again."
        )
    if samples.shape != (audio.channels, frames):
        raise AudioError(
            f"{what} was announced with {audio.channels} channels of {frames:,} frames, its file holds "
            f"{samples.shape[0]} of {samples.shape[1]:,}: it is cut off or foreign. Run the action again."
        )
    if is_silent(samples):
        raise AudioError(f"{what} is silent in the chosen range. Select a range in which it plays.")
    ends = np.cumsum([excerpt.frames for excerpt in audio.excerpts])[:-1]
    return [part for part in np.split(samples, ends, axis=1) if part.shape[1]]


def _reference(
    options: RequestOptions, spool: Spool, engine: ModelCache, loaded: CachedModel, defaults: JobDefaults
) -> SoundFeatures | None:
    """What to sound like: the request's reference, else its style, else the style that a surface chose."""
    if options.reference is not None:
        excerpts = read_excerpts(spool, options.reference, what="The reference")
        return loaded.automix.extract_features(excerpts, options.reference.sample_rate_hz)
    style = options.style or defaults.style
    return engine.style(style, loaded) if style else None


def _outcome_reply(request: Request, loaded: CachedModel, mapping: ChainMapping, outcome: AutomixResult) -> Reply:
    from bridge.automix.describe import describe_decision

    told = (outcome.normalized, outcome.confidence, _reasons(outcome))
    writes = mapping.writes(outcome.normalized, outcome.confidence) if outcome.applied else ()
    reason = describe_decision(outcome.decision)
    if outcome.applied and not writes:
        reason = "Left as it is: no FX would show the difference."
    return Reply(
        schema=SCHEMA,
        id=request.id,
        status="apply" if writes else "unchanged",
        message=reason,
        model=loaded.automix.model.name,
        project_change_count=request.project.change_count,
        writes=writes,
        changes=mapping.changes(*told) if writes else (),
        left_alone=_left_alone(loaded, mapping),
        measures=MeasurementsPairMessage(
            before=_measures(outcome.measures_before),
            after=_measures(outcome.measures_after if writes else outcome.measures_before),
        ),
    )


def _add_fx(request: Request, loaded: CachedModel, mapping: ChainMapping) -> Reply:
    return Reply(
        schema=SCHEMA,
        id=request.id,
        status="add_fx",
        message=f"{_listed(mapping.missing)} will be added, and then set.",
        model=loaded.automix.model.name,
        project_change_count=request.project.change_count,
        add_fx=mapping.missing,
        left_alone=_left_alone(loaded, mapping),
    )


def _nothing_missing(request: Request, loaded: CachedModel, mapping: ChainMapping) -> Reply:
    name = loaded.automix.model.name
    message = f"Nothing to add: the track has all that {name} can use."
    return unchanged_reply(request, name, message, _left_alone(loaded, mapping))


def _nothing_to_set(request: Request, loaded: CachedModel, mapping: ChainMapping) -> Reply:
    name = loaded.automix.model.name
    if mapping.missing:
        message = (
            f"Nothing to set: no FX on this track is one that {name} knows. Add {_listed(mapping.missing)}, or run "
            '"Bridge: Auto-mix track, adding missing FX".'
        )
    else:
        reasons = "; ".join(f"{what}: {why}" for what, why in describe_left_alone(mapping.left_alone)[:3])
        message = f"Nothing to set by {name}. {reasons}."
    return unchanged_reply(request, name, message, _left_alone(loaded, mapping))


def _left_alone(loaded: CachedModel, mapping: ChainMapping) -> tuple[LeftAlone, ...]:
    if not loaded.fault:
        return mapping.left_alone
    note = LeftAlone(
        what=f"model {loaded.automix.model.name}", kind=LeftAloneKind.MODEL_DAMAGED, error=cut(loaded.fault, MAX_ERROR)
    )
    return (*mapping.left_alone, note)


def _measures(measured: Measurements) -> MeasurementsMessage:
    return MeasurementsMessage(
        loudness_lufs=measured.loudness_lufs,
        true_peak_dbtp=measured.true_peak_dbtp,
        distance_db=measured.distance_db,
    )


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
