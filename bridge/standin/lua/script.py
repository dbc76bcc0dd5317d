"""One running script: a Lua of its own, the prelude around it, and its calls into the stand-in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from bridge.standin.api.signatures import LUA_ONLY, signatures
from bridge.standin.faults import Misuse
from bridge.standin.ui.window import GfxWindow

ENDS_RUNNING, STARTS_ANEW = 1, 2  # flags of set_action_options
LUA_MODULES = {"5.3": "lupa.lua53", "5.4": "lupa.lua54"}
PRELUDE, GFX = Path(__file__).with_name("prelude.lua"), Path(__file__).with_name("gfx.lua")


class RunningScript:
    """A script from its file to its end. `call` carries out API calls: (True, results...) or (False, message), as
    `draw` does those of `gfx` for the script's `window`."""

    def __init__(
        self,
        file: Path,
        *,
        lua: str,
        command: int,
        call: Callable[..., tuple[Any, ...]],
        draw: Callable[..., tuple[Any, ...]],
        window: GfxWindow,
    ) -> None:
        self.file, self.window = file, window
        self._runtime = _lua_module(lua).LuaRuntime(
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse_attribute,
        )
        known = self._runtime.table_from(dict.fromkeys((*signatures(), *LUA_ONLY), True))
        context = self._runtime.table_from({"path": str(file), "command": command})
        load = self._runtime.eval("load")
        prelude = load(PRELUDE.read_text(encoding="utf-8"), "@prelude.lua", "t")
        gfx = load(GFX.read_text(encoding="utf-8"), "@gfx.lua", "t")
        self._driver = prelude(call, known, context, gfx, lambda *given: draw(window, *given))

    @property
    def is_waiting(self) -> bool:
        """Whether the script has deferred something."""
        return bool(self._driver.is_waiting())

    @property
    def is_ended_by_another_run(self) -> bool:
        """Whether the script ends where its action is run again, by `set_action_options`."""
        return bool(self._driver.options() & ENDS_RUNNING)

    @property
    def is_followed_by_another_run(self) -> bool:
        """Whether, ended so, it is started anew. Without, the action only ends what runs."""
        return bool(self._driver.options() & STARTS_ANEW)

    def start(self) -> None:
        """Run the file once; Misuse where the script fails."""
        self._check(self._driver.run(self.file.read_text(encoding="utf-8"), f"@{self.file}"))

    def tick(self) -> None:
        if (seen := self.window.tick()) is not None:
            self._driver.look(*seen)
        self._check(self._driver.tick())

    def exit(self) -> None:
        """Run what the script gave to `atexit`."""
        self._check(self._driver.exit())

    def _check(self, outcome: Any) -> None:
        is_sound, problem = outcome if isinstance(outcome, tuple) else (outcome, None)
        if not is_sound:
            raise Misuse(f"{self.file.name} failed: {problem}")


def _lua_module(lua: str) -> ModuleType:
    if lua not in LUA_MODULES:
        raise Misuse(f"no Lua {lua!r} here; REAPER has {' and '.join(LUA_MODULES)}")
    return importlib.import_module(LUA_MODULES[lua])


def _refuse_attribute(owner: object, name: object, is_setting: bool) -> Any:
    del owner, is_setting
    raise AttributeError(f"REAPER's pointers are opaque: a script reads {name!r} of one")
