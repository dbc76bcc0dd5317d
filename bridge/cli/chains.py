"""`bridge chain` and `bridge plugins`: what is installed, and chains made of it."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
