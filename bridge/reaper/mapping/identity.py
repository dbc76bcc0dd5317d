"""Who an FX is and which of its parameters is meant: by identity and name, never by position.

Users rename FX, hosts order parameters differently, and one file may be called by many paths. Nothing here reads a
value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from bridge.plugins.chain.chain import Slot
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_ENDINGS = re.compile(r"\.(?:vst3|vst\.so|vst\.dylib|dll|so|dylib|vst)$")
_UNIT_WORDS = {"hz", "khz", "db", "ms", "s", "oct", "percent"}


def is_plugin(fx: FxSnapshot, name: str, *, kind: str = "VST3") -> bool:
    """Whether an FX is the plugin called `name`, by its original name or by its file."""
    if fx.type.removesuffix("i") not in (kind, ""):
        return False
    prefix, colon, original = fx.original_name.partition(": ")
    if colon and prefix.removesuffix("i") == kind and (original == name or original.startswith(f"{name} (")):
        return True
    return file_stem(fx.ident) == name.lower()


def is_called(fx: FxSnapshot, name: str) -> bool:
    """Whether an FX is the plugin of this name, as REAPER's FX browser shows it."""
    bare = name.partition(": ")[2] or name
    return any(bare.lower() in known.lower() for known in (fx.original_name, fx.name))


def file_stem(ident: str) -> str:
    """'C:\\VST3\\ZamCompX2.vst3<123' -> 'zamcompx2': the plugin's file (or bundle) without folder and endings."""
    path = PurePosixPath(ident.replace("\\", "/").partition("<")[0])
    bundle = next((part for part in path.parts if part.lower().endswith(".vst3")), path.name)
    return _ENDINGS.sub("", bundle.lower())


def plugin_name(slot: Slot) -> str:
    """'vst3:ZamCompX2' and 'vst3:/folder/ZamCompX2.vst3' -> 'ZamCompX2'."""
    reference = slot.plugin.partition(":")[2]
    return Path(reference).name.removesuffix(".vst3")


def find_parameter(names: Sequence[str], parameters: Iterable[ParameterSnapshot]) -> ParameterSnapshot | None:
    """The parameter with one of these names as its ident, else as its name, which REAPER may translate. Compared by
    words; the unit may be missing at either end."""
    candidates = list(parameters)
    for read in (_words, _words_without_unit):
        wanted = {read(name) for name in names} - {""}
        for texts in ([one.ident.partition(":")[2] for one in candidates], [one.name for one in candidates]):
            found = next((one for one, text in zip(candidates, texts, strict=True) if read(text) in wanted), None)
            if found is not None:
                return found
    return None


def _words(name: str) -> str:
    return _NOT_WORD.sub("", name.lower())


def _words_without_unit(name: str) -> str:
    words = [word for word in _NOT_WORD.split(name.lower()) if word]
    return "".join(words[:-1] if len(words) > 1 and words[-1] in _UNIT_WORDS else words)
