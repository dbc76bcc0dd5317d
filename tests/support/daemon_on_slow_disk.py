"""The daemon as `bridge daemon` runs it, on a disk that takes its time: every file of the spool that is opened,
renamed or removed waits, as on a disk that is busy with something else.

python daemon_on_slow_disk.py HOME
"""

import os
import sys
import threading
from pathlib import Path

from bridge.daemon.service import run
from bridge.settings import load_settings

WAIT_S = 0.1


def slow_down(spool: Path) -> None:
    def wait(event: str, arguments: tuple[object, ...]) -> None:
        if event not in ("open", "os.rename", "os.remove"):
            return
        path = arguments[0]
        if isinstance(path, str | os.PathLike) and str(path).startswith(str(spool)):
            threading.Event().wait(WAIT_S)

    sys.addaudithook(wait)


if __name__ == "__main__":
    home = Path(sys.argv[1])
    slow_down(home / "spool")
    sys.exit(run(load_settings({"home": home, "osc_port": 0})))
