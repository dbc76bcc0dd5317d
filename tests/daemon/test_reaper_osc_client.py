"""Scripts are started under every name that REAPER may know them by."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pythonosc.osc_bundle import OscBundle

from bridge.daemon.reaper_osc_client import ReaperOscClient
from bridge.errors import LinkError
from bridge.reaper.install.actions import action_id, known_ids
from bridge.reaper.protocol.spool import Spool
from bridge.settings import Settings

SCRIPT = "bridge_surface_live.lua"
TOLD = "_RS00112233445566778899aabbccddeeff00112233"


@pytest.fixture
def reaper() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(10)
        yield heard


@pytest.fixture
def link(tmp_path: Path, reaper: socket.socket) -> ReaperOscClient:
    spool = Spool(tmp_path / "spool", free_mib=1)
    spool.create()
    return ReaperOscClient(Settings(home=tmp_path, reaper_osc_port=reaper.getsockname()[1]), spool)


def started(reaper: socket.socket) -> list[str]:
    bundle = OscBundle(reaper.recv(65536))
    assert all(message.address == "/action/str" for message in bundle)  # type: ignore[union-attr]
    return [str(message.params[0]) for message in bundle]  # type: ignore[union-attr]


def test_untold_the_places_of_install_and_reapack_are_tried(link: ReaperOscClient, reaper: socket.socket) -> None:
    link.run_script(SCRIPT)
    assert started(reaper) == list(known_ids(SCRIPT))
    assert known_ids(SCRIPT)[0] == action_id(SCRIPT)


def test_what_the_scripts_have_told_comes_first(link: ReaperOscClient, reaper: socket.socket, tmp_path: Path) -> None:
    told = tmp_path / "spool" / "commands.json"
    told.write_text(f'{{"schema": 1, "commands": {{"{SCRIPT}": "{TOLD}"}}}}')
    link.run_script(SCRIPT)
    assert started(reaper) == [TOLD, *known_ids(SCRIPT)]
    told.write_text(f'{{"schema": 1, "commands": {{"{SCRIPT}": "{action_id(SCRIPT)}"}}}}')
    link.run_script(SCRIPT)
    assert started(reaper) == list(known_ids(SCRIPT))


@pytest.mark.parametrize("text", ["{", '{"schema": 1, "commands": {"a": "40001"}}', '{"schema": 9, "commands": {}}'])
def test_a_note_that_is_none_is_said_once(
    link: ReaperOscClient, reaper: socket.socket, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "spool" / "commands.json").write_text(text)
    with caplog.at_level(logging.WARNING, logger="bridge"):
        for _ in range(3):
            link.run_script(SCRIPT)
            assert started(reaper) == list(known_ids(SCRIPT))
    assert len(caplog.messages) == 1
    assert "commands.json" in caplog.messages[0]


def test_without_a_port_it_is_said(tmp_path: Path) -> None:
    link = ReaperOscClient(Settings(home=tmp_path, reaper_osc_port=0), Spool(tmp_path / "spool", free_mib=1))
    with pytest.raises(LinkError, match="reaper_osc_port"):
        link.run_script(SCRIPT)
