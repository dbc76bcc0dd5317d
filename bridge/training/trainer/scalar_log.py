"""Numbers of a training over its updates, for those who want to see them as curves: nowhere, or for TensorBoard.

TensorBoard is an option: its package is imported when a log is opened for it, never before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import SettingsError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FLUSH_EVERY_S = 10


class ScalarLog:
    """Writes curves called GROUP/NAME; without a writer, nothing."""

    def __init__(self, writer: SummaryWriter | None = None) -> None:
        self._writer = writer

    def add(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Take `values` by name, as they were after update `step`; `group` is "learning" or "validation"."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)


@contextmanager
def open_log(folder: Path | None, *, from_step: int = 0) -> Iterator[ScalarLog]:
    """Open a log into `folder`, which TensorBoard reads while it is written; None: no log.

    A training that goes on at update `from_step` replaces what was written of later ones before it was stopped.

    Raises:
        SettingsError: TensorBoard is not installed, or `folder` cannot be written to.
    """
    if folder is None:
        yield ScalarLog()
        return
    try:
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        writer = SummaryWriter(str(folder), purge_step=from_step or None, flush_secs=FLUSH_EVERY_S)
    except ImportError as error:
        raise SettingsError(
            f"--tensorboard {folder} needs the package tensorboard, which is not installed. "
            "Install it with: pip install 'reaper-bridge[tensorboard]', or leave the option out."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"--tensorboard {folder} cannot be written to ({error.strerror}). Give another folder."
        ) from error
    with writer:
        yield ScalarLog(writer)
