"""Recipes: what a file leaves out is as shipped, and what cannot be is named before anything is made."""

from pathlib import Path

import msgspec
import pytest

from bridge.errors import SettingsError
from bridge.training.recipe import RECIPES, Recipe, load_recipe, shipped_recipes
from bridge.training.tasks.registry import TASKS

STAGE = '[[stages]]\nname = "only"\nshare = 1.0\nloss = { position = 1.0 }\n'


def load(folder: Path, text: str) -> Recipe:
    file = folder / "mein Rezept.toml"
    file.write_text(text, encoding="utf-8")
    return load_recipe("channel-strip", file)


@pytest.mark.parametrize("task", sorted({*TASKS, *shipped_recipes()}))
def test_every_task_ships_a_recipe_that_can_be_used(task: str) -> None:
    assert load_recipe(task).stages


def test_a_table_is_merged_key_by_key(tmp_path: Path) -> None:
    shipped = load_recipe("channel-strip")
    recipe = load(tmp_path, "[learning]\nrate = 5e-4\n[encoder]\nkind = 'inception'\n")
    assert recipe.learning == msgspec.structs.replace(shipped.learning, rate=5e-4)
    assert recipe.encoder.kind == "inception"
    assert (recipe.examples, recipe.features, recipe.stages) == (shipped.examples, shipped.features, shipped.stages)


def test_stages_replace_all_stages(tmp_path: Path) -> None:
    recipe = load(tmp_path, STAGE)
    assert [stage.name for stage in recipe.stages] == ["only"]
    assert recipe.stages[0].loss.position == 1.0 and recipe.stages[0].loss.surrogate == 0.0


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "") == load_recipe("channel-strip")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[learning]\nrates = 1.0", ["rates", "learning"]),
        ("[learn]\nrate = 1.0", ["learn"]),
        ("stages = []", ["stages"]),
        (STAGE.replace("position", "positions"), ["positions", "stages[0].loss"]),
        (STAGE.replace("share = 1.0", "share = 0.0"), ["share", "> 0"]),
        (STAGE.replace("position = 1.0", "position = -1.0"), ["position", ">= 0"]),
        (STAGE.replace("{ position = 1.0 }", "{}"), ["'only'", "loss"]),
        (STAGE.replace("position", "jacobian"), ["'only'", "jacobian_share"]),
        (STAGE + "slots = -1", ["slots"]),
        (STAGE + "plugins = { directions = 0 }", ["directions"]),
        ("[learning]\nbatch = 0", ["batch"]),
        ("[learning]\nrate = 'fast'", ["rate", "float"]),
        ("[examples]\npreparing_share = 1.5", ["preparing_share"]),
        ("[encoder]\nkind = 'resnet'", ["resnet", "encoder"]),
        ("[learning\nrate = 1", ["cannot be read"]),
        ("a = " + "[" * 5000 + "]" * 5000, ["cannot be read"]),
        ("[learning]\nrate = nan", ["rate"]),
        ("[learning]\nrate = inf", ["rate", "<= 1"]),
        ("[learning]\nrate = 1" + "0" * 400, ["rate"]),
        ("[learning]\nbatch = 1000000000", ["batch", "<= 4096"]),
        ("[examples]\nclip_s = 0.0001", ["clip_s", ">= 0.1"]),
        ("[examples]\nclip_s = 1e9", ["clip_s", "<= 60"]),
        ("[examples]\nsearch = 3", ["search", "object"]),
        ("[features]\nhop_s = 0.0", ["hop_s", ">= 0.001"]),
        ("[features]\nbands = 0", ["bands", ">= 8"]),
        ("[features]\nlow_hz = 2000.0\nhigh_hz = 100.0", ["high_hz", "low_hz", "at least 2043"]),
        ("[encoder]\nwidth = 40000000", ["width", "<= 1024"]),
        ("stages = 5", ["stages", "array"]),
        ("encoder = []", ["encoder", "object"]),
        (STAGE.replace("share = 1.0", "share = inf"), ["share"]),
        (STAGE.replace("share = 1.0", "share = nan"), ["share"]),
        (STAGE + "plugins = { loss = { stft_log = nan } }", ["stft_log", "nan"]),
        (STAGE + "plugins = { loss = { stft_log = 0, loudness = 0, mid_side = 0 } }", ["make no loss"]),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, named: list[str]) -> None:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, text)
    for word in ["mein Rezept.toml", *named]:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_an_unknown_task_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load_recipe("channel-strip", tmp_path / "nowhere.toml")
    with pytest.raises(SettingsError, match="channel-strip"):
        load_recipe("mastring")


def test_what_makes_examples_and_what_learns_from_them_are_told_apart(tmp_path: Path) -> None:
    shipped = load_recipe("channel-strip")
    learning, examples = load(tmp_path, "[learning]\nrate = 1e-4"), load(tmp_path, "[examples]\nclip_s = 2.0")
    assert learning.examples_signature == shipped.examples_signature != examples.examples_signature
    assert learning.learning_signature != shipped.learning_signature == examples.learning_signature


@pytest.mark.parametrize("file", sorted((RECIPES / "examples").glob("*.toml")), ids=lambda file: file.stem)
def test_example_recipes_can_be_used(file: Path) -> None:
    load_recipe("channel-strip", file)
