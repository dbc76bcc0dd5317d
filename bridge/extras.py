"""Packages that only some commands need. They come with extras of the installation, not with Bridge itself.

`pyproject.toml` lists the same extras with their versions; a test holds the two together. Whatever needs such a
package calls `require_extra` first, and imports the package in the function that uses it.
"""

from __future__ import annotations

from importlib.util import find_spec

from bridge.errors import ExtraMissing

EXTRA_MODULES = {
    "refine": ("cmaes",),
    "report": ("matplotlib",),
    "train": ("cmaes", "matplotlib", "scipy"),
    "demo": ("lupa", "matplotlib", "PIL"),
    "tensorboard": ("tensorboard",),
    "cluster": ("distributed",),
}
"""Extra to the top-level modules that it brings."""


def require_extra(extra: str, purpose: str) -> None:
    """Raise ExtraMissing where a package of `extra` is not installed; `purpose` is what needs it, for the message."""
    missing = [module for module in EXTRA_MODULES[extra] if find_spec(module) is None]
    if missing:
        raise ExtraMissing(
            f"{purpose} needs the extra `{extra}` ({', '.join(missing)} not installed): "
            f"pip install 'reaper-bridge[{extra}]'"
        )
