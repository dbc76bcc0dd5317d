"""Which model a job gets, and what helps where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_model import save_small_model

from bridge.errors import ModelError
from bridge.offline.job import FileJob
from bridge.offline.models_and_styles import model_folder
from bridge.plugins.chain.chain_file import load_chain
from bridge.settings import load_settings

GAIN = '[[slot]]\nname = "gain"\nplugin = "builtin:Gain"\n[slot.control.gain_db]\nrange = [{low}, 6.0]\n'


def test_a_chain_without_a_model_says_how_to_get_one(tmp_path: Path) -> None:
    chain_file, settings = tmp_path / "mine.toml", load_settings({"home": tmp_path, "workers": 1})
    chain_file.write_text(GAIN.format(low=-6.0))
    job = FileJob(source=tmp_path / "in.wav", target=tmp_path / "out.wav", chain_file=chain_file)
    with pytest.raises(ModelError, match=r"No model for the chain mine.*train --chain .*mine\.toml.*--model MODEL_DIR"):
        model_folder(job, settings)
    assert model_folder(replace(job, reference=tmp_path / "like.wav", refine_s=1.0), settings) is None
    save_small_model(tmp_path / "models" / "mine", load_chain(chain_file))
    assert model_folder(job, settings) == tmp_path / "models" / "mine"
    chain_file.write_text(GAIN.format(low=-9.0))
    with pytest.raises(ModelError, match=r"trained for another chain.*train --chain"):
        model_folder(job, settings)
