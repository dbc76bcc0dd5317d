"""What a bench measured beside what it must reach, printed as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """A target that is missed fails the bench, after the whole table was printed."""

    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def add(self, what: str, measured: str, target: str, *, is_met: bool) -> None:
        self.rows.append((what, measured, target, is_met))

    def check(self) -> None:
        print("\n| What | Measured | Target | Met |\n|---|---|---|---|")
        for what, measured, target, is_met in self.rows:
            print(f"| {what} | {measured} | {target} | {'yes' if is_met else 'NO'} |")
        assert all(row[3] for row in self.rows), "targets are missed: see the table"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all lie at or below."""
    ordered = sorted(values)
    return ordered[min(int(percent / 100 * len(ordered)), len(ordered) - 1)]
