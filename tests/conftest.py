"""The chain of the default model, and a host for it: what many rooms' tests render through."""

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost

pytest_plugins = ["small_model"]
TESTS = Path(__file__).parent
ROOT = TESTS.parent
SLOW_ROOMS = {"cli", "daemon", "demo", "end_to_end", "examples", "standin"}
SLOW_FIXTURES = {"host", "fault_host", "faulty_host", "zam", "next_release", "bridge_home", "start"}

# What is compiled is kept: every process that tests start would compile Bridge anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if "PYTEST_XDIST_WORKER" in os.environ:  # a process for each core: none of them, nor what it starts, needs two
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def chain() -> Chain:
    return load_chain(ROOT / "models" / "chains" / "channel-strip.toml")


@pytest.fixture(scope="session")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=2, load_limit_s=20.0, render_limit_s=20.0) as host:
        yield host


@pytest.fixture(scope="session")
def calibrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is remembered of plugins: measured once for all tests, by whichever process meets a plugin first."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "calibrations"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def bridge_home(tmp_path: Path, calibrations: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A test's own home folder, in which the plugins are known that tests before it have met."""
    home = tmp_path / "home"
    home.mkdir()
    with contextlib.suppress(OSError):  # Windows: links need a right; then plugins are measured anew
        (home / "plugins").symlink_to(calibrations, target_is_directory=True)
    monkeypatch.setenv("BRIDGE_HOME", str(home))
    return home


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `slow` what starts processes or interpreters: by room, and by what a test is given."""
    for item in items:
        room = item.path.relative_to(TESTS).parts[0]
        given = {*getattr(item, "fixturenames", ())}
        starts_scripts = room == "reaper_scripts" and "desk" in given
        if room in SLOW_ROOMS or starts_scripts or given & SLOW_FIXTURES or item.get_closest_marker("alone"):
            item.add_marker("slow")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what is skipped in CI on Linux: `tests/prepare_machine.py` has installed there whatever a test may need."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and sys.platform == "linux":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and in CI nothing may be: {report.longrepr}"
    return report
