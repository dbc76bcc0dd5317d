"""Numbers of a training over its updates, for those who want to see them as curves: nowhere, or for TensorBoard.

TensorBoard is an option: its package is imported when a log is opened for it, never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bridge.errors import SettingsError
from bridge.extras import require_extra

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FLUSH_EVERY_S = 10


class ScalarLog:
    """Takes the numbers and keeps none."""

    def add(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """`values` by name, as they were after update `step`; `group` says of what: "learning", "validation"."""

    def close(self) -> None:
        """Nothing is taken any more, and everything taken has been written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TensorBoardLog(ScalarLog):
    """Writes event files; a curve is called GROUP/NAME."""

    def __init__(self, writer: SummaryWriter) -> None:
        self._writer = writer

    def add(self, group: str, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        self._writer.close()


def open_log(folder: Path | None, *, from_step: int = 0) -> ScalarLog:
    """A log into `folder`, which TensorBoard reads while it is written; None: no log.

    A training that goes on at update `from_step` replaces what was written of later ones before it was stopped.
    Raises ExtraMissing where TensorBoard is not installed, SettingsError where `folder` cannot be written to.
    """
    if folder is None:
        return ScalarLog()
    require_extra("tensorboard", f"--tensorboard {folder}")
    from torch.utils.tensorboard import SummaryWriter

    try:
        folder.mkdir(parents=True, exist_ok=True)
        purged = from_step if from_step > 0 else None
        writer = SummaryWriter(str(folder), purge_step=purged, flush_secs=FLUSH_EVERY_S)
    except OSError as error:
        raise SettingsError(
            f"--tensorboard {folder} cannot be written to ({error.strerror}). Give another folder."
        ) from error
    return TensorBoardLog(writer)
