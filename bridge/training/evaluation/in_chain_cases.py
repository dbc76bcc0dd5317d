"""Cases whose hidden settings are the chain's own.

`match`: the first half of a recording, its second half through hidden settings as the reference, and the first
half through them as the truth. `automix`: a recording degraded, and itself as the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from bridge.errors import PluginError
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.recordings import Recording
from bridge.training.data.settings_sampler import SettingsSampler
from bridge.training.evaluation.cases import EvaluationCase, draw_gain, halves, has_two_halves, is_within_full_scale
from bridge.types import Audio, NormalizedArray

AT_ONCE = 8  # cases that are rendered between two looks at `must_stop`


def in_chain_cases(
    chain: Chain,
    host: PluginHost,
    recordings: Sequence[Recording],
    use: str,
    *,
    each: int,
    seed: int,
    must_stop: Callable[[], bool] = lambda: False,
) -> list[EvaluationCase]:
    """Return cases whose right settings are known: the chain's own plugins made them.

    Cases that pass full scale are left out (no file holds them, and the guard rightly never goes there), and those
    that a plugin failed at.

    Args:
        chain, host: what makes them.
        recordings: those with two halves that sound are used.
        use: "match" or "automix".
        each: how many of every recording.
        seed: 0 or more.
        must_stop: once true, those there are will do: every recording's first case comes before any second one.

    Raises:
        PluginError: the plugins failed at all of them.
    """
    is_match = use == "match"
    sampler = SettingsSampler(chain)
    generator = np.random.default_rng([seed, is_match])
    settings = [
        (recording, *((sampler.draw(generator),) * 2 if is_match else sampler.draw_undoable(generator)))
        for recording in recordings
        if has_two_halves(recording)
        for _ in range(each)
    ]
    drawn = [_DrawnCase(use, *one, draw_gain(generator)) for one in settings]
    in_rounds = sorted(range(len(drawn)), key=lambda number: number % each)
    rendered: dict[int, list[Audio | PluginError]] = {}
    while len(rendered) < len(drawn) and not (rendered and must_stop()):
        batch = in_rounds[len(rendered) : len(rendered) + AT_ONCE]
        renders = [render for number in batch for render in drawn[number].renders(chain)]
        results = iter(host.render(chain, renders, return_errors=True))
        rendered |= {number: list(islice(results, 1 + is_match)) for number in batch}
    errors = [result for results in rendered.values() for result in results if isinstance(result, PluginError)]
    if errors and len(errors) == len(rendered) * (1 + is_match):
        raise errors[0]
    cases = (drawn[number].case(chain, *rendered[number]) for number in sorted(rendered))
    return [case for case in cases if case is not None and is_within_full_scale(case)]


@dataclass(frozen=True)
class _DrawnCase:
    """A case before it is rendered: the settings (controls,) to render `through`, and those that are `right`."""

    use: str
    recording: Recording
    through: NormalizedArray
    right: NormalizedArray
    gain: np.float32

    def renders(self, chain: Chain) -> list[RenderInput]:
        """What is to be rendered: the first half, and for `match` the second one as well."""
        normalized = positions_to_normalized(chain, self.through)
        parts = halves(self.recording)[: 1 + (self.use == "match")]
        return [RenderInput(part * self.gain, self.recording.sample_rate_hz, normalized) for part in parts]

    def case(
        self, chain: Chain, changed: Audio | PluginError, reference: Audio | PluginError | None = None
    ) -> EvaluationCase | None:
        """The case with what was rendered; None where a plugin failed."""
        if isinstance(changed, PluginError) or isinstance(reference, PluginError):
            return None
        plain, is_match = halves(self.recording)[0] * self.gain, self.use == "match"
        given, truth = (plain, changed) if is_match else (changed, plain)
        hidden = positions_to_normalized(chain, self.right)
        rate = self.recording.sample_rate_hz
        return EvaluationCase(self.recording.name, self.use, rate, given, truth, hidden, reference, is_match)
