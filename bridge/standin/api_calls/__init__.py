"""The answers to REAPER's API, by what they are about; each module marks its own. `ANSWERS` holds them all."""

from bridge.standin.api.binding import ANSWERS
from bridge.standin.api_calls import envelope, fx, media, project, system, track

__all__ = ["ANSWERS", "envelope", "fx", "media", "project", "system", "track"]
