"""What surfaces choose for coming jobs."""

from pathlib import Path

import numpy as np
import pytest

from bridge.daemon.session_defaults import SessionDefaults
from bridge.errors import ModelError
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.features.styles import Style, save_style


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    sound = SoundFeatures(np.zeros((64, 10), np.float32), 60)
    for name in ("warm", "bright"):
        save_style(tmp_path, Style(name, sound, FeatureSettings()))
    return tmp_path


def test_styles_go_round_by_way_of_none(styles: Path) -> None:
    defaults = SessionDefaults(styles)
    assert defaults.now.style is None
    seen = []
    for _ in range(4):
        defaults.choose_next_style()
        seen.append(defaults.now.style)
    assert seen == ["bright", "warm", "", "bright"]


def test_an_unknown_style_changes_nothing_and_names_those_there_are(styles: Path) -> None:
    defaults = SessionDefaults(styles)
    defaults.choose_style("warm")
    with pytest.raises(ModelError, match="Styles: bright, warm"):
        defaults.choose_style("wram")
    assert defaults.now.style == "warm"
    defaults.choose_style("")
    assert defaults.now.style == ""


def test_without_styles_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="styles add"):
        SessionDefaults(tmp_path / "nothing").choose_next_style()
