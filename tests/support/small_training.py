"""A training of seconds: its recipe, and a program that trains by it, alone or as one of several processes.

python small_training.py DATA OUTPUT      (torchrun says in the environment which process this is)
"""

import sys
import tempfile
from pathlib import Path

import torch

from bridge.plugins.chain.chain_file import load_chain
from bridge.training.options import TrainOptions
from bridge.training.recipe import load_recipe
from bridge.training.train import train

ROOT = Path(__file__).parents[2]
CHAIN = ROOT / "models" / "chains" / "channel-strip.toml"
RECIPE = """
[encoder]
width = 16
blocks = 1
embedding = 16
hidden = 32

[examples]
clip_s = 1.5
shard_examples = 16
synthesised_takes = 0

[learning]
batch = 16
validate_every = 10

[[stages]]
name = "parameters"
share = 0.5
loss = { position = 4.0, spread = 0.2, target = 0.5 }

[[stages]]
name = "sound"
share = 0.4
loss = { position = 1.0, surrogate = 1.0 }
"""
THROUGH_PLUGINS = """
[[stages]]
name = "through the plugins"
share = 0.1
loss = { plugins = 1.0 }
plugins = { examples = 2, clip_s = 0.5, directions = 1 }
"""


def small_options(data: Path, output: Path, recipe: str = RECIPE) -> TrainOptions:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder) / "small.toml").write_text(recipe, encoding="utf-8")
        loaded = load_recipe("channel-strip", file)
    return TrainOptions(
        recipe=loaded,
        chain=load_chain(CHAIN),
        data=(data,),
        output=output,
        steps=40,
        shards=3,
        evaluated_cases=0,
        command="reaper-bridge train ...",
        tensorboard=output.with_name(f"{output.name} curves"),
    )


if __name__ == "__main__":
    train(
        small_options(Path(sys.argv[1]), Path(sys.argv[2]), RECIPE + THROUGH_PLUGINS),
        progress=lambda _, text: print(text, flush=True),
    )
