"""The daemon as `bridge daemon` runs it, with workers that know the plugins of `faulty_plugins`.

python daemon_with_faults.py HOME
"""

import sys
from functools import partial
from pathlib import Path

from bridge.daemon.service import run
from bridge.plugins.host import host
from bridge.settings import load_settings

if __name__ == "__main__":
    host.PluginHost = partial(  # type: ignore[assignment, misc]
        host.PluginHost, modules=["faulty_plugins"], module_folders=[Path(__file__).parent]
    )
    sys.exit(run(load_settings({"home": Path(sys.argv[1]), "osc_port": 0})))
