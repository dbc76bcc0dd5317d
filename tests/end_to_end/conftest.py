"""A daemon process and a stand-in for REAPER that share one home folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_model import save_neutral_model

from bridge.demo.daemon_process import running_daemon
from bridge.plugins.chain.chain import Chain
from bridge.settings import load_settings
from bridge.standin import StandIn

LUA = ("5.3", "5.4")


@dataclass
class LiveSession:
    """REAPER with the daemon beside it."""

    home: Path
    reaper: StandIn

    def settle(self) -> None:
        """What was prepared so far is done: undo goes no further back."""
        self.reaper.project.history.add("Prepare the test", -1)

    def press(self, action: str = "bridge_automix.lua", limit_s: float = 60.0) -> None:
        """Run an action and wait until REAPER is idle again."""
        self.reaper.run_action(action)
        self.reaper.run_until_idle(limit_s=limit_s)

    @property
    def spool_files(self) -> list[str]:
        spool = self.home / "spool"
        files = (f.relative_to(spool).as_posix() for f in spool.rglob("*") if f.is_file())
        return sorted(name for name in files if not name.startswith(("heartbeat.json", "offer.json", "applied/")))

    def wait_for_empty_spool(self, limit_s: float = 10.0) -> None:
        """The daemon takes receipts away as it reads them; nothing else may be left."""
        end_s = time.monotonic() + limit_s
        pause = threading.Event()
        while left := self.spool_files:
            assert time.monotonic() < end_s, f"left in the spool: {left}"
            pause.wait(0.01)


@pytest.fixture(params=LUA)
def lua(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="package")
def home_with_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Chain | None, bool], Path]]:
    """Home folders, with spaces and umlauts in their paths, that a daemon serves: one for each model."""
    homes: dict[str, Path] = {}
    with ExitStack() as stack:

        def serve(chain: Chain | None, is_model_shipped: bool) -> Path:
            key = "shipped" if is_model_shipped else chain.key if chain else "neutral"
            if key not in homes:
                home = tmp_path_factory.mktemp(key) / "Jörgs Bridge"
                if not is_model_shipped:
                    save_neutral_model(home / "models" / "channel-strip", chain)
                settings = load_settings(environment={"BRIDGE_HOME": str(home)})
                stack.enter_context(running_daemon(home, settings))
                homes[key] = home
            return homes[key]

        yield serve


@pytest.fixture
def open_session(home_with_daemon: Callable[[Chain | None, bool], Path]) -> Iterator[Callable[..., LiveSession]]:
    """Opens REAPER on a home that a daemon serves, and closes it again."""
    with ExitStack() as stack:

        def open_(
            *, lua: str = "5.4", seed: int = 0, chain: Chain | None = None, is_model_shipped: bool = False
        ) -> LiveSession:
            home = home_with_daemon(chain, is_model_shipped)
            reaper = stack.enter_context(StandIn(home=home, lua=lua, seed=seed))
            reaper.ext_state["Bridge", "add_fx"] = "no"  # this user was asked once, and wants none added
            return LiveSession(home, reaper)

        yield open_
