"""Files beside each other on the machines of a Dask cluster, which see the same folders and have Bridge installed.

The cluster is the user's own: somebody has started its scheduler and its workers (`dask scheduler`, `dask worker`). Its
scheduler gives a file whose worker has died to another one; one whose workers die again and again is named.
"""

from __future__ import annotations

import atexit
import functools
import threading
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from bridge.errors import SettingsError
from bridge.offline.folder.process_file import FileEvent, FileOutcome, FileProcessor, IsCancelled
from bridge.offline.job import FileJob
from bridge.plugins.host.host import host_for
from bridge.settings import Settings

if TYPE_CHECKING:
    from distributed import Client

LOOK_EVERY_S = 0.5  # whether the user has cancelled
CONNECT_S = 10.0
_lock = threading.Lock()


def run_on_cluster(
    jobs: Sequence[FileJob], settings: Settings, is_cancelled: IsCancelled, *, address: str
) -> Generator[FileEvent]:
    """Do `jobs` on the cluster whose scheduler listens at `address`, and yield what became of each, as it happens.

    Raises SettingsError where no scheduler answers.
    """
    from distributed import wait
    from distributed.client import FIRST_COMPLETED

    client = _connect(address)
    try:
        waiting = {client.submit(process_on_worker, job, settings, pure=False): n for n, job in enumerate(jobs)}
        while waiting and not is_cancelled():
            try:
                with client.as_current():
                    done = wait(list(waiting), timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED).done
            except TimeoutError:
                continue
            for future in done:
                error = future.exception()
                yield waiting.pop(future), future.result() if error is None else FileOutcome(error=_explain(error))
        client.cancel(list(waiting), force=True)
    finally:
        client.close()


def process_on_worker(job: FileJob, settings: Settings) -> FileOutcome:
    """One file, in a worker of the cluster, which keeps its model and plugin host for the next one."""
    with _lock:
        processor = _processor(settings)
    return processor(job)


@functools.cache
def _processor(settings: Settings) -> FileProcessor:
    host = host_for(settings)
    atexit.register(host.close)
    return FileProcessor(settings, host)


def _connect(address: str) -> Client:
    from distributed import Client

    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SettingsError(
            f"No Dask scheduler answers at {address}: {error}. Start one with `dask scheduler`, and give the address "
            "that it prints."
        ) from error


def _explain(error: BaseException) -> str:
    return f"The cluster could not do it: {type(error).__name__}: {error}. Try it by itself on this machine."
