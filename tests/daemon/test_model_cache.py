"""Models that change on disk while the daemon runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from daemon_process import Home
from small_model import save_neutral_model

from bridge.plugins.chain.chain_file import load_chain
from bridge.reaper.protocol.left_alone import LeftAloneKind
from bridge.settings import shipped_folder


def test_a_model_that_changes_on_disk_is_used_for_the_next_job(home: Home) -> None:
    model = home.folder / "models" / "channel-strip"
    with home.daemon():
        equaliser = {"low_shelf", "peak_low", "peak_high", "high_shelf"}
        assert {change.slot for change in home.ask().changes} > equaliser
        chain = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
        shorter = msgspec.structs.replace(chain, slots=tuple(s for s in chain.slots if s.name in equaliser))
        save_neutral_model(model, shorter)
        assert {change.slot for change in home.ask().changes} == equaliser


def test_a_model_that_becomes_damaged_goes_on_as_it_was_and_says_so(home: Home) -> None:
    weights = home.folder / "models" / "channel-strip" / "weights.safetensors"
    with home.daemon():
        assert home.ask().status == "apply"
        weights.write_bytes(weights.read_bytes()[:1000])
        reply = home.ask()
        assert reply.status == "apply"
        (note,) = [row for row in reply.left_alone if row.what == "model channel-strip"]
        assert note.kind is LeftAloneKind.MODEL_DAMAGED


def test_a_model_damaged_from_the_start_is_an_error_until_it_is_mended(home: Home, model_folder: Path) -> None:
    weights = home.folder / "models" / "channel-strip" / "weights.safetensors"
    weights.write_bytes(b"x" * 100)
    with home.daemon():
        reply = home.ask()
        assert reply.status == "error"
        assert "does not match its manifest" in reply.error
        shutil.copy(model_folder / "weights.safetensors", weights)
        assert home.ask().status == "apply"
