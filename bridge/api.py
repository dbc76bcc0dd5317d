"""The public Python API: Bridge's engine for programs of your own, gathered under few names.

`import bridge` offers all of these names and loads this module, with torch, when the first of them is used. Nothing is
decided or computed here: the rooms below do that. Audio is float32 (channels, samples), mono or stereo; all errors are
`BridgeError`s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bridge.audio.layout import check_audio, check_peak
from bridge.automix.automation.pipeline import SoundInMemory
from bridge.automix.describe import describe_decision
from bridge.automix.guard.metrics import HEADROOM_DB, measure, overshoot_db
from bridge.automix.job import AutomixJob, AutomixResult
from bridge.automix.pipeline import Automix, reverted_for_clipping
from bridge.errors import AudioError, BridgeError, ChainError, ModelError, PluginError, SettingsError
from bridge.model import bundle
from bridge.model.bundle import Model, positions_to_normalized
from bridge.model.manifest import find_model
from bridge.offline import automix_file as offline
from bridge.offline.job import FileJob
from bridge.offline.result import FileResult
from bridge.plugins import new_chain as chain_maker
from bridge.plugins.chain import chain_file
from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput, host_for
from bridge.settings import load_settings
from bridge.training.plugin_layer.perturbation import SPSA, CentralDifferences
from bridge.training.plugin_layer.plugin_layer import PluginLayer
from bridge.types import Audio

__all__ = [
    "SPSA",
    "AudioError",
    "AutomixedAudio",
    "BridgeError",
    "Calibration",
    "CentralDifferences",
    "Chain",
    "ChainError",
    "Model",
    "ModelError",
    "PluginError",
    "PluginHost",
    "PluginLayer",
    "RenderInput",
    "SettingsError",
    "automix_audio",
    "automix_file",
    "calibrate",
    "describe_decision",
    "load_chain",
    "load_model",
    "new_chain",
    "open_host",
    "positions_to_normalized",
]


class AutomixedAudio(NamedTuple):
    """What `automix_audio` returns.

    Attributes:
        audio: float32 (channels, samples), as long as the input; the input itself where nothing was applied.
        result: `normalized` and `before_normalized`, (controls,) in the order of `model.chain.controls`; `curves` of
            controls that move in time; the confidence of each, what was measured, and the decision.
    """

    audio: Audio
    result: AutomixResult


def open_host(workers: int | None = None) -> PluginHost:
    """Return a plugin host; use it in a `with` statement, or close it.

    Args:
        workers: processes that plugins run in; None for the user's setting, which is one for each processor core.
    """
    return host_for(load_settings({"workers": workers}))


def load_model(name: str = "channel-strip") -> Model:
    """Return a model, ready to predict.

    Args:
        name: of an installed model (`reaper-bridge models` lists them), or the path of a model's folder.

    Raises:
        ModelError: no model has that name, or its folder is damaged.
    """
    return bundle.load_model(find_model(name, load_settings().model_folders))


def automix_audio(
    audio: Audio,
    sample_rate_hz: int,
    *,
    model: Model,
    host: PluginHost,
    reference: Audio | None = None,
    amount_percent: float = 100.0,
    refine_s: float = 0.0,
) -> AutomixedAudio:
    """Set the plugins of a model's chain for a sound, and render the sound through them.

    Only what measurably improves the sound is applied; otherwise it comes back as it was, and `result.decision` holds
    why. `describe_decision` says it in English.

    Args:
        audio: (channels, samples), full scale is 1. All of it is listened to: give minutes, not hours.
        sample_rate_hz: of `audio` and of `reference`.
        model: from `load_model`.
        host: from `open_host`.
        reference: (channels, samples), the sound to come close to; None for what well-recorded material sounds like.
        amount_percent: 0..100, how far to go from neutral settings to the model's.
        refine_s: how many seconds to search for better settings; needs a reference.

    Raises:
        AudioError: an array has another layout, NaN, or a sample rate that the model does not take.
        ModelError: the reference is silent.
        PluginError: the chain cannot be rendered.
    """
    automix, chain = Automix(model, host), model.chain
    sound = SoundInMemory(host, check_peak(check_audio(audio, "audio"), "audio"), sample_rate_hz)
    job = AutomixJob(
        excerpts=sound.blocks(),
        sample_rate_hz=sample_rate_hz,
        current=chain.neutral,
        is_dry=True,
        reference=None
        if reference is None
        else automix.extract_features([check_peak(check_audio(reference, "reference"), "reference")], sample_rate_hz),
        amount_percent=amount_percent,
        refine_s=refine_s,
        sound=sound,
    )
    result = _automix_whole(automix, job, sound)
    return AutomixedAudio(sound.rendered()[0] if result.applied else sound.blocks()[0], result)


def _automix_whole(automix: Automix, job: AutomixJob, sound: SoundInMemory) -> AutomixResult:
    """Render `sound` with the settings found. Where a part that the guard did not render clips, try once more with as
    much headroom; curves have been rendered and measured as a whole already."""
    result, before = automix.run(job), measure(sound.blocks(), job.sample_rate_hz)
    after = before
    for is_last in (False, True):
        if not result.applied or result.curves:
            return result
        sound.render(automix.model.chain, result.normalized[np.newaxis], block_frames=sound.frames)
        after = measure(sound.rendered(), job.sample_rate_hz)
        if (excess_db := overshoot_db(before, after)) <= 0:
            return result
        if not is_last:
            result = automix.run(replace(job, headroom_db=excess_db + HEADROOM_DB))
    return reverted_for_clipping(result, before, after)


def automix_file(
    source: Path | str,
    target: Path | str,
    *,
    model: str | None = None,
    reference: Path | str | None = None,
    style: str | None = None,
    amount_percent: float = 100.0,
    refine_s: float = 0.0,
    automation: bool = False,
    loudness_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
) -> FileResult:
    """Auto-mix a file of any length, as `reaper-bridge automix` does.

    Args:
        source: the file to listen to and to process.
        target: the file to write, WAV or FLAC; never one of the inputs.
        model: name or folder; None for the user's default.
        reference: a file to come close to.
        style: the name of a style to come close to, made with `reaper-bridge styles add`.
        amount_percent: 0..100, how far to go.
        refine_s: how many seconds to search for better settings; needs a reference or a style.
        automation: ask for settings that move in time; only models that have such settings take it.
        loudness_lufs: integrated loudness to reach, for models such as `mastering`.
        ceiling_dbtp: true peak that nothing passes, for the same.

    Returns:
        The decision (`applied` tells whether anything was), `controls` before and after as displayed, `measures`.

    Raises:
        AudioError: a file cannot be read or written.
        ModelError: no such model, or one that does not do what is asked.
        PluginError: the chain cannot be rendered.
    """
    job = FileJob(
        source=Path(source),
        target=Path(target),
        reference=None if reference is None else Path(reference),
        style=style,
        model=model,
        refine_s=refine_s,
        amount_percent=amount_percent,
        automation=automation,
        loudness_lufs=loudness_lufs,
        ceiling_dbtp=ceiling_dbtp,
    )
    return offline.automix_file(job, load_settings())


def load_chain(file: Path | str, *, host: PluginHost) -> Chain:
    """Return the chain that a TOML file describes; its VST3 plugins are calibrated where they have not been yet.

    Raises:
        ChainError: the file is wrong.
        PluginError: a plugin is missing or cannot be calibrated.
    """
    return chain_file.load_chain(Path(file), calibrate=host.calibrate)


def calibrate(plugin: str, *, host: PluginHost) -> Calibration:
    """Return what trying a VST3 plugin shows: its parameters, their display laws, and which of them change the sound.

    It takes seconds the first time; then the result is remembered in Bridge's home folder.

    Args:
        plugin: 'vst3:NAME', found in the standard folders and in BRIDGE_PLUGIN_PATH, or 'vst3:PATH'.
        host: from `open_host`.
    """
    return host.calibrate(plugin)


def new_chain(plugins: Sequence[str], name: str, *, host: PluginHost) -> str:
    """Return the text of a chain file in which every parameter that changes the sound is a control.

    Args:
        plugins: in their order, 'builtin:NAME' or 'vst3:NAME'.
        name: of the chain.
        host: from `open_host`; it calibrates the VST3 plugins.
    """
    return chain_maker.new_chain(host, plugins, name=name)
