"""The user's models and styles: found by name, and styles made of files. The user's own come before the shipped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from bridge.audio.files import probe, read_excerpts
from bridge.audio.resampling import resample
from bridge.automix.pipeline import Automix
from bridge.errors import AudioError, ModelError
from bridge.features.styles import Style, save_style
from bridge.model.bundle import Model, load_model, untrained_model
from bridge.model.manifest import find_model, find_models, read_manifest
from bridge.offline.job import FileJob
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.host.host import PluginHost, host_for
from bridge.settings import Settings
from bridge.types import Audio

log = logging.getLogger(__name__)

EXCERPT_S = 10.0
EXCERPTS = 6


def model_folder(job: FileJob, settings: Settings) -> Path | None:
    """Return the folder of the job's model: the named one, or one trained for its chain file, or the default.

    None for a chain that no model knows, where the job says what to come close to and how long to search.
    """
    folders = settings.model_folders
    if job.chain_file is None:
        return find_model(job.model or settings.default_model, folders)
    with host_for(settings) as host:
        chain = load_chain(job.chain_file, calibrate=host.calibrate)
    remedy = (
        f"Train one for it: reaper-bridge train --chain {job.chain_file} --task channel-strip --data DIR -o MODEL_DIR, "
        "and name it with --model MODEL_DIR."
    )
    if job.model is None and chain.name not in find_models(folders):
        if job.refine_s > 0 and (job.reference or job.style) is not None:
            return None
        raise ModelError(
            f"No model for the chain {chain.name} is installed. Search for its settings: --reference FILE --refine "
            f"SECONDS. Or t{remedy[1:]}"
        )
    folder = find_model(job.model or chain.name, folders)
    if read_manifest(folder).chain.key != chain.key:
        raise ModelError(f"The model in {folder} was trained for another chain than {job.chain_file}. {remedy}")
    return folder


def open_model(folder: Path | None, job: FileJob, host: PluginHost) -> Model:
    """Return the model in `folder`, or what stands for one for the job's chain, see `model_folder`."""
    if folder is not None:
        return load_model(folder)
    assert job.chain_file is not None
    return untrained_model(load_chain(job.chain_file, calibrate=host.calibrate))


def store_style(name: str, files: Sequence[Path], model: str | None, settings: Settings) -> Path:
    """Keep the features of files as a style.

    Args:
        name: of the style; one of the same name is replaced.
        files: audio files, brought to the highest sample rate among them. One that cannot be read is named in the log
            and left out.
        model: whose features are taken; None: the default model.
        settings: where models and styles lie.

    Returns:
        The style's file.

    Raises:
        AudioError: none of the files can be read.
    """
    loaded = load_model(find_model(model or settings.default_model, settings.model_folders))
    analysed: dict[Path, tuple[int, list[Audio]]] = {}
    for file in files:
        try:
            analysed[file] = probe(file).sample_rate_hz, excerpts_of(file)
        except AudioError as error:
            if file == files[-1] and not analysed:
                raise
            log.warning("Left out: %s", error)
    rate_hz = max(own_rate_hz for own_rate_hz, _ in analysed.values())
    excerpts = [resample(audio, own_rate_hz, rate_hz) for own_rate_hz, parts in analysed.values() for audio in parts]
    with host_for(settings) as host:
        sound = Automix(loaded, host).extract_features(excerpts, rate_hz)
    style = Style(name, sound, loaded.manifest.features, tuple(file.name for file in analysed))
    return save_style(settings.styles, style)


def excerpts_of(file: Path) -> list[Audio]:
    """Return the parts of a file that a model works on, (channels, samples) each."""
    return [audio for _, audio in read_excerpts(file, EXCERPT_S, EXCERPTS)]
