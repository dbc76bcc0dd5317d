"""The embedded stand-in for REAPER: a Lua runtime with a strict `reaper` table over real plugins."""

from bridge.standin.reaper import StandIn

__all__ = ["StandIn"]
