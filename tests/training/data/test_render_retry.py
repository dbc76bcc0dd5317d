"""Renders that crash cost themselves alone, and a chain that only crashes ends soon."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PluginCrashed, PluginError, RenderNotTried
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.example_renderer import RenderFailures, render_with_retry

FAULTS = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=2, modules=["faults"], module_folders=[FAULTS]) as host:
        yield host


def renders(*triggers: float) -> list[RenderInput]:
    generator = np.random.default_rng(0)
    audio = [generator.normal(0, 0.1, (1, 480)).astype(np.float32) for _ in triggers]
    return [
        RenderInput(one, 48_000, np.array([trigger], np.float32)) for one, trigger in zip(audio, triggers, strict=True)
    ]


def test_of_many_only_those_that_crash_are_lost(host: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FAULTS))
    from faults import fault_chain

    triggers = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    asked = renders(*triggers)
    results = render_with_retry(host, fault_chain("Crash"), asked)
    assert [isinstance(result, PluginCrashed) for result in results] == [trigger > 0 for trigger in triggers]


def test_a_chain_that_only_crashes_ends_soon(host: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FAULTS))
    from faults import fault_chain

    before = host.render_count
    results = render_with_retry(host, fault_chain("Crash"), renders(*[1.0] * 12))
    assert {type(result) for result in results} == {PluginCrashed, RenderNotTried}
    assert host.render_count - before <= 24


def test_a_batch_that_is_given_up_says_what_was_not_tried(host: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """The renders that crashed themselves have errors of their own."""
    monkeypatch.syspath_prepend(str(FAULTS))
    from faults import fault_chain

    results = host.render(fault_chain("Crash"), renders(*[1.0] * 12), return_errors=True)
    kinds = [type(result) for result in results]
    assert set(kinds) == {PluginCrashed, RenderNotTried} and 3 <= kinds.count(PluginCrashed) <= 4


def test_failures_are_counted_with_the_latest_reason() -> None:
    failures = RenderFailures()
    failures.add(2, PluginError("NaN came back"))
    failures.add(0, None)
    assert (failures.renders, failures.latest) == (2, "NaN came back")
