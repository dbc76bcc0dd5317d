"""What all kinds of encoders share: any length, no knowledge of neighbours in a batch, a neutral start."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bridge.errors import ModelError
from bridge.features.mel import log_mel
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import REFERENCE_PROFILES, load_model
from bridge.model.encoders import Category, Encoder, EncoderOutput, count_parameters, mel_statistics
from bridge.model.encoders.trunks import build_trunk
from bridge.model.manifest import WEIGHTS_FILE, EncoderSettings

SHIPPED = Path(__file__).parents[3] / "models" / "channel-strip"
NEUTRAL = torch.tensor([0.0, 0.5, 1.0, 0.3])
BANDS = 64
KINDS = {
    "compact": EncoderSettings(),
    "inception": EncoderSettings(kind="inception", width=16),
    "mobilenet": EncoderSettings(kind="mobilenet", width=8),
}
EACH_KIND = [pytest.param(kind, marks=[] if kind == "compact" else pytest.mark.slow) for kind in KINDS]
SWITCH = Category(control=1, places=(0.0, 0.5, 1.0), edges=(1 / 3, 2 / 3))


def frames(seed: int, count: int = 3, length: int = 150) -> Tensor:
    return torch.randn(count, BANDS, length, generator=torch.Generator().manual_seed(seed)) * 8 - 40


def parts(answer: EncoderOutput) -> list[Tensor]:
    return [answer.position, answer.spread, answer.target_mean_db, answer.target_spread_db, *answer.logits]


def fresh(kind: str, categories: tuple[Category, ...] = ()) -> Encoder:
    torch.manual_seed(0)
    return Encoder(BANDS, KINDS[kind], NEUTRAL, categories).eval()


@pytest.fixture(params=EACH_KIND, scope="module")
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """Of each kind, with a control of choices among the others."""
    return fresh(request.param, (SWITCH,))


@pytest.mark.parametrize(
    ("kind", "trunk", "whole"),
    [
        ("compact", (0.15, 0.25), (0.8, 1.2)),
        ("inception", (2.7, 2.9), (3.4, 3.8)),
        ("mobilenet", (2.1, 2.4), (3.1, 3.5)),
    ],
)
def test_each_kind_has_the_size_it_says(kind: str, trunk: tuple[float, float], whole: tuple[float, float]) -> None:
    encoder = Encoder(128, EncoderSettings(kind=kind), torch.rand(16))  # type: ignore[arg-type]
    assert trunk[0] <= count_parameters(encoder.trunk) / 1e6 <= trunk[1]
    assert whole[0] <= count_parameters(encoder) / 1e6 <= whole[1]


def test_width_and_blocks_change_what_hears() -> None:
    for kind, usual in KINDS.items():
        sizes = [
            count_parameters(build_trunk(BANDS, EncoderSettings(kind=kind, width=width, blocks=blocks)))  # type: ignore[arg-type]
            for width, blocks in ((16, 2), (32, 2), (32, 3))
        ]
        assert sizes == sorted(set(sizes)), usual


def test_an_encoder_of_frames_is_not_built_here() -> None:
    with pytest.raises(ModelError, match="frame by frame"):
        build_trunk(BANDS, EncoderSettings(kind="frames"))


@settings(max_examples=10, deadline=None)  # every other length makes torch prepare every layer anew
@example(length=16, other=90, seed=0)
@example(length=140, other=16, seed=1)
@example(length=16, other=None, seed=2)
@given(length=st.integers(16, 140), other=st.integers(16, 90) | st.none(), seed=st.integers(0, 99))
@pytest.mark.slow
def test_any_number_of_frames_gives_an_answer(encoder: Encoder, length: int, other: int | None, seed: int) -> None:
    reference = None if other is None else frames(seed + 1, 2, other)
    with torch.inference_mode():
        answer = encoder(frames(seed, 2, length), reference)
    assert all(bool(part.isfinite().all()) for part in parts(answer))
    assert answer.position.shape == answer.spread.shape == (2, len(NEUTRAL))
    assert answer.target_mean_db.shape == answer.target_spread_db.shape == (2, BANDS)
    assert [part.shape for part in answer.logits] == [(2, 3)]
    assert bool((answer.spread > 0).all())


@pytest.mark.slow
@pytest.mark.parametrize("rate", [22050, 48000])
@pytest.mark.parametrize("kind", ["inception", "mobilenet"])
def test_the_input_of_the_original_is_heard_at_any_rate(kind: str, rate: int) -> None:
    """128 bands, windows of 1024 and hops of 256 samples at 22.05 kHz, 1.86 s."""
    features = FeatureSettings(bands=128, window_s=1024 / 22050, hop_s=256 / 22050)
    heard = log_mel(torch.randn(1, 1, round(1.86 * rate), generator=torch.Generator().manual_seed(0)), rate, features)
    assert heard.shape == (1, 128, 157)
    torch.manual_seed(0)
    encoder = Encoder(128, EncoderSettings(kind=kind), NEUTRAL).eval()  # type: ignore[arg-type]
    with torch.inference_mode():
        answer = encoder(heard, None)
    assert answer.target_mean_db.shape == (1, 128)
    assert (answer.position - NEUTRAL).abs().max() < 0.15


def test_a_fresh_encoder_answers_close_to_neutral(encoder: Encoder) -> None:
    for reference in (None, frames(2)):
        answer = encoder(frames(1), reference)
        assert (answer.position - NEUTRAL).abs().max() < 0.15
        assert (answer.position[:, SWITCH.control] == NEUTRAL[SWITCH.control]).all()


@pytest.mark.parametrize("has_reference", [True, False])
def test_an_answer_does_not_depend_on_the_rest_of_the_batch(encoder: Encoder, has_reference: bool) -> None:
    sounds, references = frames(1), frames(2, length=90) if has_reference else None
    together = encoder(sounds, references)
    alone = encoder(sounds[1:2], None if references is None else references[1:2])
    order = torch.tensor([2, 0, 1])
    moved = encoder(sounds[order], None if references is None else references[order])
    for a, b, c in zip(parts(together), parts(alone), parts(moved), strict=True):
        torch.testing.assert_close(a[1:2], b, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(a[order], c, atol=1e-4, rtol=1e-4)


def test_an_answer_is_the_same_every_time_and_in_training(encoder: Encoder) -> None:
    first, again = encoder(frames(1), frames(2)), encoder(frames(1), frames(2))
    try:
        training = encoder.train()(frames(1), frames(2))
    finally:
        encoder.eval()
    for a, b, c in zip(parts(first), parts(again), parts(training), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)


def test_statistics_are_of_all_frames_even_when_the_trunk_hears_few(encoder: Encoder) -> None:
    sound = frames(1)
    whole, part = encoder.encode(sound), encoder.encode(sound, trunk_frames=40)
    torch.testing.assert_close(whole[1].vector(), part[1].vector())
    assert not torch.allclose(whole[0], part[0])


def test_reference_and_none_give_different_answers(encoder: Encoder) -> None:
    assert (encoder(frames(1), frames(2)).position - encoder(frames(1), None).position).abs().max() > 1e-4


@pytest.mark.parametrize("kind", EACH_KIND)
def test_every_weight_learns(kind: str) -> None:
    encoder = fresh(kind, (SWITCH,))
    answers = encoder(frames(1), frames(2)), encoder(frames(3), None)
    torch.stack([part.sum() for answer in answers for part in parts(answer)]).sum().backward()  # type: ignore[no-untyped-call]
    still = [name for name, p in encoder.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_the_position_of_a_choice_pulls_at_its_logits() -> None:
    encoder = fresh("compact", (SWITCH,))
    encoder(frames(1), None).position[:, SWITCH.control].sum().backward()
    bias = encoder.choose[0].bias.grad
    assert bias is not None
    assert bias[0] < 0 < bias[2]


def test_a_chain_may_consist_of_choices_alone() -> None:
    categories = tuple(Category(control=i, places=(0.0, 1.0), edges=(0.5,)) for i in range(2))
    encoder = Encoder(BANDS, EncoderSettings(), torch.tensor([1.0, 0.0]), categories)
    assert encoder(frames(1), None).position.tolist() == [[1.0, 0.0]] * 3
    weights = safetensors.torch.load(safetensors.torch.save(encoder.state_dict()))
    encoder.load_state_dict(weights)


def test_choices_leave_an_encoder_without_them_as_it_was() -> None:
    plain, switched = fresh("compact"), fresh("compact", (SWITCH,))
    assert plain.continuous.tolist() == [1, 1, 1, 1]
    assert switched.continuous.tolist() == [1, 0, 1, 1]
    extra = switched.state_dict().keys() - plain.state_dict().keys()
    assert extra == {"choose.0.weight", "choose.0.bias"}
    assert plain(frames(1), None).logits == ()


@pytest.mark.parametrize("has_reference", [True, False])
@pytest.mark.slow
def test_the_shipped_weights_are_computed_as_they_were_trained(has_reference: bool) -> None:
    """The compact network written out by the names of its weights: bit by bit the same answer."""
    weights = safetensors.torch.load_file(SHIPPED / WEIGHTS_FILE)
    weights.pop(REFERENCE_PROFILES, None)
    encoder = load_model(SHIPPED).encoder
    assert encoder.state_dict().keys() == weights.keys()
    sound, reference = frames(5), frames(6, length=77) if has_reference else None
    answer = encoder(sound, reference)
    expected = written_out(weights, sound, reference)
    for name, value in expected.items():
        assert torch.equal(getattr(answer, name), value), name


def written_out(weights: dict[str, Tensor], sound: Tensor, reference: Tensor | None) -> dict[str, Tensor]:
    """The compact network as one formula."""
    vector = _heard(weights, sound)
    other = weights["no_reference"].expand_as(vector) if reference is None else _heard(weights, reference)
    given = torch.full((len(sound), 1), float(reference is not None))
    x = functional.gelu(
        _normal(weights, "join.1", _linear(weights, "join.0", torch.cat([vector, other, other - vector, given], 1)))
    )
    for block in ("think.0", "think.1"):
        inner = functional.gelu(_linear(weights, f"{block}.path.1", _normal(weights, f"{block}.path.0", x)))
        x = x + _linear(weights, f"{block}.path.3", inner)
    statistics, _ = mel_statistics(sound)
    mean, spread = _linear(weights, "target", x).split(BANDS, dim=1)
    return {
        "position": torch.sigmoid(_linear(weights, "position", x)) * 1.1 - 0.05,
        "spread": functional.softplus(_linear(weights, "spread", x)) + 1e-3,
        "target_mean_db": statistics.mean_db + statistics.level_db + 10 * mean,
        "target_spread_db": (statistics.spread_db + 5 * spread).clamp_min(0),
    }


def _heard(weights: dict[str, Tensor], sound: Tensor) -> Tensor:
    statistics, weight = mel_statistics(sound)
    x = (sound - statistics.level_db.unsqueeze(2) + 20) / 20
    x = functional.conv1d(x, weights["trunk.0.weight"], weights["trunk.0.bias"], stride=2, padding=2)
    x = functional.gelu(functional.group_norm(x, 4, weights["trunk.1.weight"], weights["trunk.1.bias"]))
    x = functional.conv1d(x, weights["trunk.3.weight"], weights["trunk.3.bias"], stride=2, padding=1)
    for block in sorted({name.split(".")[1] for name in weights if name.startswith("trunk") and ".path." in name}):
        norm, convolution = f"trunk.{block}.path.0", f"trunk.{block}.path.2"
        inner = functional.gelu(functional.group_norm(x, 4, weights[f"{norm}.weight"], weights[f"{norm}.bias"]))
        x = x + functional.conv1d(inner, weights[f"{convolution}.weight"], weights[f"{convolution}.bias"], padding=1)
    weight = functional.interpolate(weight, size=x.shape[-1], mode="linear", align_corners=False)
    weight = weight / weight.sum(2, keepdim=True)
    mean = (x * weight).sum(2)
    deviation = ((x - mean.unsqueeze(2)).square() * weight).sum(2).clamp_min(1e-6).sqrt()
    embedding = _normal(weights, "project.1", _linear(weights, "project.0", torch.cat([mean, deviation], 1)))
    return torch.cat([embedding, statistics.vector()], 1)


def _linear(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _normal(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[1:], weights[f"{name}.weight"], weights[f"{name}.bias"])
