"""Mixes: in stereo, alike from part to part; balances that are what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.training.data.mixes import (
    PUBLISHED_BALANCE,
    THIRDS_HZ,
    MixGenerator,
    band_levels_db,
    draw_mix,
    equalised,
    is_stereo,
)
from bridge.training.data.recordings import Recording

RATE = 44100


def stem(kind: str, seed: int = 0, group: str = "song") -> Recording:
    audio = synthesise(kind, duration_s=6.0, sample_rate_hz=RATE, seed=seed)
    return Recording(f"{group}/{kind}", group, audio, RATE)


def noise(seed: int, *, channels: int = 2) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((channels, 6 * RATE))).astype(np.float32)


@pytest.fixture(scope="module")
def song() -> list[Recording]:
    return [stem(kind) for kind in ("drums", "bass", "strings", "pad")]


def test_a_mix_is_stereo_and_what_is_low_stands_in_the_middle(song: list[Recording]) -> None:
    mix = draw_mix(song, np.random.default_rng(1))
    audio = mix.cut(RATE, 3 * RATE, 0.2)
    assert audio.shape == (2, 3 * RATE) and audio.dtype == np.float32
    side, middle = audio[0] - audio[1], audio[0] + audio[1]
    lowest = slice(40 * 3, 90 * 3)
    share = [np.sum(np.abs(np.fft.rfft(part))[lowest] ** 2) for part in (side, middle)]
    assert np.sqrt(np.mean(side**2)) > 0.05 * np.sqrt(np.mean(middle**2))
    assert share[0] < 0.05 * share[1]


def test_stems_stay_together_and_as_loud_in_every_part(song: list[Recording]) -> None:
    mix = replace(draw_mix(song, np.random.default_rng(2)), drive=0.0)
    whole, late = mix.cut(RATE, 4 * RATE, 0.0), mix.cut(RATE, RATE, 0.5)
    np.testing.assert_allclose(late[:, RATE // 10 :], whole[:, 3 * RATE :][:, RATE // 10 :], atol=1e-6)


def test_two_mixes_of_a_song_have_two_balances(song: list[Recording]) -> None:
    generator = np.random.default_rng(2)
    first, second = (band_levels_db(draw_mix(song, generator).cut(RATE, 3 * RATE, 0.0), RATE) for _ in range(2))
    middle = (THIRDS_HZ > 60) & (THIRDS_HZ < 8000)
    assert np.std((first - second)[middle]) > 0.5


def test_the_same_draw_gives_the_same_mix(song: list[Recording]) -> None:
    first, second = (draw_mix(song, np.random.default_rng(3)).cut(RATE, RATE, 0.1) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_an_equaliser_moves_third_octaves_by_its_gains() -> None:
    gains = np.interp(np.log2(THIRDS_HZ), np.log2([25, 200, 1000, 16000]), [-6.0, 4.0, 0.0, 5.0])
    audio = noise(0)
    moved = band_levels_db(equalised(audio, RATE, gains), RATE) - band_levels_db(audio, RATE)
    np.testing.assert_allclose(moved[1:-1], gains[1:-1], atol=0.4)


def test_finishing_brings_a_mix_closer_to_the_balance_and_leaves_a_finished_one() -> None:
    audio = noise(1)  # white: far too bright

    def away_db(one: np.ndarray) -> float:
        return float(np.abs(PUBLISHED_BALANCE.finishing_db(one, RATE, 1.0)).mean())

    finished = audio
    for _ in range(3):
        finished = equalised(finished, RATE, PUBLISHED_BALANCE.finishing_db(finished, RATE, 1.0))
    assert away_db(finished) < 0.2 * away_db(audio)


def test_the_users_own_masters_say_what_is_good() -> None:
    bright = [Recording(f"{seed}.wav", f"{seed}.wav", noise(seed), RATE) for seed in range(3)]
    desk = MixGenerator(bright)
    assert len(desk.masters) == 3 and not desk.songs and not desk.layers
    assert desk.balance.levels_db[-1] > desk.balance.levels_db[15] > desk.balance.levels_db[3]
    mix = desk.draw(np.random.default_rng(0))
    assert mix.is_finished
    whole = next(one for one in bright if one.name == mix.name)
    np.testing.assert_allclose(mix.cut(RATE, RATE, 0.0), whole.audio[:, :RATE], atol=1e-6)


def test_a_mono_file_in_two_channels_is_no_stereo() -> None:
    doubled = np.repeat(noise(0, channels=1), 2, axis=0)
    assert not is_stereo(Recording("a", "a", doubled, RATE)) and is_stereo(Recording("b", "b", noise(1), RATE))


def test_a_desk_without_recordings_says_so() -> None:
    with pytest.raises(ValueError, match="no recording"):
        MixGenerator([]).draw(np.random.default_rng(0))
