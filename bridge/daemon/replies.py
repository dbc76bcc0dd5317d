"""Replies that every kind of model gives in the same words."""

from __future__ import annotations

from bridge.reaper.protocol.left_alone import LeftAlone
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request


def unchanged_reply(request: Request, model: str, message: str, left_alone: tuple[LeftAlone, ...] = ()) -> Reply:
    """Nothing is written; `message` says why."""
    return Reply(
        schema=SCHEMA,
        id=request.id,
        status="unchanged",
        message=message,
        model=model,
        project_change_count=request.project.change_count,
        left_alone=left_alone,
    )
