"""Levels between roles: arithmetic on sound, with the levels that are shipped."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError, ModelError
from bridge.mix_balance.gains import CEILING_DBTP, RoleSums, find_role
from bridge.mix_balance.role_by_name import role_by_name
from bridge.mix_balance.targets import FILE, SHIPPED, load_targets, read_targets, write_targets

RATE = 44100
TARGETS = read_targets(SHIPPED)
ROLES = {"drums": "drums", "bass": "bass", "strings": "guitar", "voice": "vocals"}


def sound(kind: str, seed: int = 3) -> np.ndarray:
    return 0.2 * synthesise(kind, duration_s=5.0, sample_rate_hz=RATE, seed=seed)


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return {role: sound(kind) for kind, role in ROLES.items()}


def mix_of(sounds: dict[str, np.ndarray], gains_db: dict[str, float] | None = None) -> RoleSums:
    mix = RoleSums(RATE)
    for role, audio in sounds.items():
        mix.add(role, [audio[:, :100_000], audio[:, 100_000:]], (gains_db or {}).get(role, 0.0))
    return mix


def test_the_gains_lead_to_the_levels_at_the_loudness_there_was(sounds: dict[str, np.ndarray]) -> None:
    mix = mix_of(sounds)
    before = mix.measure()
    after = mix_of(sounds, mix.gains_db(TARGETS)).measure()
    assert before.off_lu(TARGETS) > 2.0
    assert after.off_lu(TARGETS) < 0.05
    assert after.loudness_lufs == pytest.approx(before.loudness_lufs, abs=0.1)
    assert mix.measure(mix.gains_db(TARGETS)).loudness_lufs == pytest.approx(after.loudness_lufs, abs=0.01)


def test_the_measures_are_those_of_the_sum(sounds: dict[str, np.ndarray]) -> None:
    total = np.sum(list(sounds.values()), axis=0)
    levels = mix_of(sounds).measure()
    assert levels.loudness_lufs == pytest.approx(loudness_lufs(total, RATE), abs=0.01)
    assert levels.true_peak_dbtp == pytest.approx(true_peak_dbtp(total, RATE), abs=0.01)
    assert levels.relative_lu["bass"] == pytest.approx(
        loudness_lufs(sounds["bass"], RATE) - levels.loudness_lufs, abs=0.01
    )


def test_a_sum_that_would_clip_comes_down(sounds: dict[str, np.ndarray]) -> None:
    loud = {role: 6 * audio for role, audio in sounds.items()}
    mix = mix_of(loud)
    after = mix_of(loud, mix.gains_db(TARGETS)).measure()
    assert mix.measure().true_peak_dbtp > CEILING_DBTP
    assert after.true_peak_dbtp <= CEILING_DBTP
    assert after.off_lu(TARGETS) < 0.05


def test_tracks_of_one_role_stay_as_they_are_to_each_other(sounds: dict[str, np.ndarray]) -> None:
    mix = mix_of(sounds)
    mix.add("drums", [0.1 * sounds["bass"][:, :100_000], 0.1 * sounds["bass"][:, 100_000:]])
    assert set(mix.gains_db(TARGETS)) == set(ROLES.values())


def test_a_silent_role_is_an_error_that_names_it(sounds: dict[str, np.ndarray]) -> None:
    with pytest.raises(AudioError, match="bass is silent here"):
        mix_of(sounds | {"bass": 0 * sounds["bass"]}).measure()


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Drums", "drums"), ("OH L", "drums"), ("SnareTop", "drums"), ("kick_02", "drums"), ("Bass Drum", "drums"),
        ("Bass", "bass"), ("synth bass", "bass"), ("E-Bass", "bass"), ("Lead Vocal 2", "vocals"), ("BVs", "vocals"),
        ("Alto Sax", "lead"), ("Lead Gtr", "lead"), ("ac. gtr", "guitar"), ("Rhodes", "keys"), ("Klavier", "keys"),
        ("Track 3", None), ("", None), ("Kick + Bass", None), ("Band", None), ("Ohio", None),
    ],
)  # fmt: skip
def test_names(name: str, role: str | None) -> None:
    assert role_by_name(name) == role


def test_what_no_name_tells_the_sound_does_or_nobody() -> None:
    assert find_role("Track 1", [sound("drums")], TARGETS, RATE) == "drums"
    assert find_role("Track 1", [np.random.default_rng(0).normal(0, 0.1, (1, RATE))], TARGETS, RATE) is None
    assert find_role("Track 1", [np.zeros((1, 10), np.float32)], TARGETS, RATE) is None
    assert find_role("Bass", [sound("drums")], TARGETS, RATE) == "bass"  # who names a track knows best


def test_roles_that_nobody_played_have_one_that_stands_for_them() -> None:
    assert TARGETS.of("vocals") == TARGETS.roles["lead"]
    assert TARGETS.of("keys") == TARGETS.roles["guitar"]
    assert "CC0" in TARGETS.source


def test_the_users_own_levels_come_first(tmp_path: Path) -> None:
    assert load_targets(tmp_path) == TARGETS
    write_targets(tmp_path / FILE, TARGETS)
    text = (tmp_path / FILE).read_text("utf-8").replace("-10.5", "-7.5")
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert load_targets(tmp_path).roles["bass"].relative_lu == -7.5
    for broken in ("", "{}", "[" * 100_000, text.replace('"schema": 1', '"schema": 2')):
        (tmp_path / FILE).write_text(broken, encoding="utf-8")
        with pytest.raises(ModelError, match="reaper-bridge levels measure"):
            load_targets(tmp_path)
