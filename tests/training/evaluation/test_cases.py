"""Cases are what they claim, and stay it at another sample rate."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.errors import PluginError
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.recordings import find_files, read_recordings
from bridge.training.evaluation.cases import resample_case
from bridge.training.evaluation.in_chain_cases import in_chain_cases
from bridge.training.evaluation.metrics import frame_distance_db

FAULTS = Path(__file__).parents[2] / "plugins"


@pytest.mark.parametrize("use", ["match", "automix"])
def test_hidden_settings_lead_from_what_is_given_to_the_truth(
    chain: Chain, host: PluginHost, folder: Path, use: str
) -> None:
    cases = in_chain_cases(chain, host, read_recordings(find_files([folder]))[:4], use, each=2, seed=1)
    assert cases
    for case in cases:
        assert case.hidden is not None
        right = host.render(chain, [RenderInput(case.given, case.sample_rate_hz, case.hidden)])[0]
        before = frame_distance_db(case.given, case.truth, case.sample_rate_hz)
        after = frame_distance_db(right, case.truth, case.sample_rate_hz)
        assert after < max(0.3, 0.25 * before), "the low cut at its lowest leaves a trace"
        assert (case.reference is None) == (use == "automix")
        assert case.loudness_counts == (use == "match")


@pytest.mark.parametrize("rate", [32_000, 96_000])
def test_at_another_rate_the_settings_are_still_right(chain: Chain, host: PluginHost, folder: Path, rate: int) -> None:
    """Filters of the same displayed values come close to those at the other rate; above 14 kHz they may not."""
    for case in in_chain_cases(chain, host, read_recordings(find_files([folder]))[:3], "match", each=1, seed=1):
        moved = resample_case(case, rate)
        assert moved.given.shape[-1] == round(case.given.shape[-1] * rate / case.sample_rate_hz)
        assert np.sqrt(np.mean(moved.given**2)) == pytest.approx(np.sqrt(np.mean(case.given**2)), rel=0.05)
        assert moved.hidden is not None
        right = host.render(chain, [RenderInput(moved.given, rate, moved.hidden)])[0]
        before = frame_distance_db(moved.given, moved.truth, rate)
        assert frame_distance_db(right, moved.truth, rate) < max(0.8, 0.4 * before)


def test_a_case_that_a_plugin_fails_at_is_left_out(folder: Path) -> None:
    """The plugin returns NaN over half of its range; one that fails everywhere is no matter of a case."""
    trigger = Control(slot="fault", name="trigger", unit="", law=RangeLaw(low=0.0, high=1.0))
    chain = Chain(name="faults", slots=(Slot(name="fault", plugin="fault:NaN", controls=(trigger,)),))
    always = replace_bounds(chain, low=0.9)
    recordings = read_recordings(find_files([folder]))[:3]
    with PluginHost(workers=1, modules=["faults"], module_folders=[FAULTS]) as host:
        cases = in_chain_cases(chain, host, recordings, "match", each=6, seed=1)
        with pytest.raises(PluginError):
            in_chain_cases(always, host, recordings[:1], "match", each=6, seed=1)
    assert 0 < len(cases) < 18
    assert all(case.hidden is not None and case.hidden[0] <= 0.5 for case in cases)


def replace_bounds(chain: Chain, *, low: float) -> Chain:
    (slot,) = chain.slots
    controls = tuple(msgspec.structs.replace(control, low=low, neutral=1.0) for control in slot.controls)
    return msgspec.structs.replace(chain, slots=(msgspec.structs.replace(slot, controls=controls),))
