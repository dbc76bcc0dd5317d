"""The daemon as the demo starts it."""

from pathlib import Path

import pytest

from bridge.demo.daemon_process import running_daemon
from bridge.errors import LinkError
from bridge.settings import load_settings


def test_a_daemon_that_refuses_to_start_is_not_taken_for_a_ready_one(tmp_path: Path) -> None:
    settings = load_settings(environment={"BRIDGE_HOME": str(tmp_path)})
    with running_daemon(tmp_path, settings) as first:
        with pytest.raises(LinkError, match=r"The daemon ended at once: .*already"), running_daemon(tmp_path, settings):
            pass
        assert first.poll() is None
