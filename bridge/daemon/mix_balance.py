"""The mix balance between tracks that were answered: their roles, their gains, and the replies in which those are.

A gain goes to the output gain of the model's chain, in the FX that has it: undo, compare and amount move it with the
rest, and faders, their automation and groups stay the user's. The mix is measured behind the faders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from bridge.automix.facts import Explanation, ExplanationKind, MeasurementsPair
from bridge.automix.job import ProxyChain
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.request_handler import map_request, read_spooled_excerpts
from bridge.decibels import db_to_amplitude
from bridge.errors import quoted, truncated
from bridge.mix_balance.gains import CEILING_DBTP, HEADROOM_DB, LEAST_LU, MixBalance, RoleSums, find_role
from bridge.mix_balance.role_by_name import Role
from bridge.mix_balance.targets import MixBalanceTargets
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.reaper.mapping.chain_mapping import ChainMapping
from bridge.reaper.protocol.messages import SCHEMA, Reply, TrackBalance
from bridge.reaper.protocol.mix_balance import (
    AnsweredTrack,
    BalanceDecision,
    BalanceKind,
    MixBalanceReply,
    MixBalanceRequest,
    TrackToBalance,
)
from bridge.reaper.protocol.spool import Spool
from bridge.types import Audio, NormalizedArray

Progress = Callable[[float, str], None]

MAX_NAME = 100  # characters


class BalanceRefused(Exception):
    """The balance cannot be set: something that the user can change."""

    def __init__(self, kind: BalanceKind, *names: str, needed_db: float = 0.0) -> None:
        super().__init__(kind)
        self.decision = BalanceDecision(
            kind=kind, names=tuple(truncated(name, MAX_NAME) for name in names), needed_db=needed_db
        )


@dataclass(frozen=True)
class TrackGain:
    """One track on the way to its gain. `gain_index`: of its output gain among the controls of the chain."""

    answered: AnsweredTrack
    mapping: ChainMapping
    proxy: ProxyChain
    volume_db: float
    gain_index: int

    @property
    def name(self) -> str:
        return self.answered.request.track.name

    @property
    def normalized(self) -> NormalizedArray:
        return np.array(self.answered.normalized, dtype=np.float32)

    def render(self, normalized: NormalizedArray, spool: Spool, host: PluginHost) -> list[Audio]:
        """The track through its plugins and its fader, in the parts in which it was gathered."""
        audio = self.answered.request.audio
        parts = read_spooled_excerpts(spool, audio, what=f"The track {quoted(self.name)}")
        row, volume = self.proxy.convert(normalized), np.float32(db_to_amplitude(self.volume_db))
        rendered = host.render(self.proxy.chain, [RenderInput(part, audio.sample_rate_hz, row) for part in parts])
        return [volume * part for part in rendered]

    def with_gain(self, gain_db: float) -> NormalizedArray:
        """The values with this much more output gain, as far as the FX goes and in the steps that it has."""
        control, normalized = self.mapping.chain.controls[self.gain_index], self.normalized
        wanted = control.normalized(control.real_value(float(normalized[self.gain_index])) + gain_db)
        normalized[self.gain_index] = np.clip(wanted, control.low, control.high)
        return self.mapping.realizable(normalized)

    def added_db(self, normalized: NormalizedArray) -> float:
        control = self.mapping.chain.controls[self.gain_index]
        return control.real_value(float(normalized[self.gain_index])) - control.real_value(
            float(self.normalized[self.gain_index])
        )


def handle_mix_balance(
    request: MixBalanceRequest, *, spool: Spool, models: ModelCache, progress: Progress
) -> MixBalanceReply:
    """New replies for the tracks whose gain changes, or why they stay. Raises BridgeError for what cannot be read."""
    progress(0.0, "setting levels")
    try:
        tracks = [_track_gain(spool, models, track) for track in request.tracks]
        decision, replies = _balance(tracks, models.balance_targets(), spool, models.host, progress)
    except BalanceRefused as refused:
        return MixBalanceReply(schema=SCHEMA, id=request.id, status="error", decision=refused.decision)
    status: Literal["apply", "unchanged"] = "apply" if replies else "unchanged"
    return MixBalanceReply(schema=SCHEMA, id=request.id, status=status, decision=decision, tracks=tuple(replies))


def _track_gain(spool: Spool, models: ModelCache, track: TrackToBalance) -> TrackGain:
    if not spool.has("members", track.id):
        raise BalanceRefused(BalanceKind.NO_FX, track.name)
    answered = spool.read_answered_track(track.id)
    mapping, proxy = map_request(models, models.model(answered.request.options.model), answered.request)
    controls = enumerate(mapping.chain.controls)
    gains = [place for place, control in controls if control.role == "output_gain" and mapping.free[place]]
    if not gains or len(answered.normalized) != len(mapping.chain.controls):
        raise BalanceRefused(BalanceKind.NO_OUTPUT_GAIN, track.name)
    return TrackGain(answered, mapping, proxy, track.volume_db, gains[-1])


def _balance(
    tracks: Sequence[TrackGain], targets: MixBalanceTargets, spool: Spool, host: PluginHost, progress: Progress
) -> tuple[BalanceDecision, list[Reply]]:
    mix, roles = _measure_mix(tracks, targets, spool, host, progress)
    before = mix.measure()
    share = min(track.answered.request.options.amount_percent for track in tracks) / 100
    gains_db = {role: share * gain for role, gain in mix.gains_db(targets).items()}
    del mix
    chosen, after = _reachable(tracks, roles, gains_db, spool, host, progress)
    before_lu, after_lu = before.off_lu(targets), after.off_lu(targets)
    if after_lu > before_lu - LEAST_LU:
        return BalanceDecision(kind=BalanceKind.NOT_CLOSER, before_lu=before_lu), []
    rows = zip(tracks, chosen, roles, strict=True)
    replies = [_reply(track, normalized, role, before, after, targets) for track, normalized, role in rows]
    decision = BalanceDecision(
        kind=BalanceKind.IMPROVED,
        tracks=len(tracks),
        before_lu=before_lu,
        after_lu=after_lu,
        true_peak_dbtp=after.true_peak_dbtp,
    )
    return decision, [reply for reply in replies if reply.writes]


def _measure_mix(
    tracks: Sequence[TrackGain], targets: MixBalanceTargets, spool: Spool, host: PluginHost, progress: Progress
) -> tuple[RoleSums, list[Role]]:
    """The mix as it was answered so far, and who plays what. One track after the other is in memory."""
    audios = [track.answered.request.audio for track in tracks]
    if len({(audio.sample_rate_hz, audio.excerpts) for audio in audios}) != 1:
        raise BalanceRefused(BalanceKind.OTHER_RANGES)  # only what sounds at the same time can be added up
    mix, roles = RoleSums(audios[0].sample_rate_hz), list[tuple[str, Role | None]]()
    for number, track in enumerate(tracks):
        progress(0.5 * number / len(tracks), "setting levels")
        parts = track.render(track.normalized, spool, host)
        role = find_role(track.name, parts, targets, audios[0].sample_rate_hz)
        roles.append((track.name, role))
        if role is not None:
            mix.add(role, parts)
    return mix, known_roles(roles)


def known_roles(roles: Sequence[tuple[str, Role | None]]) -> list[Role]:
    """The roles of tracks, given as (name, role). BalanceRefused where one is unknown, or there are not several."""
    if unclear := [name for name, role in roles if role is None]:
        raise BalanceRefused(BalanceKind.UNKNOWN_ROLES, *unclear)
    known = [role for _, role in roles if role is not None]
    if len(set(known)) < 2:
        raise BalanceRefused(BalanceKind.ONE_ROLE)
    return known


def _reachable(
    tracks: Sequence[TrackGain],
    roles: Sequence[Role],
    gains_db: dict[Role, float],
    spool: Spool,
    host: PluginHost,
    progress: Progress,
) -> tuple[list[NormalizedArray], MixBalance]:
    """The values with `gains_db`, and the mix that they really make: below full scale, or not at all."""
    for attempt in range(2):
        chosen = [track.with_gain(gains_db[role]) for track, role in zip(tracks, roles, strict=True)]
        mix = RoleSums(tracks[0].answered.request.audio.sample_rate_hz)
        for number, (track, normalized, role) in enumerate(zip(tracks, chosen, roles, strict=True)):
            progress(0.5 + 0.25 * attempt + 0.25 * number / len(tracks), "trying the levels")
            if abs(track.added_db(normalized) - gains_db[role]) > LEAST_LU:
                raise BalanceRefused(BalanceKind.OUT_OF_REACH, track.name, needed_db=gains_db[role])
            mix.add(role, track.render(normalized, spool, host))
        after = mix.measure()
        over_db = after.true_peak_dbtp - CEILING_DBTP
        if over_db <= 0:
            return chosen, after
        gains_db = {role: gain - over_db - HEADROOM_DB for role, gain in gains_db.items()}
    raise BalanceRefused(BalanceKind.WOULD_CLIP)


def _reply(
    track: TrackGain,
    normalized: NormalizedArray,
    role: Role,
    before: MixBalance,
    after: MixBalance,
    targets: MixBalanceTargets,
) -> Reply:
    """The track's reply with its gain: writes nothing where no FX would show the difference."""
    answered, target, added_db = track.answered, targets.of(role), track.added_db(normalized)
    confidence = np.array(answered.confidence, dtype=np.float32)
    confidence[track.gain_index] = target.within_3_lu if target is not None else 0.0
    explanations = list(answered.explanations or (None,) * len(normalized))
    explanations[track.gain_index] = Explanation(
        kind=ExplanationKind.MIX_BALANCE,
        role=role,
        before_db=before.gaps_lu(targets)[role],
        after_db=after.gaps_lu(targets)[role],
    )
    writes = track.mapping.writes(normalized, confidence)
    measures = answered.reply.measures
    if measures is not None:
        measures = MeasurementsPair(measures.before, measures.after.after_gain(added_db))
    return msgspec.structs.replace(
        answered.reply,
        status="apply" if writes else "unchanged",
        balance=TrackBalance(role=role, gain_db=added_db),
        writes=writes,
        changes=track.mapping.changes(normalized, confidence, explanations) if writes else (),
        measures=measures,
    )
