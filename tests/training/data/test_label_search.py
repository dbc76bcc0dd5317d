"""Labels by search: hidden settings are found again through the real plugins, the tone stack among them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mastering_chain import zam_catalog

from bridge.audio.synthesis import synthesise
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.chain_file import load_chain, parse_chain
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.label_search import (
    FAILED_DB,
    LabelObjective,
    LabelPassage,
    SearchedLabel,
    label_space,
    refine_label,
    search_labels,
    sweep_choices,
)

ROOT = Path(__file__).parents[3]
RATE = 44100
FEATURES = FeatureSettings()
BUILTIN = """
[[slot]]
name = "drive"
plugin = "builtin:Distortion"
[slot.control.drive_db]
[[slot]]
name = "tone"
plugin = "builtin:LadderFilter"
[slot.control.mode]
[slot.control.cutoff_hz]
[[slot]]
name = "output"
plugin = "builtin:Gain"
[slot.control.gain_db]
"""


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=2) as opened:
        yield opened


@pytest.fixture(scope="module")
def switched() -> Chain:
    """Three controls and a choice among six, all pedalboard's own."""
    return parse_chain(BUILTIN, source="test")


def passage_through(host: PluginHost, chain: Chain, position: np.ndarray, seconds: float = 0.5) -> LabelPassage:
    dry = synthesise("strings", duration_s=seconds, sample_rate_hz=RATE, seed=3)
    (wet,) = host.render(chain, [RenderInput(dry, RATE, positions_to_normalized(chain, position))])
    return LabelPassage(dry, wet, RATE, 0.05)


def test_a_joint_search_finds_hidden_settings_and_the_choice(host: PluginHost, switched: Chain) -> None:
    space = label_space(switched)
    hidden = space.positions(np.array([0.5, 0.4, 0.6]), [3]).astype(np.float32)
    objective = LabelObjective(switched, host, [passage_through(host, switched, hidden)], FEATURES)
    start = float(objective.cost(neutral_positions(switched)[None])[0])
    costs: list[float] = []
    found = search_labels(
        switched, objective.cost, generations=40, population=14, seed=0, notify=lambda _, cost: costs.append(cost)
    )
    assert costs == sorted(costs, reverse=True)
    (mode,) = space.categories
    assert np.searchsorted(mode.edges, found.position[mode.control], side="right") == 3
    assert found.distance_db < 0.15 * start
    np.testing.assert_allclose(found.position, hidden, atol=0.12)


def test_small_steps_reach_hidden_settings_from_nearby(host: PluginHost, switched: Chain) -> None:
    space = label_space(switched)
    hidden = space.positions(np.array([0.5, 0.4, 0.6]), [0]).astype(np.float32)
    objective = LabelObjective(switched, host, [passage_through(host, switched, hidden)], FEATURES)
    near = space.positions(np.array([0.56, 0.33, 0.65]), [0]).astype(np.float32)
    start = SearchedLabel(near, float(objective.cost(near[None])[0]))
    found = refine_label(objective, start, rounds=3)
    assert found.distance_db < 0.25 * start.distance_db
    assert np.abs(found.position - hidden).max() < 0.03
    assert refine_label(objective, SearchedLabel(hidden, np.inf)).position == pytest.approx(hidden), (
        "nothing is better than what is right"
    )


def test_a_control_that_does_nothing_stays_where_it_was(host: PluginHost) -> None:
    """A compressor whose ratio is 1: its times are not heard, and must not wander from passage to passage."""
    chain = load_chain(ROOT / "models" / "chains" / "level.toml")
    start = neutral_positions(chain)
    louder = start.copy()
    louder[chain.index("output.gain_db")] += 0.08
    objective = LabelObjective(chain, host, [passage_through(host, chain, louder)], FEATURES)
    found = refine_label(objective, SearchedLabel(start, np.inf), rounds=2).position
    idle = [i for i, control in enumerate(chain.controls) if control.name in ("attack_ms", "release_ms")]
    np.testing.assert_array_equal(found[idle], start[idle])
    assert found[-1] == pytest.approx(louder[-1], abs=0.01)


@pytest.mark.slow
def test_settings_at_which_a_plugin_fails_are_shunned() -> None:
    """A plugin that returns NaN over half of its range costs no search; small steps do not end there either."""
    law = RangeLaw(low=0.0, high=1.0)
    trigger = Control(slot="fault", name="trigger", unit="", law=law)
    gain = Control(slot="gain", name="gain_db", unit="dB", law=RangeLaw(low=-18.0, high=18.0), neutral=0.5)
    chain = Chain(
        name="faults",
        slots=(
            Slot(name="fault", plugin="fault:NaN", controls=(trigger,)),
            Slot(name="gain", plugin="builtin:Gain", controls=(gain,)),
        ),
    )
    hidden = np.array([0.45, 0.8], np.float32)
    with PluginHost(workers=1, modules=["faults"], module_folders=[ROOT / "tests" / "plugins"]) as host:
        objective = LabelObjective(chain, host, [passage_through(host, chain, hidden)], FEATURES)
        failed, right = objective.cost(np.array([[0.9, 0.8], hidden], np.float32))
        found = search_labels(chain, objective.cost, generations=15, population=8, seed=0)
        refined = refine_label(objective, found)
    assert failed == FAILED_DB and right == 0
    assert refined.distance_db < 0.01 and found.distance_db < 1
    assert refined.position[0] <= 0.5


@pytest.mark.slow
def test_the_tone_stack_of_an_amplifier_is_found_again() -> None:
    """ZamTube's own sound through a hidden model of 25: its drive, tone and level are searched for along with it."""
    text = """
[[slot]]
name = "amplifier"
plugin = "vst3:ZamTube"
[slot.fixed]
"Tube Drive" = 4.0
[slot.control."Tone Stack Model"]
[slot.control."Input level"]
[[slot]]
name = "output"
plugin = "builtin:Gain"
[slot.control.gain_db]
range = [-30.0, 10.0]
"""
    with PluginHost(workers=2, catalog=zam_catalog()) as host:
        chain = parse_chain(text, source="test", calibrate=host.calibrate)
        space = label_space(chain)
        hidden = space.positions(np.array([0.7, 0.5]), [10]).astype(np.float32)
        objective = LabelObjective(chain, host, [passage_through(host, chain, hidden, seconds=0.3)], FEATURES)
        first = search_labels(chain, objective.cost, generations=8, population=12, seed=1)
        found = refine_label(objective, sweep_choices(objective, refine_label(objective, first, rounds=2)), rounds=2)
    assert chain.controls[0].text(float(positions_to_normalized(chain, found.position)[0])) == "VOX AC-15"
    np.testing.assert_allclose(found.position, hidden, atol=0.1)


@pytest.mark.parametrize("ranged", [0, 1])
def test_chains_of_choices_and_at_most_one_range_are_searched(ranged: int) -> None:
    """Choices stand where the plugin has them, those that the bounds leave over: two of the four of `mode` here."""
    law = RangeLaw(low=0.0, high=1.0)
    mode = Control(slot="a", name="mode", unit="", law=law, high=0.34, choices=("one", "two", "three", "four"))
    gains = tuple(Control(slot="a", name=f"gain{n}", unit="dB", law=law) for n in range(ranged))
    chain = Chain(name="few", slots=(Slot(name="a", plugin="vst3:Few", controls=(mode, *gains)),))
    wanted = label_space(chain).positions(np.full(ranged, 0.7), [1])
    tried: list[np.ndarray] = []

    def measure(positions: np.ndarray) -> np.ndarray:
        tried.append(positions)
        return np.abs(positions - wanted).sum(1)

    found = search_labels(chain, measure, generations=40, population=8, seed=0)
    assert found.distance_db < 0.1
    texts = {mode.text(float(row[0])) for row in positions_to_normalized(chain, np.concatenate(tried))}
    assert texts == {"one", "two"}
    assert {round(float(row[0]), 3) for row in np.concatenate(tried)} == {0.0, round(1 / 3 / 0.34, 3)}
