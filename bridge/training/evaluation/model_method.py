"""The model as people use it: encoder, search where one is wanted, and the guard."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.automix.automation.pipeline import SoundInMemory
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.model.bundle import AutomationModel
from bridge.plugins.host.host import RenderInput
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.method import MethodResult

MODEL = "model"


@dataclass(frozen=True)
class ModelMethod:
    """A model of either kind, with a search of `refine_s` seconds."""

    automix: Automix
    refine_s: float = 0.0
    name: str = MODEL

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        automix, rate = self.automix, case.sample_rate_hz
        host, chain, before = automix.host, automix.model.chain, automix.host.render_count
        reference = None if case.reference is None else automix.extract_features([case.reference], rate)
        sound = SoundInMemory(host, case.given, rate)
        job = AutomixJob(
            [case.given],
            rate,
            chain.neutral,
            is_dry=True,
            reference=reference,
            refine_s=self.refine_s,
            sound=sound,
        )
        result = automix.run(job)
        renders = host.render_count - before
        prediction = None if isinstance(automix.model, AutomationModel) else automix.predict(job)
        if not result.applied:  # a refused job leaves the track as it is, with no plugin in its way
            audio = case.given
        elif result.curves:
            audio = sound.rendered()[0]
        else:
            audio = host.render(chain, [RenderInput(case.given, rate, result.normalized)])[0]
        return MethodResult(audio, result.normalized, result.applied, prediction, renders)
