"""Numbers as options take them: within a range that 'nan' does not pass, as it does click's own."""

from __future__ import annotations

import math
from typing import Any

import click

MOST_SEED = 2**31 - 1  # that every generator takes


class Number(click.FloatRange):
    """A finite number within a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


SEED = click.IntRange(0, MOST_SEED)
