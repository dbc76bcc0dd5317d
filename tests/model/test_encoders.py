"""The network's shape and manners: size, any length, no knowledge of its neighbours in a batch, gain."""

import pytest
import torch

from bridge.model.encoders import Encoder, count_parameters, statistics_of
from bridge.model.manifest import EncoderSettings
from bridge.model.profile import HeardSound

NEUTRAL = torch.tensor([0.0, 0.5, 1.0, 0.3])


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(64, EncoderSettings(), NEUTRAL).eval()


def frames(seed: int, count: int = 3, length: int = 150) -> torch.Tensor:
    return torch.randn(count, 64, length, generator=torch.Generator().manual_seed(seed)) * 8 - 40


def test_the_default_size_is_within_what_was_planned(encoder: Encoder) -> None:
    assert 300_000 <= count_parameters(Encoder(64, EncoderSettings(), torch.rand(16))) <= 1_000_000


def test_a_fresh_encoder_answers_close_to_neutral(encoder: Encoder) -> None:
    position = encoder(frames(1), None).position
    assert (position - NEUTRAL).abs().max() < 0.15


def test_an_answer_does_not_depend_on_the_rest_of_the_batch(encoder: Encoder) -> None:
    sounds, references = frames(1), frames(2, length=90)
    together = encoder(sounds, references).position
    alone = encoder(sounds[1:2], references[1:2]).position
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_statistics_are_of_all_frames_even_when_the_trunk_hears_few(encoder: Encoder) -> None:
    sound = frames(1)
    whole, part = encoder.listen(sound), encoder.listen(sound, trunk_frames=40)
    torch.testing.assert_close(whole[1].vector(), part[1].vector())
    assert not torch.allclose(whole[0], part[0])


def test_reference_and_none_give_different_answers(encoder: Encoder) -> None:
    assert (encoder(frames(1), frames(2)).position - encoder(frames(1), None).position).abs().max() > 1e-4


def test_every_weight_learns(encoder: Encoder) -> None:
    with_reference, without = encoder(frames(1), frames(2)), encoder(frames(3), None)
    total = sum(
        (answer.position + answer.spread).sum() + (answer.target_mean_db + answer.target_spread_db).sum()
        for answer in (with_reference, without)
    )
    assert isinstance(total, torch.Tensor)
    total.backward()
    still = [name for name, p in encoder.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_statistics_agree_with_the_profile_that_the_guard_judges_by() -> None:
    sound = frames(4, count=1)
    statistics, _ = statistics_of(sound)
    profile = HeardSound(sound[0].numpy(), 64).profile
    torch.testing.assert_close(
        (statistics.mean_db + statistics.level_db)[0], torch.from_numpy(profile.mean_db), atol=0.1, rtol=0
    )
    torch.testing.assert_close(statistics.spread_db[0], torch.from_numpy(profile.spread_db), atol=0.1, rtol=0)
