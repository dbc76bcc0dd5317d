"""Bridge: REAPER sets a track's plugins by listening.

The public Python API is the names in `__all__`; `bridge.api` says what each does, docs/python-api.md shows them in use.
Importing the package loads nothing heavy: torch waits until one of these names is used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bridge' has no attribute {name!r}")
    value = getattr(import_module("bridge.api"), name)
    globals()[name] = value  # looked up once
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
