"""Calibration as data: what measuring a plugin has shown, and which of its parameters may be controls.

`worker.calibrate` measures, inside a worker. Nothing here loads a plugin.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bridge.plugins.chain.chain import Fingerprint
from bridge.plugins.chain.display_law import DisplayLaw, RangeLaw

Kind = Literal["continuous", "switch", "dead", "meter", "program", "fixed", "ignored"]


class ParameterReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One parameter as measured.

    `kind`: `continuous` and `switch` may be controls; the others may not, and `note` says why. `default` and
    `step` (the finest move that the plugin keeps; 0 for none seen) are normalized. `law` is None where the texts
    are no rising or falling numbers. `sensitivity_db` is the largest change of the output spectrum over its range.
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

    @property
    def is_controllable(self) -> bool:
        return self.kind in ("continuous", "switch")


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
        return next((report for report in self.parameters if report.name == name), None)
