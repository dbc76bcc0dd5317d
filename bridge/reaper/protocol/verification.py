"""Verification as messages: REAPER has rendered a track with its old settings and its new ones, as it is heard.

The track is requested as always; a reply with `verify` asks for this before the settings may stay. The daemon keeps the
request (`AnsweredTrack`) until then, and measures both renders as it measured its own.
"""

from __future__ import annotations

from typing import Literal

from bridge.automix.facts import Decision, MeasurementsPair
from bridge.reaper.protocol.message import Message
from bridge.reaper.protocol.messages import Identifier, RequestAudio, Write


class VerificationRequest(Message, frozen=True):
    """`answered`: the id of the request that the track was answered by. The sounds hold the same stretches."""

    schema: int
    script_version: str
    id: Identifier
    action: Literal["verify"]
    answered: Identifier
    before: RequestAudio
    after: RequestAudio


class VerificationReply(Message, frozen=True):
    """`apply`: what is heard improved, and the settings stay; `unchanged`: it did not, and they go back.

    Attributes:
        decision: by what is heard; None with an error.
        measures: of what is heard, before and after.
        error: one line, where the status is `error`.
    """

    schema: int
    id: Identifier
    status: Literal["apply", "unchanged", "error"]
    decision: Decision | None = None
    measures: MeasurementsPair | None = None
    error: str = ""

    @property
    def writes(self) -> tuple[Write, ...]:
        """None: it sets nothing."""
        return ()
