"""REAPER's API as Lua sees it: which functions exist, what they take, what they give back.

The table is `api_signatures.json`, made by `bridge.standin.api.distill`. This module checks calls against it; it runs
none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bridge.standin.faults import Misuse

PROJECT = "ReaProject*"

# What ReaScript's Lua adds to the C API; they live in prelude.lua. `gfx` is in gfx.lua, `gmem_*` are not simulated.
LUA_ONLY = ("defer", "runloop", "atexit", "new_array", "get_action_context", "set_action_options")


@dataclass(frozen=True)
class ApiParameter:
    """One argument. `is_text_buffer`: it only receives a text, which is returned."""

    kind: str
    name: str
    is_optional: bool
    is_text_buffer: bool


@dataclass(frozen=True)
class ApiSignature:
    """One function. `returns` are kinds; the first one is C's own result unless that is void."""

    name: str
    args: tuple[ApiParameter, ...]
    returns: tuple[str, ...]
    is_c_only: bool

    def check(self, given: Sequence[Any], check_pointer: Callable[[Any, str], None]) -> list[Any]:
        """Return the arguments, completed with None.

        Args:
            given: what the script passed.
            check_pointer: raises for an object that is not of the kind, or gone.

        Raises:
            Misuse: a wrong count or type.
        """
        needed = max((i + 1 for i, p in enumerate(self.args) if not p.is_optional), default=0)
        if not needed <= len(given) <= len(self.args):
            wanted = ", ".join(f"{p.kind}{'?' if p.is_optional else ''} {p.name}" for p in self.args)
            raise Misuse(f"{self.name} takes ({wanted}); it was called with {len(given)} arguments")
        values = [*given, *[None] * (len(self.args) - len(given))]
        return [self._check_one(index, value, check_pointer) for index, value in enumerate(values)]

    def _check_one(self, index: int, value: Any, check_pointer: Callable[[Any, str], None]) -> Any:
        parameter = self.args[index]
        if value is None and (parameter.is_optional or parameter.kind in ("HWND", PROJECT)):
            return None
        if parameter.kind in _SCALARS:
            if _SCALARS[parameter.kind](value):
                return int(value) if parameter.kind == "int" else value
        elif parameter.kind == PROJECT and value == 0:
            return None
        elif parameter.kind in ("array", "void*"):
            return value
        elif not isinstance(value, (bool, int, float, str)) and value is not None:
            check_pointer(value, parameter.kind)
            return value
        place = f"bad argument #{index + 1} ({parameter.name}) to {self.name}"
        raise Misuse(f"{place}: {parameter.kind} expected, got {type(value).__name__} {value!r:.60}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "int": lambda v: _is_number(v) and float(v).is_integer() and -(2**31) <= v < 2**32,
    "double": _is_number,
    "bool": lambda v: isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
}


@cache
def signatures() -> Mapping[str, ApiSignature]:
    """Return every function of the API by name."""
    table = json.loads(Path(__file__).with_name("api_signatures.json").read_text(encoding="utf-8"))
    return {name: _read(name, entry) for name, entry in table.items()}


def _read(name: str, entry: Mapping[str, Any]) -> ApiSignature:
    args = []
    for text in entry.get("args", ()):
        kind, _, argument = text.partition(" ")
        is_text_buffer = kind == "string?" and f"string {argument}" in entry["returns"]
        args.append(ApiParameter(kind.removesuffix("?"), argument, kind.endswith("?"), is_text_buffer))
    returns = tuple(text.partition(" ")[0] for text in entry.get("returns", ()))
    return ApiSignature(name, tuple(args), returns, bool(entry.get("c_only")))
