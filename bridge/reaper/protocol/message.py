"""The base of all messages between REAPER's scripts and the daemon."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in the spool: frozen, and strict about unknown keys."""
