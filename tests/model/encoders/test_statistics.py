"""The statistics that the encoder hears are those that the guard judges by; pauses weigh nothing in them."""

import pytest
import torch

from bridge.features.profile import SoundFeatures
from bridge.model.encoders import mel_statistics
from bridge.model.encoders.statistics import downsample_weights


def test_statistics_agree_with_the_profile_that_the_guard_judges_by() -> None:
    sound = torch.randn(1, 64, 150, generator=torch.Generator().manual_seed(4)) * 8 - 40
    statistics, _ = mel_statistics(sound)
    profile = SoundFeatures(sound[0].numpy(), 64).profile
    torch.testing.assert_close(
        (statistics.mean_db + statistics.level_db)[0], torch.from_numpy(profile.mean_db), atol=0.1, rtol=0
    )
    torch.testing.assert_close(statistics.spread_db[0], torch.from_numpy(profile.spread_db), atol=0.1, rtol=0)


@pytest.mark.parametrize("count", [1, 2, 8, 64])
def test_a_short_sound_among_pauses_keeps_its_weight_when_frames_are_joined(count: int) -> None:
    sound = torch.full((1, 64, 256), -90.0)
    sound[..., 140:160] = -30.0
    _, weight = mel_statistics(sound)
    joined = downsample_weights(weight, count)
    torch.testing.assert_close(joined.sum(), torch.tensor(1.0))
    first, last = 140 * count // 256, 160 * count // 256
    assert float(joined[..., first : last + 1].sum()) > 0.99
