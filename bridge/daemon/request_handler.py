"""From a request to a reply: map the model's chain on the track, run the model, put its result in REAPER's terms.

Every fault is raised as a BridgeError for the job queue; nothing is caught here. Nothing is kept between jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np

from bridge.audio.silence import is_silent
from bridge.audio.spool_wav import read_float_wav
from bridge.automix.facts import DecisionKind, MeasurementsPair
from bridge.automix.job import AutomixJob, AutomixResult, ProxyChain
from bridge.automix.loudness_solver import loudness_target
from bridge.daemon.model_cache import CachedModel, ModelCache
from bridge.daemon.session_defaults import FULL_AMOUNT, JobDefaults
from bridge.daemon.stock_mastering import is_stock_wanted, master_by_limiter
from bridge.errors import AudioError, LinkError, quoted, truncated
from bridge.features.profile import SoundFeatures
from bridge.mix_balance.role_by_name import role_by_name
from bridge.reaper.mapping.automation_curves import automation_writes, only_resting_controls
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.gain_envelope import GainEnvelope, find_gain_envelope, with_gain_envelope
from bridge.reaper.mapping.limiters import find_end_limiter
from bridge.reaper.mapping.preferred_fx import prefer
from bridge.reaper.mapping.stock_limiter import NAME as STOCK_LIMITER
from bridge.reaper.mapping.stock_limiter import find_stock_limiter
from bridge.reaper.protocol.analysed_range import AnalysedRange
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import (
    SCHEMA,
    Reply,
    Request,
    RequestAudio,
    SkipReason,
)
from bridge.reaper.protocol.mix_balance import AnsweredTrack
from bridge.reaper.protocol.spool import Spool
from bridge.types import Audio

Progress = Callable[[float, str], None]

MAX_ERROR = 600  # characters


def handle_request(
    request: Request, *, spool: Spool, models: ModelCache, defaults: JobDefaults, progress: Progress
) -> Reply:
    """The reply to `request`: apply, unchanged or add_fx. Raises BridgeError where it is to be an error."""
    progress(0.0, "reading the request")
    options, envelope = request.options, None
    cached, mapping, proxy = find_model(request, models, defaults)
    is_automation = cached.automix.model.manifest.is_automation
    reply = _unchanged_reply(request, cached, mapping)
    if is_automation and not options.automation and not options.only_missing:
        return msgspec.structs.replace(reply, skipped=SkipReason.NEEDS_AUTOMATION, left_alone=())
    if (mastered := _mastered_by_limiter(request, reply, mapping, cached, spool)) is not None:
        return mastered
    is_anything_set = mapping.free.any() or (mapping.missing and options.add_missing_fx)
    if is_anything_set and _is_anything_unheard(request, cached, mapping):
        return msgspec.structs.replace(reply, skipped=SkipReason.NOT_RENDERED)
    if mapping.missing and options.add_missing_fx:
        return _adding_reply(request, reply, mapping, models, cached)
    if options.only_missing:
        return msgspec.structs.replace(reply, skipped=SkipReason.NOTHING_MISSING)
    if is_automation:
        _check_whole(request, cached)
        mapping = only_resting_controls(mapping)
        if (envelope := find_gain_envelope(mapping)) is not None:
            mapping = with_gain_envelope(mapping, envelope)
            proxy = ProxyChain(mapping.proxy.chain, mapping.proxy_values)
        reply = _unchanged_reply(request, cached, mapping)
    if not mapping.free.any():
        return msgspec.structs.replace(reply, skipped=SkipReason.NOTHING_TO_SET, add_fx=mapping.missing)
    if (tap := _wanted_tap(request, mapping)) is not None:
        return msgspec.structs.replace(reply, status="render", tap=tap)
    job = make_job(request, mapping, proxy, spool=spool, models=models, cached=cached, defaults=defaults)
    if envelope is not None:
        job = replace(job, gain_slot=envelope.slot, gain_floor_db=envelope.floor_db)
    progress(0.1, "listening")
    result = cached.automix.run(job, progress=lambda share, step: progress(0.1 + 0.9 * share, step))
    reply = _decided_reply(request, reply, mapping, result, envelope)
    if reply.status == "apply" and _is_verified(request, cached, mapping):
        reply = msgspec.structs.replace(reply, verify=True)
    if reply.verify or (options.levels and not is_automation):
        spool.save_answered_track(_answered_track(request, reply, result))
    return reply


def _mastered_by_limiter(
    request: Request, reply: Reply, mapping: ChainMapping, cached: CachedModel, spool: Spool
) -> Reply | None:
    """The reply of a model with a loudness target to a track that holds REAPER's own limiter, and none of the model's
    plugins; None for all others."""
    target = loudness_target(cached.automix.model.manifest.use)
    if target is None or mapping.conversions or request.options.only_missing:
        return None
    if (limiter := find_stock_limiter(request.fx)) is None:
        return None
    excerpts = read_spooled_excerpts(spool, request.audio, what=f"The track {quoted(request.track.name)}")
    reply = msgspec.structs.replace(reply, left_alone=(), unsupported=(), analysed=_analysed_range(request))
    return master_by_limiter(reply, limiter, target, excerpts, request.audio.sample_rate_hz, request.options.trial)


def _is_anything_unheard(request: Request, cached: CachedModel, mapping: ChainMapping) -> bool:
    """Whether settings would be judged by something else than what is heard. What Bridge cannot render is heard by a
    render of REAPER's: before the first FX that may be set in the sound itself, behind it by verifying."""
    options = request.options
    if not mapping.unrendered or options.ignore_unrendered or options.only_missing:
        return False
    places = [mapping.first_set.index] if mapping.first_set is not None else []
    if mapping.missing and options.add_missing_fx:
        before = find_end_limiter(request.fx)
        places.append(next((fx.index for fx in request.fx if fx.guid == before), len(request.fx)))
    if not places:
        return True
    is_before = any(fx.index < min(places) for fx in mapping.unrendered_fx)
    is_behind = any(fx.index >= min(places) for fx in mapping.unrendered_fx)
    can_tap = options.may_render and not request.audio.tap
    return (is_before and not can_tap) or (is_behind and not _can_verify(request, cached))


def _wanted_tap(request: Request, mapping: ChainMapping) -> str | None:
    """The FX before which REAPER is to render the sound; None where the sound is there."""
    options, first = request.options, mapping.first_set
    is_unheard = any(first is None or fx.index < first.index for fx in mapping.unrendered_fx)
    if not options.asks_for_tap and (not is_unheard or options.ignore_unrendered):
        return None
    return (first or request.fx[0]).guid


def _can_verify(request: Request, cached: CachedModel) -> bool:
    """Whether REAPER can render the track before and after, and that says what counts: settings stand still, and the
    loudness stays."""
    manifest = cached.automix.model.manifest
    is_still = not manifest.is_automation and manifest.use.loudness_lufs is None and not cached.search_s
    return is_still and request.options.verify != "off" and not request.options.levels


def _is_verified(request: Request, cached: CachedModel, mapping: ChainMapping) -> bool:
    """Whether the settings may stay only where what is really heard improved: where something of it is not rendered, or
    only computed."""
    options = request.options
    is_needed = bool(mapping.computed) or (bool(mapping.unrendered) and not options.ignore_unrendered)
    return _can_verify(request, cached) and (options.verify == "always" or is_needed)


def make_job(
    request: Request,
    mapping: ChainMapping,
    proxy: ProxyChain,
    *,
    spool: Spool,
    models: ModelCache,
    cached: CachedModel,
    defaults: JobDefaults,
) -> AutomixJob:
    """What the model is to do for the track, with the sound that the request names. Raises AudioError."""
    is_default = request.options.amount_percent == FULL_AMOUNT
    is_automation = cached.automix.model.manifest.is_automation
    return AutomixJob(
        excerpts=read_spooled_excerpts(spool, request.audio, what=f"The track {quoted(request.track.name)}"),
        sample_rate_hz=request.audio.sample_rate_hz,
        current=mapping.current,
        free=mapping.free,
        reference=None if is_automation else _reference(request, spool, models, cached, defaults),
        amount_percent=defaults.amount_percent if is_default else request.options.amount_percent,
        refine_s=cached.search_s,
        realizable=mapping.realizable,
        proxy=proxy,
        is_part=request.range.cuts_items,
        role=role_by_name(request.track.name),
    )


def find_model(
    request: Request, models: ModelCache, defaults: JobDefaults
) -> tuple[CachedModel, ChainMapping, ProxyChain]:
    """The model that a request names, on the track's FX; where it sets nothing there, a search of the track's own."""
    options, cached = request.options, models.model(request.options.model)
    mapping, proxy = map_request(models, cached, request)
    manifest = cached.automix.model.manifest
    if mapping.free.any() or manifest.is_automation or manifest.use.loudness_lufs is not None:
        return cached, mapping, proxy
    has_style = bool(options.style or defaults.style) and not options.add_missing_fx
    if options.only_missing or options.levels or (options.reference is None and not has_style):
        return cached, mapping, proxy
    own = models.own_chain(request.fx)
    return (cached, mapping, proxy) if own is None else (own, *map_request(models, own, request))


def map_request(models: ModelCache, cached: CachedModel, request: Request) -> tuple[ChainMapping, ProxyChain]:
    """The model's chain on the track's FX. LinkError where what they display makes no sense as numbers."""
    try:
        model = cached.automix.model
        mapping = map_chain(
            model.chain,
            request.fx,
            models.hosted_fx,
            recognise=None if model.manifest.is_automation or cached.search_s else models.recognise,
            preferred=tuple(models.preferences().values()),
            tap=request.audio.tap,
        )
        return mapping, ProxyChain(mapping.proxy.chain, mapping.proxy_values)
    except (ArithmeticError, ValueError) as error:
        names = ", ".join(fx.name[:40] for fx in request.fx[:5])
        raise LinkError(
            f"What the FX of this track display makes no sense as numbers ({error}): {names}. Nothing was changed. "
            "Look for a parameter that shows 'inf' or the like, and set it to a finite value."
        ) from error


def read_spooled_excerpts(spool: Spool, audio: RequestAudio, *, what: str) -> list[Audio]:
    """The excerpts that an audio message speaks of, (channels, samples) each.

    Raises AudioError where file and message differ or nothing is audible, LinkError for a foreign name.
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


def _check_whole(request: Request, cached: CachedModel) -> None:
    if len(request.audio.excerpts) != 1:
        raise LinkError(
            f"{cached.automix.model.name} needs all of the range, and the request holds "
            f"{len(request.audio.excerpts)} parts. Select less of it."
        )


def _reference(
    request: Request, spool: Spool, models: ModelCache, cached: CachedModel, defaults: JobDefaults
) -> SoundFeatures | None:
    """What to sound like: the request's reference, else its style, else the style that a surface chose."""
    reference, style = request.options.reference, request.options.style or defaults.style
    if reference is not None:
        excerpts = read_spooled_excerpts(spool, reference, what="The reference")
        return cached.automix.extract_features(excerpts, reference.sample_rate_hz)
    return models.style(style, cached) if style else None


def _unchanged_reply(request: Request, cached: CachedModel, mapping: ChainMapping) -> Reply:
    name, left_alone = cached.automix.model.name, mapping.left_alone
    if cached.fault:
        damage = LeftAlone(
            what=f"model {name}", kind=LeftAloneKind.MODEL_DAMAGED, error=truncated(cached.fault, MAX_ERROR)
        )
        left_alone = (*left_alone, damage)
    return Reply(
        schema=SCHEMA,
        id=request.id,
        status="unchanged",
        model=name,
        project_change_count=request.project.change_count,
        left_alone=left_alone,
        unsupported=mapping.unsupported,
        unrendered=mapping.unrendered,
        computed=mapping.computed,
    )


def _adding_reply(
    request: Request, reply: Reply, mapping: ChainMapping, models: ModelCache, cached: CachedModel
) -> Reply:
    preferences, missing, model = models.preferences(), mapping.missing, cached.automix.model
    is_mastering = loudness_target(model.manifest.use) is not None and not mapping.conversions
    if is_mastering and is_stock_wanted(model.chain, preferences.get("limiter", ""), models.is_installed):
        missing = (STOCK_LIMITER,)
    wanted = prefer(missing, request.fx, preferences)
    return msgspec.structs.replace(
        reply,
        status="add_fx",
        add_fx=wanted.names,
        add_instead=wanted.instead,
        add_before=find_end_limiter(request.fx),
    )


def _decided_reply(
    request: Request, reply: Reply, mapping: ChainMapping, result: AutomixResult, envelope: GainEnvelope | None
) -> Reply:
    writes = mapping.writes(result.normalized, result.confidence) if result.applied else ()
    curves = automation_writes(mapping, result.curves, request.range)
    changes = mapping.changes(result.normalized, result.confidence, result.explanations)
    if envelope is not None and result.gain is not None:
        curves = (*curves, envelope.write(result.gain, request.range))
        changes = (*changes, envelope.change(result.gain, result))
    automated = {(curve.fx_guid, curve.index) for curve in curves}
    writes = tuple(write for write in writes if (write.fx_guid, write.index) not in automated)
    is_applied = bool(writes or curves)
    decision = result.decision
    if result.applied and not is_applied:
        decision = msgspec.structs.replace(decision, kind=DecisionKind.NOT_DISPLAYED)
    return msgspec.structs.replace(
        reply,
        status="apply" if is_applied else "unchanged",
        decision=decision,
        analysed=_analysed_range(request),
        left_alone=(*reply.left_alone, *mapping.out_of_reach(writes)),
        undo_text=f"Bridge: {reply.model}" if curves else reply.undo_text,
        writes=writes,
        curves=curves,
        changes=changes if is_applied else (),
        measures=MeasurementsPair(
            result.measures_before, result.measures_after if is_applied else result.measures_before
        ),
    )


def _analysed_range(request: Request) -> AnalysedRange:
    frames = sum(excerpt.frames for excerpt in request.audio.excerpts)
    return AnalysedRange(
        start_s=request.range.start_s,
        end_s=request.range.end_s,
        source=request.range.source,
        analysed_s=frames / request.audio.sample_rate_hz,
        channels=request.track.channels,
        side_receives=request.track.side_receives,
        is_rendered=bool(request.audio.tap),
    )


def _answered_track(request: Request, reply: Reply, result: AutomixResult) -> AnsweredTrack:
    normalized, confidence = (tuple(float(v) for v in row) for row in (result.normalized, result.confidence))
    return AnsweredTrack(
        schema=SCHEMA,
        id=request.id,
        request=request,
        reply=reply,
        normalized=normalized,
        confidence=confidence,
        explanations=result.explanations,
    )
