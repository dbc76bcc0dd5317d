"""The model as people use it: encoder, search where one is wanted, and the guard."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.automix.automation.pipeline import automate_audio
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.model.bundle import AutomationModel
from bridge.plugins.host.host import PluginHost, Render
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.method import MethodResult

MODEL = "model"


@dataclass(frozen=True)
class ModelMethod:
    """A model that chooses one setting for all of a sound, with a search of `refine_s` seconds."""

    automix: Automix
    refine_s: float = 0.0
    name: str = MODEL

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        automix, rate = self.automix, case.sample_rate_hz
        before, chain = automix.host.render_count, automix.model.chain
        reference = None if case.reference is None else automix.extract_features([case.reference], rate)
        job = AutomixJob([case.given], rate, chain.neutral, reference=reference, refine_s=self.refine_s)
        result = automix.run(job)
        renders = automix.host.render_count - before
        prediction = automix.predict(job)
        audio = case.given
        if result.applied:  # a refused job leaves the track as it is, with no plugin in its way
            audio = automix.host.render(chain, [Render(case.given, rate, result.normalized)])[0]
        return MethodResult(audio, result.normalized, result.applied, prediction, renders)


@dataclass(frozen=True)
class AutomationMethod:
    """A model whose settings move in time."""

    model: AutomationModel
    host: PluginHost
    name: str = MODEL

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        result, audio = automate_audio(self.model, self.host, case.given, case.sample_rate_hz)
        return MethodResult(audio, is_applied=result.applied, renders=1)
