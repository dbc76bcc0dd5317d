"""Labels by search: what is found once is kept, and what was broken off is not."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.plugins.chain_file import load_chain
from bridge.plugins.host import PluginHost
from bridge.training.recipe import Recipe, SearchSettings, load_recipe
from bridge.training.sources.files import find_files, read
from bridge.training.sources.studio import Studio
from bridge.training.tasks.level import Level

CHAIN = Path(__file__).parents[3] / "models" / "chains" / "level.toml"


@pytest.fixture
def levelling(host: PluginHost, folder: Path) -> Studio:
    return Studio(load_chain(CHAIN), host, read(find_files([folder])), 44100, clip_s=2.0)


@pytest.fixture
def recipe() -> Recipe:
    told = load_recipe("level")
    search = SearchSettings(generations=6, population=4, passages=2, passage_s=1.0, polishing=1)
    return msgspec.structs.replace(told, examples=msgspec.structs.replace(told.examples, search=search))


def settled(
    studio: Studio, recipe: Recipe, folder: Path, *, stops_after: int = 99, is_cancelled: bool = False
) -> Level:
    """Stopped after so many steps of the search, by time or by the user."""
    told: list[str] = []

    def has_stopped() -> bool:
        return len(told) >= stops_after

    return Level().settled(
        studio,
        recipe,
        folder,
        notify=told.append,
        must_stop=has_stopped if not is_cancelled else lambda: False,
        is_cancelled=has_stopped if is_cancelled else lambda: False,
    )


def test_what_was_cancelled_is_not_kept(levelling: Studio, recipe: Recipe, tmp_path: Path) -> None:
    """Resumed, the search begins anew, and finds what it would have found."""
    assert settled(levelling, recipe, tmp_path / "a", stops_after=2, is_cancelled=True) is None
    assert not (tmp_path / "a").exists()
    resumed, whole = (settled(levelling, recipe, tmp_path / name) for name in ("a", "b"))
    np.testing.assert_array_equal(resumed.static, whole.static)


def test_what_was_found_when_time_was_up_must_do(levelling: Studio, recipe: Recipe, tmp_path: Path) -> None:
    stopped = settled(levelling, recipe, tmp_path, stops_after=1)
    before = levelling.host.render_count
    again = settled(levelling, recipe, tmp_path)
    np.testing.assert_array_equal(again.static, stopped.static)
    assert levelling.host.render_count == before
