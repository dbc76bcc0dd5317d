"""Checkpoints: everything comes back, of the right training, or an error says what to do."""

from pathlib import Path

import pytest
import torch

from bridge.errors import ModelError
from bridge.training.trainer.checkpoint import (
    CheckpointState,
    load_checkpoint,
    pack_optimizer,
    prefixed,
    save_checkpoint,
    tensors_with_prefix,
    unpack_optimizer,
)

STAND = CheckpointState(step=7, prepared_s=0.5, elapsed_s=1.5, best_validation=3.25, signature="abc")


def stepped(seed: int) -> tuple[torch.nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(seed)
    module = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        module(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
    return module, optimizer


def test_module_and_optimizer_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    module, optimizer = stepped(0)
    file = tmp_path / "stand.safetensors"
    save_checkpoint(file, prefixed(module.state_dict(), "net") | pack_optimizer(optimizer, "adam"), STAND)
    other, other_optimizer = stepped(1)
    tensors, stand = load_checkpoint(file, "abc")
    other.load_state_dict(tensors_with_prefix(tensors, "net"))
    unpack_optimizer(other_optimizer, "adam", tensors)
    assert stand == STAND
    for net, adam in ((module, optimizer), (other, other_optimizer)):
        adam.zero_grad()
        net(torch.ones(1, 3)).sum().backward()
        adam.step()
    for one, two in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def test_what_was_loaded_holds_the_file_no_longer(tmp_path: Path) -> None:
    """A file that tensors still lie in cannot be replaced on Windows; what is written into it would show in them."""
    file = tmp_path / "stand.safetensors"
    save_checkpoint(file, {"x": torch.ones(1 << 20)}, STAND)
    tensors, _ = load_checkpoint(file, "abc")
    with file.open("r+b") as opened:
        opened.write(bytes(file.stat().st_size))
    assert tensors["x"].min() == 1


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stand.safetensors"
    save_checkpoint(file, {"x": torch.zeros(1)}, STAND)
    with pytest.raises(ModelError, match="other data, chain or options"):
        load_checkpoint(file, "another")


def test_before_the_first_validation_there_is_no_best(tmp_path: Path) -> None:
    file = tmp_path / "stand.safetensors"
    stand = CheckpointState(step=1, prepared_s=0.0, elapsed_s=0.1, best_validation=None, signature="abc")
    save_checkpoint(file, {"x": torch.zeros(1)}, stand)
    assert load_checkpoint(file, "abc")[1] == stand


def test_a_failed_write_leaves_the_last_checkpoint_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk refuses to take the bytes: what was there before can still be read."""
    file = tmp_path / "stand.safetensors"
    save_checkpoint(file, {"x": torch.ones(1)}, STAND)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(file, {"x": torch.zeros(1)}, STAND)
    assert load_checkpoint(file, "abc")[0]["x"] == 1


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    file = tmp_path / "stand.safetensors"
    save_checkpoint(file, {"x": torch.zeros(1000)}, STAND)
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ModelError, match=r"damaged.*without --resume"):
        load_checkpoint(file, "abc")
