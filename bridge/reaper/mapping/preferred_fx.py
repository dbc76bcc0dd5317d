"""Which plugins a user prefers where FX are missing, by what they do: `preferences.json` in the home folder.

The command line and the panel write it. A plugin is named as REAPER's FX browser names it; whether it is installed is
known to REAPER alone, so REAPER's own FX goes along, to take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import SettingsError, quoted
from bridge.reaper.mapping.identity import is_called
from bridge.reaper.mapping.stock_fx import stock_fx
from bridge.reaper.mapping.stock_limiter import NAME as STOCK_LIMITER
from bridge.reaper.protocol.fx_snapshot import FxSnapshot

FILE = "preferences.json"
MAX_NAME = 200  # characters


class MissingFx(NamedTuple):
    """FX to add, as TrackFX_AddByName takes them, and for each REAPER's own that takes its place where it is not
    installed or cannot be set; '' where none does."""

    names: tuple[str, ...]
    instead: tuple[str, ...]


def preferable_kinds() -> dict[str, str]:
    """The kinds of FX for which a plugin may be preferred, and REAPER's own FX of each."""
    return {**{entry.kind: entry.name for entry in stock_fx()}, "limiter": STOCK_LIMITER}


def load_preferences(home: Path) -> dict[str, str]:
    """The preferred plugin of each kind that has one. Raises SettingsError for a file that is broken."""
    file = home / FILE
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. Remove it, and say again what you prefer.") from error
    return {kind: name for kind, name in kept.items() if kind in preferable_kinds() and _is_name(name)}


def save_preference(home: Path, kind: str, name: str) -> None:
    """Prefer the plugin called `name` ('' for REAPER's own) where an FX of a kind is missing.

    Raises SettingsError for an unknown kind, a name that cannot be one, and a file that cannot be read or written.
    """
    if kind not in preferable_kinds():
        raise SettingsError(f"{quoted(kind)} is no kind of FX. Choose one of {', '.join(preferable_kinds())}.")
    if name and not _is_name(name):
        raise SettingsError(f"{quoted(name)} is no name of an FX. Write it as REAPER's FX browser shows it.")
    kept = {**load_preferences(home), kind: name}
    try:
        home.mkdir(parents=True, exist_ok=True)
        write_file(home / FILE, msgspec.json.encode({kind: kept[kind] for kind in sorted(kept) if kept[kind]}))
    except OSError as error:
        raise SettingsError(f"{home / FILE} cannot be written: {error}. Check the folder's rights.") from error


def prefer(missing: Sequence[str], fx_chain: Sequence[FxSnapshot], preferences: dict[str, str]) -> MissingFx:
    """Put what the user prefers in the place of REAPER's own FX among `missing`.

    A plugin that stands on the track already cannot be set there, or nothing would be missing: then REAPER's own it is.
    """
    kinds = {name: kind for kind, name in preferable_kinds().items()}
    names, instead = [], []
    for name in missing:
        preferred = preferences.get(kinds.get(name, ""), "")
        is_taken = preferred != "" and not any(is_called(fx, preferred) for fx in fx_chain)
        names.append(preferred if is_taken else name)
        instead.append(name if is_taken else "")
    return MissingFx(tuple(names), tuple(instead) if any(instead) else ())


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()
