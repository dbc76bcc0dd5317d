"""Types of arguments and options that several commands take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

MOST_SEED = 2**31 - 1  # that every generator takes


class Number(click.FloatRange):
    """A finite number within a range: 'nan' does not pass, as it does click's own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


FILE = click.Path(path_type=Path, dir_okay=False)
PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
EXISTING_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
SEED = click.IntRange(0, MOST_SEED)
