"""The training loop: stages and rates by the share that is done, the best weights kept, whatever a check says."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bridge.errors import ModelError
from bridge.training.dataset import Dataset
from bridge.training.trainer.settings import LossWeights, TrainingStage
from bridge.training.trainer.trainer import Trainer, best_weights_file, checkpoint_file, find_stage, learning_rate_at

STAGES = [
    TrainingStage(name="first", share=1.0, loss=LossWeights(position=1.0)),
    TrainingStage(name="second", share=3.0, loss=LossWeights(position=1.0), rate=0.5),
]


UNTRAINED = 9.0


class Counter:
    """A train step whose one weight counts updates, and whose validation scores are given; `UNTRAINED` before any."""

    def __init__(self, scores: list[float]) -> None:
        self.encoder = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(self.encoder.weight)
        self.untrained = {"weight": torch.zeros(1, 1)}
        self.scores, self.known = iter(scores), {0.0: UNTRAINED}
        self.seen: list[tuple[int, str, float]] = []

    def update(
        self, examples: dict[str, np.ndarray], *, seed: int, step: int, rate: float, stage: TrainingStage
    ) -> dict[str, float]:
        self.seen.append((step, stage.name, rate))
        with torch.no_grad():
            self.encoder.weight += 1
        return {"loss": float(step)}

    def validate(
        self, examples: dict[str, np.ndarray], weights: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, float]:
        if weights is None:
            self.known[self.count] = next(self.scores)
        return {"loss": self.known.get(self.count if weights is None else float(weights["weight"]), math.inf)}

    def state(self) -> dict[str, torch.Tensor]:
        weight = self.encoder.weight.detach()
        return {"encoder.weight": weight, "average.weight": weight}

    def load_state(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.encoder.load_state_dict({"weight": tensors["encoder.weight"]})

    @property
    def count(self) -> float:
        return float(self.encoder.weight.detach())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (folder := tmp_path / "examples" / "learning").mkdir(parents=True)
    return folder


class Examples(Dataset):
    """None that anybody looks at."""

    def __init__(self) -> None:
        self.examples = {}

    def join(self, *, least_share: float = 0.0) -> None:
        pass


def new_trainer(folder: Path, scores: list[float], **changes: object) -> Trainer:
    options: dict[str, object] = {
        "stages": STAGES,
        "validate_every": 5,
        "checkpoint_every_s": 30.0,
        "limit_s": 60.0,
        "limit_steps": 20,
    }
    return Trainer(folder, Examples(), Examples(), Counter(scores), seed=0, **(options | changes))  # type: ignore[arg-type]


def run(trainer: Trainer, stops_after: int | None = None) -> bool:
    return trainer.run(lambda _share, _text: None, lambda: trainer.step == stops_after)


def test_stages_follow_by_their_shares(folder: Path) -> None:
    trainer = new_trainer(folder, [1.0] * 5)
    assert run(trainer)
    names = [name for _, name, _ in trainer.train_step.seen]  # type: ignore[attr-defined]
    assert names == ["first"] * 5 + ["second"] * 15
    assert find_stage(STAGES, 1.0).name == "second"


def test_rates_rise_at_the_start_and_fall_to_a_fiftieth(folder: Path) -> None:
    rates = [learning_rate_at(done) for done in np.linspace(0, 1, 201)]
    top = int(np.argmax(rates))
    assert rates[0] == 0.05 and rates[top] == pytest.approx(1.0) and rates[-1] == pytest.approx(0.02)
    assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)
    trainer = new_trainer(folder, [1.0] * 5)
    run(trainer)
    step, _, rate = trainer.train_step.seen[10]  # type: ignore[attr-defined]
    assert rate == pytest.approx(0.5 * learning_rate_at(step / 20))  # the stage's own factor is in it


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([3.0, 1.0, 2.0, 4.0], 10),
        ([3.0, 2.0, 1.0, 0.5], 20),
        ([3.0, math.nan, 2.0, 4.0], 15),
        ([math.nan, 2, 3, 4], 10),
    ],
)
def test_the_best_weights_are_kept(folder: Path, scores: list[float], best: int) -> None:
    """A check that says nothing (NaN) is no reason to keep weights, nor ever after to refuse others."""
    trainer = new_trainer(folder, scores)
    run(trainer)
    trainer.load_best()
    assert trainer.train_step.count == best  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("scores", "learned"), [([10.0, 9.5, 11.0, 9.0], False), ([10.0, 8.9, 11.0, 12.0], True), ([math.nan] * 4, False)]
)
def test_it_has_learned_when_the_weights_that_ship_do_better_than_those_before_the_first_update(
    folder: Path, scores: list[float], learned: bool
) -> None:
    run(trainer := new_trainer(folder, scores))
    assert (trainer.untrained, trainer.has_learned) == (UNTRAINED, learned)


def test_resumed_it_knows_how_far_it_was_and_what_was_best(folder: Path) -> None:
    assert not run(new_trainer(folder, [1.0, 2.0], prepared_s=7.0), stops_after=12)
    trainer = new_trainer(folder, [3.0, 4.0], prepared_s=1.0)
    trainer.resume()
    assert (trainer.step, trainer.best, trainer.prepared_s) == (12, 1.0, 7.0)
    assert run(trainer)
    assert [step for step, _, _ in trainer.train_step.seen] == list(range(12, 20))  # type: ignore[attr-defined]
    trainer.load_best()
    assert trainer.train_step.count == 5  # type: ignore[attr-defined]


def test_stopped_before_the_first_check_it_can_be_resumed(folder: Path) -> None:
    run(new_trainer(folder, []), stops_after=2)
    trainer = new_trainer(folder, [1.0] * 4)
    trainer.resume()
    assert (trainer.step, trainer.best) == (2, math.inf)


def test_killed_after_a_check_it_keeps_the_better_weights(folder: Path) -> None:
    """The best weights were written after the checkpoint that a resume goes on from."""
    run(new_trainer(folder, []), stops_after=4)
    old = checkpoint_file(folder).read_bytes()
    run(new_trainer(folder, [1.0]), stops_after=6)
    checkpoint_file(folder).write_bytes(old)
    trainer = new_trainer(folder, [2.0] * 4)
    trainer.resume()
    assert (trainer.step, trainer.best) == (4, 1.0)


def test_a_damaged_file_of_best_weights_is_found_when_resuming(folder: Path) -> None:
    run(new_trainer(folder, [1.0]), stops_after=6)
    best_weights_file(folder).write_bytes(b"")
    with pytest.raises(ModelError, match=r"best\.safetensors is damaged"):
        new_trainer(folder, []).resume()


def test_a_state_of_another_version_is_refused(folder: Path) -> None:
    run(new_trainer(folder, []), stops_after=2)
    trainer = new_trainer(folder, [])
    trainer.train_step.encoder = torch.nn.Linear(3, 3)  # type: ignore[misc]
    with pytest.raises(ModelError, match="does not fit this version"):
        trainer.resume()


def test_the_time_for_learning_is_what_preparing_left_over(folder: Path) -> None:
    """Nothing is left: a second is learned all the same. Of much, most is to come."""
    late = new_trainer(folder, [1.0] * 99, limit_steps=None, limit_s=5.0, prepared_s=9.0, validate_every=10**9)
    assert run(late)
    assert 0.9 < late.spent_s - 9.0 < 5.0
    early = new_trainer(folder, [], limit_steps=None, limit_s=1000.0, prepared_s=400.0)
    assert early.done < 0.02


@pytest.mark.parametrize(("update_s", "updates"), [(0.5, 10), (3.0, 5)])
def test_some_updates_are_made_whatever_preparing_left_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, update_s: float, updates: int
) -> None:
    """Ten, or as many as ten seconds hold after the first."""
    now = [0.0]
    monkeypatch.setattr("bridge.training.trainer.trainer.time.monotonic", lambda: now[0])
    trainer = new_trainer(folder, [1.0], limit_steps=None, limit_s=5.0, prepared_s=9.0, validate_every=10**9, begin=0.0)
    update = trainer.train_step.update

    def slow_update(examples: dict[str, np.ndarray], **settings: Any) -> dict[str, float]:
        now[0] += update_s
        return update(examples, **settings)

    monkeypatch.setattr(trainer.train_step, "update", slow_update)
    assert run(trainer)
    assert trainer.step == updates
    rates = [rate for _, _, rate in trainer.train_step.seen]  # type: ignore[attr-defined]
    assert max(rates) > 0.3, "the rates rise and fall within them"


def test_checkpoints_come_by_the_clock(folder: Path) -> None:
    written: list[bool] = []

    def look() -> bool:
        written.append(checkpoint_file(folder).is_file())
        return False

    new_trainer(folder, [1.0] * 4, checkpoint_every_s=1e-9).run(lambda _share, _text: None, look)
    assert written == [False] + 19 * [True]
