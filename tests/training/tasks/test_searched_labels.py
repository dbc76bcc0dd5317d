"""Labels by search: what is found once is kept, and what was broken off is not."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.errors import ModelError, SettingsError
from bridge.model.manifest import EncoderSettings
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import find_files, read_recordings
from bridge.training.recipe import LabelSearchSettings, Recipe, load_recipe
from bridge.training.tasks.channel_strip import ChannelStripTask
from bridge.training.tasks.distortion import DistortionTask
from bridge.training.tasks.evenness import EvennessTask
from bridge.training.tasks.mastering import MasteringTask
from bridge.training.tasks.task import Task

CHAIN = Path(__file__).parents[3] / "models" / "chains" / "level.toml"


@pytest.fixture
def levelling(host: PluginHost, folder: Path) -> ExampleRenderer:
    return ExampleRenderer(load_chain(CHAIN), host, read_recordings(find_files([folder])), 44100, clip_s=2.0)


@pytest.fixture
def recipe() -> Recipe:
    told = load_recipe("evenness")
    search = LabelSearchSettings(generations=6, population=4, passages=2, passage_s=1.0, polishing=1)
    return msgspec.structs.replace(told, examples=msgspec.structs.replace(told.examples, search=search))


def prepare(
    renderer: ExampleRenderer, recipe: Recipe, folder: Path, *, stops_after: int = 99, is_cancelled: bool = False
) -> EvennessTask:
    """Stopped after so many steps of the search, by time or by the user."""
    told: list[str] = []

    def has_stopped() -> bool:
        return len(told) >= stops_after

    return EvennessTask().prepare(
        renderer,
        recipe,
        folder,
        notify=told.append,
        must_stop=has_stopped if not is_cancelled else lambda: False,
        is_cancelled=has_stopped if is_cancelled else lambda: False,
    )


def test_what_was_cancelled_is_not_kept(levelling: ExampleRenderer, recipe: Recipe, tmp_path: Path) -> None:
    """Resumed, the search begins anew, and finds what it would have found."""
    assert prepare(levelling, recipe, tmp_path / "a", stops_after=2, is_cancelled=True) is None
    assert not (tmp_path / "a").exists()
    resumed, whole = (prepare(levelling, recipe, tmp_path / name) for name in ("a", "b"))
    np.testing.assert_array_equal(resumed.static, whole.static)


def test_what_was_found_when_time_was_up_must_do(levelling: ExampleRenderer, recipe: Recipe, tmp_path: Path) -> None:
    stopped = prepare(levelling, recipe, tmp_path, stops_after=1)
    before = levelling.host.render_count
    again = prepare(levelling, recipe, tmp_path)
    np.testing.assert_array_equal(again.static, stopped.static)
    assert levelling.host.render_count == before


def test_what_was_cut_short_on_the_disk_is_searched_for_again(
    levelling: ExampleRenderer, recipe: Recipe, tmp_path: Path
) -> None:
    first = prepare(levelling, recipe, tmp_path, stops_after=1)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    again = prepare(levelling, recipe, tmp_path, stops_after=1)
    assert first.static is not None and again.static is not None
    np.testing.assert_array_equal(first.static, again.static)


def test_clips_that_end_before_they_are_heard_are_refused(recipe: Recipe) -> None:
    with pytest.raises(SettingsError, match=r"passages of 1 s.*evenness leaves out the first 1\.5 s.*at least 1\.7 s"):
        EvennessTask().check(recipe, load_chain(CHAIN))
    EvennessTask().check(load_recipe("evenness"), load_chain(CHAIN))


@pytest.mark.parametrize(
    "task", [EvennessTask(), DistortionTask(), ChannelStripTask(), MasteringTask()], ids=lambda task: task.name
)
def test_an_encoder_that_answers_frame_by_frame_is_refused(task: Task) -> None:
    told = load_recipe(task.name)
    with pytest.raises(SettingsError, match=r"frame by frame.*compact"):
        task.check(msgspec.structs.replace(told, encoder=EncoderSettings(kind="frames")), load_chain(CHAIN))


def test_a_chain_that_is_no_mastering_chain_is_refused() -> None:
    with pytest.raises(ModelError, match=r"chain level has no control with the role 'limiting'"):
        MasteringTask().check(load_recipe("mastering"), load_chain(CHAIN))
