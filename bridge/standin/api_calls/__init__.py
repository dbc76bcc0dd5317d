"""What the simulated functions of REAPER's API do, one module per family. `API_CALLS` holds them all."""

from bridge.standin.api.binding import API_CALLS
from bridge.standin.api_calls import envelope, fx, media, project, system, track

__all__ = ["API_CALLS", "envelope", "fx", "media", "project", "system", "track"]
