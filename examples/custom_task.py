"""Train a model for a task of your own, without editing Bridge: give dull recordings their treble back.

Shows a task (which examples it draws, which cases it is evaluated by), how a program registers it, and `train`. A task
is part of Bridge's training and not of the small public API: it may change with a version.

    python examples/custom_task.py songs brighten-model
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import bridge
from bridge.plugins.chain.chain_file import parse_chain
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import AudioFileEntry, read_recordings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.in_chain_cases import in_chain_cases
from bridge.training.options import TrainOptions
from bridge.training.prediction_modes import ModeExample, PredictionMode
from bridge.training.recipe import load_recipe
from bridge.training.tasks.registry import TASKS
from bridge.training.tasks.task import EncoderTask
from bridge.training.train import train

CHAIN = """
[[slot]]
name = "treble"
plugin = "builtin:HighShelfFilter"
fixed = { cutoff_frequency_hz = 4000.0, q = 0.707 }
control = { gain_db = { range = [-12.0, 12.0], neutral = 0.0 } }
"""
RECIPE = """
[encoder]
width = 16
blocks = 1
[examples]
clip_s = 1.5
shard_examples = 16
synthesised_takes = 0
[[stages]]
name = "settings"
share = 1.0
loss = { position = 4.0, spread = 0.2, target = 0.5 }
"""


class BrightenTask(EncoderTask):
    """Recordings whose treble was turned down; right is the gain that turns it up again."""

    name = "brighten"
    modes = (PredictionMode("brighten", has_reference=False, loudness_counts=False),)

    def draw(
        self, renderer: ExampleRenderer, generator: np.random.Generator, count: int
    ) -> list[Mapping[str, ModeExample]]:
        clips = [renderer.draw_clips(generator)[0] for _ in range(count)]
        undoing = generator.uniform(0.5, 1.0, (count, 1)).astype(np.float32)  # positions: 0.5 is 0 dB, 1 is +12 dB
        dull = renderer.render(clips, 1.0 - undoing)  # a shelf's mirrored gain is its exact inverse
        return [{self.name: ModeExample(dull[i], clips[i], undoing[i])} for i in range(count)]

    def cases(
        self,
        chain: bridge.Chain,
        host: bridge.PluginHost,
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, list[EvaluationCase]]:
        recordings = read_recordings(files, must_stop=must_stop)
        cases = in_chain_cases(chain, host, recordings, "automix", each=each, seed=seed, must_stop=must_stop)
        return {self.name: cases}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()

    TASKS[BrightenTask.name] = BrightenTask()  # from here on, training and evaluation know it
    with TemporaryDirectory() as folder:
        (file := Path(folder) / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        recipe = load_recipe("channel-strip", file)  # what the file leaves out is as for channel-strip
    options = TrainOptions(
        task=BrightenTask.name,
        chain=parse_chain(CHAIN, source="CHAIN", default_name="treble"),
        recipe=recipe,
        data=(arguments.data,),
        output=arguments.output,
        steps=30,  # for a real model leave this out and give `minutes`
        shards=2,
        evaluated_cases=1,
    )
    manifest = train(options, progress=lambda share, text: print(f"{share:4.0%} {text}"))
    assert manifest is not None
    print(f"trained {manifest.name}; bridge.load_model({str(arguments.output)!r}) loads it")


if __name__ == "__main__":
    main()
