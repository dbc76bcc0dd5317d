"""Which styles lie in a folder, by their names alone. It opens none of them, so that whoever asks waits for nothing."""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".safetensors"


def list_styles(folder: Path) -> list[str]:
    """Names in order. Empty where there is no such folder."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
