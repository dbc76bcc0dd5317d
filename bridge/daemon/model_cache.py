"""The one owner of models and plugin host. Only the job thread calls it; torch is loaded here, when first needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bridge.errors import BridgeError, ChainError, ModelError, PluginError, PluginMissing, quoted
from bridge.settings import Settings

if TYPE_CHECKING:
    from bridge.automix.pipeline import Automix
    from bridge.features.profile import SoundFeatures
    from bridge.mix_balance.targets import MixBalanceTargets
    from bridge.plugins.host.host import PluginHost
    from bridge.plugins.recognition.recognise import ParameterList, PluginReading
    from bridge.reaper.mapping.hosted_fx import HostedFx
    from bridge.reaper.protocol.fx_snapshot import FxSnapshot

log = logging.getLogger(__name__)

TORCH_THREADS = 1
"""The encoder is small: more threads gain little, and the sockets and the plugin workers need the cores."""

OWN_CHAIN = "own chain"  # the name of what stands for a model of a track's own plugins
SEARCH_S = 10.0

WARM_UP_RATE_HZ, WARM_UP_FRAMES = 48_000, 4 * 48_000

FolderState = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class CachedModel:
    """A model in memory, as of `state`. `fault` says why what lies on disk now could not be loaded. Settings are
    searched for as long as `search_s`: for a chain that no model knows."""

    automix: Automix
    folder: Path
    state: FolderState
    fault: str = ""
    search_s: float = 0.0


class ModelCache:
    """Loads models by name, keeps them, and loads them again when their files change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._host: PluginHost | None = None
        self._hosted_fx: HostedFx | None = None
        self._cached: dict[str, CachedModel] = {}
        self._own_chains: dict[tuple[str, ...], CachedModel] = {}

    def names(self) -> list[str]:
        """The names of all installed models."""
        return sorted(self._folders())

    def model(self, name: str | None) -> CachedModel:
        """The model called `name` (None: the default), as it lies on disk now. ModelError where there is none.

        A model that was good and has become damaged goes on working as it was, with the damage in `fault`.
        """
        folder = self._folder(name or self._settings.default_model)
        cached, state = self._cached.get(folder.name), _folder_state(folder)
        if cached is not None and cached.state == state and cached.folder == folder:
            return cached
        try:
            loaded = CachedModel(self._load(folder), folder, state)
        except BridgeError as error:
            if cached is None:
                raise
            log.error("the model %s changed on disk and cannot be loaded: %s", folder.name, error)
            loaded = CachedModel(cached.automix, folder, state, fault=str(error))
        self._cached[folder.name] = loaded
        return loaded

    def own_chain(self, fx_chain: Sequence[FxSnapshot]) -> CachedModel | None:
        """What sets a track's own VST3 plugins by search, whatever they are; None where there are none to set.

        Plugins are calibrated the first time, which takes seconds; only what is recognised is a control.
        """
        from bridge.automix.pipeline import Automix
        from bridge.model.bundle import untrained_model
        from bridge.plugins.chain.chain_file import parse_chain
        from bridge.plugins.new_chain import new_chain

        found = (self.hosted_fx.plugin_of(fx) for fx in fx_chain)
        plugins = tuple(plugin for plugin in found if plugin is not None and self._is_settable(plugin))
        if plugins and plugins not in self._own_chains:
            text = new_chain(self.host, plugins, name=OWN_CHAIN, only_recognised=True)
            chain = parse_chain(text, source=OWN_CHAIN, calibrate=self.host.calibrate)
            automix = Automix(untrained_model(chain), self.host)
            self._own_chains[plugins] = CachedModel(automix, Path(), (), search_s=SEARCH_S)
        return self._own_chains.get(plugins)

    def _is_settable(self, plugin: str) -> bool:
        """Whether a plugin can be loaded, and has a control that is recognised."""
        from bridge.plugins.new_chain import new_chain

        try:
            new_chain(self.host, [plugin], name=OWN_CHAIN, only_recognised=True)
        except PluginError as error:
            log.info("%s is not searched for: %s", plugin, error)
            return False
        return True

    @property
    def host(self) -> PluginHost:
        """The plugins' host; started when first needed."""
        from bridge.plugins.host.host import host_for

        if self._host is None:
            self._host = host_for(self._settings)
        return self._host

    @property
    def hosted_fx(self) -> HostedFx:
        """What hosts foreign plugins of tracks."""
        from bridge.reaper.mapping.hosted_fx import HostedFx

        if self._hosted_fx is None:
            self._hosted_fx = HostedFx(self.host)
        return self._hosted_fx

    def recognise(self, plugin: ParameterList) -> PluginReading:
        """What any plugin's parameters mean, with what the user has said of them."""
        from bridge.plugins.recognition.corrections import Corrections
        from bridge.plugins.recognition.recognise import recognise

        reading = recognise(plugin)
        try:
            return Corrections(self._settings.home).apply(reading, plugin)
        except ChainError as error:
            log.error("%s", error)
            return reading

    def refresh(self) -> None:
        """Load again what has changed on disk, so that the next job need not wait for it."""
        for name in [*self._cached]:
            try:
                self.model(name)
            except BridgeError as error:
                log.error("the model %s is gone: %s", name, error)
                del self._cached[name]

    def warm_up(self) -> None:
        """Load torch, the default model and the plugin workers, and try them once, before somebody waits for them."""
        from bridge.automix.job import AutomixJob

        automix = self.model(None).automix
        noise = np.random.default_rng(0).normal(0.0, 0.1, (2, WARM_UP_FRAMES)).astype(np.float32)
        automix.run(AutomixJob([noise], WARM_UP_RATE_HZ, automix.model.chain.neutral))

    def style(self, name: str, cached: CachedModel) -> SoundFeatures:
        """A stored style by name, for a model. ModelError where there is none, or its features are others."""
        from bridge.features.styles import style_for

        model = cached.automix.model
        return style_for(self._settings.styles, name, features=model.manifest.features, model=model.name)

    def balance_targets(self) -> MixBalanceTargets:
        """How loud the roles of a mix are to be. ModelError for a file of the user's that is none."""
        from bridge.mix_balance.targets import load_targets

        return load_targets(self._settings.home)

    def preferences(self) -> dict[str, str]:
        """The plugins that the user prefers where FX are missing, by kind. SettingsError for a file that is broken."""
        from bridge.reaper.mapping.preferred_fx import load_preferences

        return load_preferences(self._settings.home)

    def is_installed(self, plugin: str) -> bool:
        """Whether the plugin of a slot is found where Bridge looks."""
        try:
            self.host.catalog.find(plugin)
        except PluginMissing:
            return False
        return True

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = self._hosted_fx = None
        self._cached.clear()

    def _folders(self) -> dict[str, Path]:
        from bridge.model.manifest import find_models

        return find_models(self._settings.model_folders)

    def _folder(self, name: str) -> Path:
        folders = self._folders()
        if name not in folders:  # by name only: a request must not choose a folder
            raise ModelError(
                f"No model is called {quoted(name)}. Installed models: {', '.join(sorted(folders)) or 'none'}. "
                f"Install Bridge again, or train one into {self._settings.user_models}."
            )
        return folders[name]

    def _load(self, folder: Path) -> Automix:
        import torch

        from bridge.automix.pipeline import Automix
        from bridge.model.bundle import load_model

        torch.set_num_threads(TORCH_THREADS)
        return Automix(load_model(folder), self.host)


def _folder_state(folder: Path) -> FolderState:
    """What tells one state of a model folder from another: names, times and sizes of its files."""
    states = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states if not name.endswith(".part"))
