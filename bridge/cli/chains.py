"""`bridge chain` and `bridge plugins`: what is installed, and chains made of it."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.output import json_option, print_table, settings_of, shown_progress, write_json
from bridge.errors import ChainError
from bridge.settings import Settings, shipped_folder

_FILE = click.Path(path_type=Path, dir_okay=False)
