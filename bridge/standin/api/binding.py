"""From a Lua call to the function that carries it out: signature, pointers, thread, and results.

Functions are registered with `api_call` (the room `api_calls` holds them), each under the name of its API function.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bridge.standin.api.signatures import PROJECT, ApiSignature, signatures
from bridge.standin.faults import InjectedFailure, Misuse, NotSimulated
from bridge.standin.ui.window import GfxWindow

Function = TypeVar("Function", bound=Callable[..., Any])

API_CALLS: dict[str, Callable[..., Any]] = {}
"""What the simulated functions of the API do, by name. Each takes the program, then the checked arguments."""


def api_call(*names: str) -> Callable[[Function], Function]:
    """Register a function as what the API functions called `names` do; REAPER must have them.

    It takes their arguments, without those that only receive a text, and a project where REAPER takes nil or 0 for
    the one in front. A first parameter `reaper` takes the program as well, a first parameter `project` the project in
    front where an API function has no such argument. It returns exactly what the signature lists: nothing, one value,
    or a tuple.
    """

    def register(function: Function) -> Function:
        for name in names:
            API_CALLS[name] = _bind(function, signatures()[name])
        return function

    return register


def api_calls(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Register a table of functions; see `api_call`."""
    for name, function in functions.items():
        api_call(name)(function)


def _bind(function: Callable[..., Any], signature: ApiSignature) -> Callable[..., Any]:
    first = next(iter(inspect.signature(function).parameters), "")
    is_project_missing = first == "project" and all(parameter.kind != PROJECT for parameter in signature.args)

    passed = [(index, p.kind == PROJECT) for index, p in enumerate(signature.args) if not p.is_text_buffer]

    def bound(reaper: Any, *values: Any) -> Any:
        given = [reaper.project if is_project and values[i] is None else values[i] for i, is_project in passed]
        before = [reaper] if first == "reaper" else [reaper.project] if is_project_missing else []
        return function(*before, *given)

    return bound


class ApiBinding:
    """The stand-in's side of every call: `known` holds what is simulated. Keeps each Misuse, so that one caught by the
    script is not lost."""

    def __init__(self, reaper: object, known: Mapping[str, Callable[..., Any]]) -> None:
        self._reaper, self._known = reaper, known
        self._thread = threading.get_ident()
        self.misuses: list[Misuse] = []
        self.broken: BaseException | None = None  # a fault of the stand-in itself

    def call(self, name: str, count: int, *given: Any) -> tuple[Any, ...]:
        """Carry out a call of a script. Returns (True, results...) or (False, message)."""
        try:
            return self._call(name, given[:count])
        except InjectedFailure as failure:
            return False, str(failure)
        except Misuse as misuse:
            self.misuses.append(misuse)
            return False, str(misuse)
        except BaseException as error:
            self.broken = RuntimeError(f"the stand-in failed in {name}{given!r:.200}")
            self.broken.__cause__ = error
            raise

    def draw(self, window: GfxWindow, name: str, *given: Any) -> tuple[Any, ...]:
        """Carry out a call of a script's `gfx`. Returns the same."""
        try:
            result = window.call(name, *given)
        except Misuse as misuse:
            self.misuses.append(misuse)
            return False, str(misuse)
        return (True, *result) if isinstance(result, tuple) else (True, result)

    def _call(self, name: str, given: Sequence[Any]) -> tuple[Any, ...]:
        if name == "?misuse":
            raise Misuse(given[0])
        signature = signatures()[name]
        if signature.is_c_only:
            raise Misuse(f"{name} takes C structures: ReaScript's Lua does not have it")
        if name not in self._known:
            raise NotSimulated(f"REAPER has {name}, but this stand-in does not simulate it")
        if threading.get_ident() != self._thread:
            raise Misuse(f"{name} was called outside of the main thread")
        arguments = signature.check(given, check_pointer)
        result = self._known[name](self._reaper, *arguments)
        if not isinstance(result, tuple):
            result = () if result is None and not signature.returns else (result,)
        arrays = sum(parameter.kind == "array" for parameter in signature.args)  # what is read into one comes as well
        if len(result) != len(signature.returns) + arrays:
            raise RuntimeError(f"the stand-in returns {len(result)} values for {signature}")
        return (True, *result)


def check_pointer(value: Any, kind: str) -> None:
    """Raise Misuse where the value is no live object of this kind."""
    found = getattr(value, "kind", type(value).__name__)
    if found != kind:
        raise Misuse(f"{kind} expected, got {found}")
    if not value.is_alive:
        raise Misuse(f"a {kind} is used after it was removed")
