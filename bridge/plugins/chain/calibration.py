"""Calibration as data: what measuring a plugin has shown, and which of its parameters may be controls.

`worker.calibrate` measures, inside a worker. Nothing here loads a plugin.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from bridge.plugins.chain.chain import Fingerprint
from bridge.plugins.chain.display_law import DisplayLaw, RangeLaw

_MONITORING = re.compile(
    r"\b(listen|solo|audition|preview|monitor(ing)?)\b|\breport latency\b"
    r"|^(ext(ernal)?\W*)?side\W?chain(\W*(in|input|source|enable|on|ext|external))?$",
    re.IGNORECASE,
)
"""Names of what serves the person at the desk or the host: they listen to a part, or to an input that nothing feeds."""

Kind = Literal["continuous", "switch", "dead", "meter", "program", "fixed", "ignored"]


class ParameterReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One parameter as measured.

    `kind`: `continuous` and `switch` may be controls; the others may not, and `note` says why. `default` and
    `step` (the finest move that the plugin keeps; 0 for none seen) are normalized. `law` is None where the texts
    are no rising or falling numbers. `sensitivity_db` is the largest change of the output spectrum over its range.
    `useful`: the normalized range around the default in which the plugin neither falls silent nor blasts.
    """

    name: str
    index: int
    unit: str
    default: float
    kind: Kind
    note: str = ""
    law: DisplayLaw | RangeLaw | None = None
    choices: tuple[str, ...] = ()
    step: float = 0.0
    sensitivity_db: float = 0.0
    useful: tuple[float, float] = (0.0, 1.0)

    @property
    def is_controllable(self) -> bool:
        """Whether a new chain takes it: it changes the sound, and for good."""
        return self.kind in ("continuous", "switch") and not self.is_monitoring

    @property
    def is_monitoring(self) -> bool:
        """Whether it is for monitoring or for the host, by its name."""
        return _MONITORING.search(self.name) is not None


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of one plugin. `channels`: the channel counts that one instance takes."""

    plugin: str
    fingerprint: Fingerprint
    parameters: tuple[ParameterReport, ...]
    latency_samples: int
    is_deterministic: bool
    channels: tuple[int, ...]
    load_s: float
    notes: tuple[str, ...] = ()

    def report(self, name: str) -> ParameterReport | None:
        """Return what is known of a parameter; None for one that the plugin has not."""
        return next((report for report in self.parameters if report.name == name), None)
