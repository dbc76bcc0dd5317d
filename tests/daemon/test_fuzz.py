"""Made-up packets and files, a few hundred of them; `tests/bench/bench_fuzz.py` throws as many as one likes."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import msgspec
import psutil
import pytest
from daemon_process import Daemon, Home
from free_port import free_port
from fuzz_run import FuzzRun

from bridge.daemon.command_queue import MAX_WAITING
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.host.host import PluginHost

PACKETS, FILES = 2_000, 150


@pytest.mark.parametrize("has_reaper_port", [False, True])
def test_nonsense_ends_nothing_and_leaves_the_spool_nowhere(home: Home, has_reaper_port: bool) -> None:
    """With a port on which nobody answers, what surfaces ask of REAPER waits; without one it is refused."""
    environment = {"BRIDGE_REAPER_OSC_PORT": str(free_port())} if has_reaper_port else {}
    with home.daemon(environment=environment) as daemon, FuzzRun(home, daemon, random.Random(7)) as run:
        run.send_packets(PACKETS)
        if not has_reaper_port:
            run.put_files(FILES)
        run.ask_well()
        assert run.faults() == []
        asks = list((home.spool.folder / "asks").iterdir())
        assert len(asks) <= MAX_WAITING + 1  # what came before REAPER was known not to answer


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is read from /proc")
def test_a_path_that_a_request_names_is_never_loaded(served: tuple[Home, Daemon], tmp_path: Path) -> None:
    """A VST3 of the track is rendered by the one installed under its file's name, wherever the request says it is."""
    home, daemon = served
    installed = Catalog().find("vst3:ZamCompX2")
    with PluginHost(workers=1) as host:  # what it looks like where one is loaded
        host.identify("vst3:ZamCompX2")
        assert loaded_from(host.worker_pids)
    eq, compressor = home.coloured_fx()
    for name in ("ZamCompX2.vst3", "Foreign.vst3"):
        placed = tmp_path / name
        copy = shutil.copytree if installed.is_dir() else shutil.copy
        copy(installed, placed)
        for field in ("ident", "name", "original_name"):
            fx = [eq, msgspec.structs.replace(compressor, type="VST3", **{field: str(placed)})]
            assert home.ask(fx=fx).status in ("apply", "unchanged")
    named = str(tmp_path / "Foreign.vst3")
    for options in ({"model": named}, {"model": "../../models/channel-strip"}, {"style": named}):
        assert home.ask(options=options).status == "error"
    assert home.ask().status == "apply"
    family = psutil.Process(daemon.process.pid).children(recursive=True)
    loaded = loaded_from([daemon.process.pid, *(child.pid for child in family)])
    assert not {file for file in loaded if not Path(file).is_relative_to(installed)}


def loaded_from(pids: list[int]) -> set[str]:
    """The files of VST3 plugins that processes have mapped."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {line.split(maxsplit=5)[-1] for line in lines if ".vst3" in line}


@pytest.mark.skipif(os.name == "nt", reason="modes of folders are POSIX's")
def test_nobody_else_reads_what_lies_in_the_spool(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for folder in (home.spool.folder, *home.spool.folder.iterdir()):
        assert folder.stat().st_mode & 0o077 == 0, folder
