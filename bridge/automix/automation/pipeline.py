"""One job for a model whose settings move: hear every frame, draw curves, render, let the guard take back what harms.

It works on any sound that can be read in blocks more than once, and leaves to its caller how one is rendered: a file
through a file, an array through an array. It knows no file format and no REAPER.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from bridge.automix.automation.curves import Curve
from bridge.automix.automation.frames import Blocks, extract_frames
from bridge.automix.automation.guard import attenuation_db, contains_speech, frame_powers, harmful_regions
from bridge.automix.automation.regions import AutomationRegion, draw_curves, find_regions
from bridge.errors import ModelError
from bridge.model.bundle import load_weights, neutral_positions
from bridge.model.encoders.frame_encoder import FrameEncoder
from bridge.model.manifest import AutomationSettings, Manifest, read_manifest
from bridge.plugins.chain.chain import Chain

RenderCurves = Callable[[Mapping[int, Curve]], Blocks]
"""Renders the sound with some curves, the other controls at rest, and gives what came out."""

ROUNDS = 3  # of taking back


@dataclass(frozen=True)
class AutomationModel:
    """A loaded model whose settings move."""

    manifest: Manifest
    encoder: FrameEncoder

    @property
    def chain(self) -> Chain:
        return self.manifest.chain

    @property
    def automation(self) -> AutomationSettings:
        return self.manifest.job.automation or AutomationSettings()


@dataclass(frozen=True)
class AutomationResult:
    """The answer to a job. With `applied` off the sound stays as it is, and `reason` says why.

    Attributes:
        curves: by the place of the control in the chain, in normalized values.
        regions: where which control acts; `refused`: where it would have, had the guard not taken it back.
        down_db: how far the sound fell in each of `regions`.
    """

    applied: bool
    reason: str
    curves: Mapping[int, Curve] = field(default_factory=dict)
    regions: tuple[AutomationRegion, ...] = ()
    refused: tuple[AutomationRegion, ...] = ()
    down_db: tuple[float, ...] = ()


def is_automation_model(manifest: Manifest) -> bool:
    return manifest.job.automation is not None


def load_automation_model(folder: Path) -> AutomationModel:
    """Read and verify the folder of a model whose settings move. ModelError for any other."""
    manifest = read_manifest(folder)
    if not is_automation_model(manifest):
        raise ModelError(f"The settings of the model {manifest.name} do not move. Name one whose card says so.")
    neutral = torch.from_numpy(neutral_positions(manifest.chain))
    encoder = FrameEncoder(manifest.features.bands, manifest.encoder, neutral)
    load_weights(folder, encoder)
    return AutomationModel(manifest, encoder.eval().requires_grad_(False))


def automate(
    model: AutomationModel,
    blocks: Blocks,
    sample_rate_hz: int,
    render: RenderCurves,
    *,
    amount: float = 1.0,
    controls: Collection[int] | None = None,
    progress: Callable[[float, str], None] = lambda _share, _step: None,
) -> AutomationResult:
    """Curves for a sound that do what the model was trained for and no harm.

    The last that `render` made is what the answer's curves sound like. `amount` is 0..1; `controls` are the places of
    the controls that may move, None for all. Raises AudioError for a foreign sample rate, PluginError where the chain
    cannot be rendered.
    """
    progress(0.0, "listening")
    heard = extract_frames(model.encoder, model.manifest.features, blocks, sample_rate_hz)
    if not contains_speech(heard):
        return AutomationResult(False, "Left as it is: nobody is heard to speak.")
    regions = find_regions(heard, model.automation) if amount > 0 else []
    regions = [region for region in regions if controls is None or region.control in controls]
    if not regions:
        return AutomationResult(False, "Left as it is: there is nothing beside the words to take out.")
    before = frame_powers(blocks(), sample_rate_hz, heard.times_s)
    refused: list[AutomationRegion] = []
    for number in range(ROUNDS):
        progress(0.3 + 0.2 * number, "rendering")
        curves = draw_curves(heard, model.chain, model.automation, regions, amount=amount)
        after = frame_powers(render(curves)(), sample_rate_hz, heard.times_s)
        taken_back = harmful_regions(heard, regions, before, after)
        if not taken_back:
            fallen = tuple(attenuation_db(before[r.start : r.end], after[r.start : r.end]) for r in regions)
            reason = _told(regions, refused, fallen)
            return AutomationResult(True, reason, curves, tuple(regions), tuple(refused), fallen)
        refused += taken_back
        regions = [region for region in regions if region not in taken_back]
        if not regions:
            break
    return AutomationResult(
        False, "Left as it is: what could be taken out would harm the words.", refused=tuple(refused)
    )


def _told(regions: list[AutomationRegion], refused: list[AutomationRegion], fallen: tuple[float, ...]) -> str:
    places = "place" if len(regions) == 1 else "places"
    told = f"Taken down in {len(regions)} {places} by {np.median(fallen):.0f} dB (median)."
    return told + (f" {len(refused)} more left as they are, for the sake of the words." if refused else "")
