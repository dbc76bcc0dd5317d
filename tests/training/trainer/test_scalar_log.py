"""Curves of a training: what was added is what TensorBoard reads; without it nothing is written and nothing asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.training.trainer.scalar_log import ScalarLog, open_log


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """By TensorBoard's own reader: (update, value) by curve."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_reads_what_was_added(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with open_log(tmp_path / "Kurven ä") as log:
        for step in (1, 2, 3):
            log.add("learning", step, {"match.position": 0.5 / step, "surrogate_db": 2.0})
        log.add("validation", 3, {"match.position": 0.25})
    read = curves(tmp_path / "Kurven ä")
    assert read == {
        "learning/match.position": [(1, 0.5), (2, 0.25), (3, pytest.approx(0.5 / 3))],
        "learning/surrogate_db": [(1, 2.0), (2, 2.0), (3, 2.0)],
        "validation/match.position": [(3, 0.25)],
    }


def test_a_resumed_training_replaces_what_the_stopped_one_wrote_later(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with open_log(tmp_path) as log:
        for step in range(6):
            log.add("learning", step, {"loss": 1.0})
    with open_log(tmp_path, from_step=4) as log:
        for step in range(4, 7):
            log.add("learning", step, {"loss": 0.5})
    expected = [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 0.5), (5, 0.5), (6, 0.5)]
    assert curves(tmp_path)["learning/loss"] == expected


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_log(None) as log:
        log.add("learning", 1, {"loss": 1.0})
    assert type(log) is ScalarLog
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tensorboard_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # an import of it now fails as it does where it is missing
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    remedy = r"pip install 'reaper-bridge\[tensorboard\]'"
    with pytest.raises(SettingsError, match=remedy), open_log(tmp_path / "curves"):
        pass
    assert not (tmp_path / "curves").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written to"), open_log(tmp_path / "file" / "curves"):
        pass


def test_tensorboard_is_not_imported_before_it_is_asked_for() -> None:
    program = "import sys, bridge.training.trainer.scalar_log; sys.exit('tensorboard' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
