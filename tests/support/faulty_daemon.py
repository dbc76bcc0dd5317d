"""The daemon as `bridge daemon` runs it, with injected faults.

    python faulty_daemon.py HOME plugins|disk

"plugins": its workers know the plugins of `faulty_plugins`. "disk": every file of the spool that is opened, renamed or
removed waits, as on a disk that is busy with something else.
"""

import os
import sys
import threading
from functools import partial
from pathlib import Path

from bridge.daemon.service import run
from bridge.plugins.host import host
from bridge.settings import load_settings

WAIT_S = 0.1


def load_faulty_plugins() -> None:
    host.PluginHost = partial(  # type: ignore[assignment, misc]
        host.PluginHost, modules=["faulty_plugins"], module_folders=[Path(__file__).parent]
    )


def slow_down(spool: Path) -> None:
    def wait(event: str, arguments: tuple[object, ...]) -> None:
        if event not in ("open", "os.rename", "os.remove"):
            return
        path = arguments[0]
        if isinstance(path, str | os.PathLike) and str(path).startswith(str(spool)):
            threading.Event().wait(WAIT_S)

    sys.addaudithook(wait)


if __name__ == "__main__":
    home, fault = Path(sys.argv[1]), sys.argv[2]
    if fault == "plugins":
        load_faulty_plugins()
    else:
        slow_down(home / "spool")
    sys.exit(run(load_settings({"home": home, "osc_port": 0})))
