"""Levels between tracks that were answered: the roles, the gains, and the replies in which they are.

The level goes to the output gain of the model's chain, in the FX that has it: undo, compare and amount move it with
the rest, and faders, their automation and groups stay the user's. Faders are heard: the mix is what REAPER plays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from bridge.daemon.model_cache import ModelCache
from bridge.daemon.request_handler import map_request, read_excerpts
from bridge.decibels import db_to_amplitude
from bridge.errors import shown
from bridge.mix_balance.gains import (
    CEILING_DBTP,
    HEADROOM_DB,
    LEAST_LU,
    MixBalance,
    MixRoles,
    balance_objection,
    find_role,
)
from bridge.mix_balance.role_by_name import Role
from bridge.mix_balance.targets import MixBalanceTargets
from bridge.plugins.host.host import Render
from bridge.reaper.protocol.messages import SCHEMA, MeasurementsMessage, Reply
from bridge.reaper.protocol.mix_balance import AnsweredTrack, BalancedTrack, MixBalanceReply, MixBalanceRequest
from bridge.reaper.protocol.spool import Spool
from bridge.types import Float32, NormalizedArray

if TYPE_CHECKING:
    from bridge.automix.job import ProxyChain
    from bridge.plugins.host.host import PluginHost
    from bridge.reaper.mapping.chain_mapping import ChainMapping

    Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class TrackGain:
    """One track on the way to its level. `gain`: the place of its output gain among the controls of the chain."""

    member: AnsweredTrack
    mapping: ChainMapping
    judged: ProxyChain
    volume_db: float
    gain: int

    @property
    def name(self) -> str:
        return self.member.request.track.name

    def heard(self, settings: NormalizedArray, spool: Spool, host: PluginHost) -> list[Float32]:
        """The track through its plugins and its fader, in the parts in which it was gathered."""
        audio = self.member.request.audio
        parts = read_excerpts(spool, audio, what=f"The track {shown(self.name)}")
        row, volume = self.judged.convert(settings), np.float32(db_to_amplitude(self.volume_db))
        made = host.render(self.judged.chain, [Render(part, audio.sample_rate_hz, row) for part in parts])
        return [volume * part for part in made]

    @property
    def settings(self) -> NormalizedArray:
        return np.array(self.member.settings, dtype=np.float32)

    def moved(self, gain_db: float) -> NormalizedArray:
        """The settings with this much more output gain, as far as the FX goes and in the steps that it has."""
        control, settings = self.mapping.chain.controls[self.gain], self.settings
        wanted = control.normalized(control.real_value(float(settings[self.gain])) + gain_db)
        settings[self.gain] = np.clip(wanted, control.low, control.high)
        return self.mapping.realizable(settings)

    def added_db(self, settings: NormalizedArray) -> float:
        control = self.mapping.chain.controls[self.gain]
        return control.real_value(float(settings[self.gain])) - control.real_value(float(self.settings[self.gain]))


class _Refused(Exception):
    """Why the levels cannot be set: something that the user can change."""


def handle_mix_balance(
    request: MixBalanceRequest, *, spool: Spool, engine: ModelCache, progress: Progress
) -> MixBalanceReply:
    """New replies for the tracks whose level changes, or why they stay. Raises BridgeError for what cannot be read."""
    progress(0.0, "setting levels")
    try:
        faders = [_fader(spool, engine, track) for track in request.tracks]
        message, replies = _set(faders, engine.level_targets(), spool, engine.host, progress)
    except _Refused as reason:
        message = f"The levels between the tracks stay: {reason}."
        return MixBalanceReply(schema=SCHEMA, id=request.id, status="error", message=message)
    status: Literal["apply", "unchanged"] = "apply" if replies else "unchanged"
    return MixBalanceReply(schema=SCHEMA, id=request.id, status=status, message=message, tracks=tuple(replies))


def _fader(spool: Spool, engine: ModelCache, track: BalancedTrack) -> TrackGain:
    name = shown(track.name)
    if not spool.has_member(track.id):
        raise _Refused(f"{name} has no FX that may be set; run the action that adds missing FX first")
    member = spool.read_member(track.id)
    mapping, judged = map_request(engine.model(member.request.options.model), member.request)
    controls = enumerate(mapping.chain.controls)
    gains = [place for place, control in controls if control.role == "output_gain" and mapping.free[place]]
    if not gains or len(member.settings) != len(mapping.chain.controls):
        raise _Refused(f"{name} has no FX with an output gain that may be set, such as ReaComp; add one")
    return TrackGain(member, mapping, judged, track.volume_db, gains[-1])


def _set(
    faders: Sequence[TrackGain], targets: MixBalanceTargets, spool: Spool, host: PluginHost, progress: Progress
) -> tuple[str, list[Reply]]:
    mix, roles = _mixed(faders, targets, spool, host, progress)
    before = mix.measure()
    share = min(fader.member.request.options.amount_percent for fader in faders) / 100
    gains = {role: share * gain for role, gain in mix.gains_db(targets).items()}
    del mix
    settings, after = _tried(faders, roles, gains, spool, host, progress)
    was, now = before.off_lu(targets), after.off_lu(targets)
    if now > was - LEAST_LU:
        return f"The levels between the tracks stay: they lie {was:.1f} LU from those of real mixes already.", []
    told = (
        f"Levels between {len(faders)} tracks: {was:.1f} LU from those of real mixes before, {now:.1f} LU now; "
        f"the sum peaks at {after.true_peak_dbtp:.1f} dBTP."
    )
    replies = [
        _reply(fader, chosen, role, before, after, targets)
        for fader, chosen, role in zip(faders, settings, roles, strict=True)
    ]
    return told, [reply for reply in replies if reply.writes]


def _mixed(
    faders: Sequence[TrackGain], targets: MixBalanceTargets, spool: Spool, host: PluginHost, progress: Progress
) -> tuple[MixRoles, list[Role]]:
    """The mix as it is with what was answered so far, and who plays what. One track after the other is in memory."""
    rate_hz = _same_stretches(faders)
    mix, roles = MixRoles(rate_hz), []
    for number, fader in enumerate(faders):
        progress(0.5 * number / len(faders), "setting levels")
        parts = fader.heard(fader.settings, spool, host)
        role = find_role(fader.name, parts, targets, rate_hz)
        roles.append((fader.name, role))
        if role is not None:
            mix.add(role, parts)
    if (why := balance_objection(roles)) is not None:
        raise _Refused(why)
    return mix, [role for _, role in roles if role is not None]


def _same_stretches(faders: Sequence[TrackGain]) -> int:
    """The sample rate of all; only what was heard at the same time can be added up."""
    heard = {(f.member.request.audio.sample_rate_hz, f.member.request.audio.excerpts) for f in faders}
    if len(heard) != 1:
        raise _Refused("the tracks were heard at different times; run the action again")
    return faders[0].member.request.audio.sample_rate_hz


def _tried(
    faders: Sequence[TrackGain],
    roles: Sequence[Role],
    gains: dict[Role, float],
    spool: Spool,
    host: PluginHost,
    progress: Progress,
) -> tuple[list[NormalizedArray], MixBalance]:
    """Settings with `gains`, and the mix that they really make: below full scale, or not at all."""
    for attempt in range(2):
        settings = [fader.moved(gains[role]) for fader, role in zip(faders, roles, strict=True)]
        mix = MixRoles(faders[0].member.request.audio.sample_rate_hz)
        for number, (fader, chosen, role) in enumerate(zip(faders, settings, roles, strict=True)):
            progress(0.5 + 0.25 * attempt + 0.25 * number / len(faders), "trying the levels")
            if abs(fader.added_db(chosen) - gains[role]) > LEAST_LU:
                needed = f"{gains[role]:+.1f} dB, which its output gain does not reach"
                raise _Refused(f"{shown(fader.name)} would need {needed}")
            mix.add(role, fader.heard(chosen, spool, host))
        after = mix.measure()
        over_db = after.true_peak_dbtp - CEILING_DBTP
        if over_db <= 0:
            return settings, after
        gains = {role: gain - over_db - HEADROOM_DB for role, gain in gains.items()}
    raise _Refused("their sum would clip")


def _reply(
    fader: TrackGain,
    settings: NormalizedArray,
    role: Role,
    before: MixBalance,
    after: MixBalance,
    targets: MixBalanceTargets,
) -> Reply:
    """The track's reply with its level: writes nothing where no FX would show the difference."""
    member, target = fader.member, targets.of(role)
    confidence = np.array(member.confidence, dtype=np.float32)
    confidence[fader.gain] = target.within_3_lu if target is not None else 0.0
    reasons = list(member.reasons or ("",) * len(settings))
    gap, rest = before.gaps_lu(targets)[role], after.gaps_lu(targets)[role]
    reasons[fader.gain] = f"Beside the others, {role} was {_beside(gap)} in real mixes, now {_beside(rest)} there."
    told = (settings, confidence, tuple(reasons))
    writes = fader.mapping.writes(settings, confidence)
    measures = member.reply.measures
    if measures is not None:
        measures = msgspec.structs.replace(measures, after=_louder(measures.after, fader.added_db(settings)))
    return msgspec.structs.replace(
        member.reply,
        status="apply" if writes else "unchanged",
        message=_told(member.reply, fader.added_db(settings), role),
        writes=writes,
        changes=fader.mapping.changes(*told) if writes else (),
        measures=measures,
    )


def _told(reply: Reply, added_db: float, role: Role) -> str:
    tone = "The tone is left as it is." if reply.status == "unchanged" else reply.message
    return f"{tone} {added_db:+.1f} dB as {role} among the others."


def _beside(gap_lu: float) -> str:
    if abs(gap_lu) < 0.05:
        return "as loud as"
    return f"{abs(gap_lu):.1f} LU {'louder' if gap_lu > 0 else 'softer'} than"


def _louder(measures: MeasurementsMessage, added_db: float) -> MeasurementsMessage:
    loudness, peak = measures.loudness_lufs, measures.true_peak_dbtp
    return msgspec.structs.replace(
        measures,
        loudness_lufs=None if loudness is None else loudness + added_db,
        true_peak_dbtp=None if peak is None else peak + added_db,
    )
