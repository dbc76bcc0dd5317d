"""Cases whose hidden settings are the chain's own.

`match`: the first half of a recording, its second half through hidden settings as the reference, and the first
half through them as the truth. `automix`: a recording degraded, and itself as the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.errors import PluginError
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.recordings import Recording
from bridge.training.data.settings_sampler import SettingsSampler
from bridge.training.evaluation.cases import EvaluationCase, draw_gain, halves, has_two_halves, is_within_full_scale


def in_chain_cases(
    chain: Chain, host: PluginHost, recordings: Sequence[Recording], use: str, *, each: int, seed: int
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

    Raises:
        PluginError: the plugins failed at all of them.
    """
    is_match = use == "match"
    sampler = SettingsSampler(chain)
    generator = np.random.default_rng([seed, is_match])
    drawn = [
        (recording, *((sampler.draw(generator),) * 2 if is_match else sampler.draw_undoable(generator)))
        for recording in recordings
        if has_two_halves(recording)
        for _ in range(each)
    ]
    gains = [draw_gain(generator) for _ in drawn]
    renders: list[RenderInput] = []
    for (recording, through, _), gain in zip(drawn, gains, strict=True):
        normalized = positions_to_normalized(chain, through)
        parts = halves(recording)[: 1 + is_match]
        renders += [RenderInput(part * gain, recording.sample_rate_hz, normalized) for part in parts]
    results = host.render(chain, renders, return_errors=True)
    errors = [result for result in results if isinstance(result, PluginError)]
    if errors and len(errors) == len(results):
        raise errors[0]
    rendered = iter(results)
    cases = []
    for (recording, _, right), gain in zip(drawn, gains, strict=True):
        plain, changed = halves(recording)[0] * gain, next(rendered)
        reference = next(rendered) if is_match else None
        if isinstance(changed, PluginError) or isinstance(reference, PluginError):
            continue
        given, truth = (plain, changed) if is_match else (changed, plain)
        hidden = positions_to_normalized(chain, right)
        case = EvaluationCase(recording.name, use, recording.sample_rate_hz, given, truth, hidden, reference, is_match)
        if is_within_full_scale(case):
            cases.append(case)
    return cases
