"""What can go wrong between a script and the stand-in, by kind.

A `Misuse` is kept and raised again when the tick ends, even where the script has caught it: in REAPER it would be
a bug that a user meets. An `InjectedFailure` is a fault that a test injected; the script is expected to cope.
"""

from bridge.errors import LinkError


class Misuse(LinkError):
    """A script used REAPER's API in a way that REAPER does not have: a name, an argument, a dead pointer."""


class NotSimulated(Misuse):
    """The function exists in REAPER, but this stand-in does not have it."""


class InjectedFailure(LinkError):
    """A call failed because a test injected it."""
