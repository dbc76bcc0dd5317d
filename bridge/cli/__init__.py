"""The command line. Commands print tables for people and `--json` for programs; work happens in the rooms below.

Nothing heavy is imported before a command needs it: `bridge --help` answers at once.
"""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bridge import __version__
from bridge.cli.automix import automix
from bridge.cli.chains import chain, plugins
from bridge.cli.installation import doctor, install, uninstall
from bridge.cli.layouts import layouts
from bridge.cli.midi import midi
from bridge.cli.mix_balance import levels
from bridge.cli.models import evaluate, models, styles
from bridge.cli.param_types import FOLDER
from bridge.cli.preferences import prefer
from bridge.cli.service import daemon, demo
from bridge.cli.training import train
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Sequence


_NO_SPACE = ("ENOSPC", "EFBIG", "EDQUOT")  # a full disk, a limit of sizes, a used-up quota


class BridgeGroup(click.Group):
    """Turns every BridgeError into one line on standard error; `--debug` shows the trace as well."""

    def main(self, args: Sequence[str] | None = None, *unused: Any, **options: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            return super().main(arguments, *unused, **options)
        except (BridgeError, OSError) as error:
            if "--debug" in arguments:
                traceback.print_exc()
            if isinstance(error, BridgeError):
                _leave(str(error), error.exit_status)
            remedy = (
                "Free some space"
                if errno.errorcode.get(error.errno or 0) in _NO_SPACE
                else "Check the name and its folder"
            )
            _leave(f"{error.filename or 'A file'}: {error.strerror or error}. {remedy}.", 1)


def _leave(message: str, exit_status: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(exit_status)


@click.group(cls=BridgeGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reaper-bridge")
@click.option("--debug", is_flag=True, help="Show the trace of an error.")
@click.option(
    "--home",
    type=FOLDER,
    help="Folder of spool, styles and own models (default: the user's data folder).",
)
@click.pass_context
def main(context: click.Context, debug: bool, home: Path | None) -> None:  # noqa: ARG001 (read in BridgeGroup)
    """REAPER sets a track's plugins by listening."""
    context.obj = {"home": home}


for command in (
    automix,
    chain,
    daemon,
    demo,
    doctor,
    evaluate,
    install,
    layouts,
    levels,
    midi,
    models,
    plugins,
    prefer,
    styles,
    train,
    uninstall,
):
    main.add_command(command)
