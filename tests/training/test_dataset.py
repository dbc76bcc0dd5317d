"""Material: what is learned from is not what is checked by."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from small_training import small_options

from bridge.training.dataset import DatasetSettings, build_dataset


def test_no_synthesised_recording_is_on_two_sides(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name and by ear, at the seed whose own recordings would begin where those to validate by do."""
    monkeypatch.setenv("PATH", "")  # no espeak-ng and no FluidSynth: what Bridge itself synthesises will do
    told = small_options(folder, tmp_path).order
    examples = msgspec.structs.replace(told.recipe.examples, synthesised_takes=1)
    recipe = msgspec.structs.replace(told.recipe, examples=examples)
    gathered = build_dataset(DatasetSettings(told.task, recipe, told.chain, told.data, 500, 1))
    train, validation = (
        {one.name: one.audio for one in side if one.name.startswith("synthesised/")}
        for side in (gathered.train, gathered.validation)
    )
    assert train and validation
    assert train.keys().isdisjoint(validation)
    for audio in train.values():
        assert not any(np.array_equal(audio, other) for other in validation.values())
