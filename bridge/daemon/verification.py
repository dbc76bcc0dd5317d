"""From a request to verify to its reply: both renders of REAPER's measured as the guard measures its own."""

from __future__ import annotations

from collections.abc import Callable

from bridge.automix.facts import MeasurementsPair
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.request_handler import find_model, make_job, read_spooled_excerpts
from bridge.daemon.session_defaults import JobDefaults
from bridge.errors import LinkError, quoted
from bridge.reaper.protocol.messages import SCHEMA
from bridge.reaper.protocol.spool import Spool
from bridge.reaper.protocol.verification import VerificationReply, VerificationRequest

Progress = Callable[[float, str], None]


def handle_verification(
    request: VerificationRequest, *, spool: Spool, models: ModelCache, defaults: JobDefaults, progress: Progress
) -> VerificationReply:
    """The reply to `request`. Raises BridgeError for what cannot be read."""
    progress(0.0, "verifying what is heard")
    answered = spool.read_answered_track(request.answered).request
    what = f"The track {quoted(answered.track.name)} as REAPER renders it"
    before, after = (read_spooled_excerpts(spool, audio, what=what) for audio in (request.before, request.after))
    rates = {audio.sample_rate_hz for audio in (answered.audio, request.before, request.after)}
    if len(rates) > 1 or [part.shape for part in before] != [part.shape for part in after]:
        raise LinkError(f"{what} holds other stretches after the new settings than before. Run the action again.")
    cached, mapping, proxy = find_model(answered, models, defaults)
    job = make_job(answered, mapping, proxy, spool=spool, models=models, cached=cached, defaults=defaults)
    progress(0.3, "verifying what is heard")
    result = cached.automix.verify(job, before, after)
    return VerificationReply(
        schema=SCHEMA,
        id=request.id,
        status="apply" if result.decision.is_applied else "unchanged",
        decision=result.decision,
        measures=MeasurementsPair(result.before, result.after),
    )
