"""The stand-in for REAPER: actions and scripts that run tick by tick, over the state in `program`.

    with StandIn(home=home, lua="5.4", seed=1) as reaper:
        track = reaper.project.add_track("Vocals", audio)
        track.add_fx("ReaEQ")
        track.selected = True
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle(limit_s=30)

Scripts run unmodified. One tick stands for a turn of REAPER's main loop (about 30 a second); nothing sleeps: where
scripts only wait, the stand-in waits for the spool to change. Everything runs in the thread that calls it.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from bridge.reaper.install.actions import FOLDER, path_id
from bridge.reaper.install.install import install
from bridge.standin.api.binding import ApiBinding
from bridge.standin.api_calls import API_CALLS
from bridge.standin.faults import Misuse
from bridge.standin.folder_watcher import ChangeWaiter
from bridge.standin.lua.script import RunningScript
from bridge.standin.program import ReaperProgram
from bridge.standin.project import rendering
from bridge.standin.project.envelope import BYPASSED
from bridge.standin.ui.window import GfxWindow

FIRST_COMMAND = 50000  # REAPER hands out numbers as it likes: scripts go by name
TICK_S = 1.0 / 30.0
IDLE_SLICE_S = 0.002  # a tick in which the scripts did less than this was spent waiting


class StandIn(ReaperProgram):
    """REAPER as scripts and control surfaces see it. Close it, or use it in a `with`."""

    def __init__(
        self,
        home: Path,
        *,
        lua: str = "5.4",
        seed: int = 0,
        sample_rate_hz: int = 48000,
        scripts: Path | None = None,
        path: str = "/projects/Song One.rpp",
        screen_scale: float = 1.0,
    ) -> None:
        """`home` is Bridge's folder, where messages arrive. `seed` draws the stock FX; the screen has `screen_scale`
        pixels per point.

        REAPER has a resource folder of its own, into which Bridge's scripts are installed as a user would; they run
        from there and find `home` by what the installer left. With `scripts`, others run, from where they are.
        """
        self._resources = TemporaryDirectory(prefix="reaper-", ignore_cleanup_errors=True)
        super().__init__(path=path, sample_rate_hz=sample_rate_hz, seed=seed, resource_path=self._resources.name)
        self.home, self.lua, self.screen_scale = home, lua, screen_scale
        if scripts is None:
            install(Path(self.resource_path), home)
        self.scripts_folder = scripts or Path(self.resource_path) / FOLDER
        self._actions: dict[int, Path] = {}
        self.ticks = 0
        self.slices_s: list[float] = []  # how long the scripts held each tick
        self.busy_s: list[float] = []  # the processor time of it: what a busy machine cannot lengthen
        self._binding = ApiBinding(self, API_CALLS)
        self._scripts: list[RunningScript] = []
        self._scheduled: list[tuple[int, Callable[[], None]]] = []
        self._waker = ChangeWaiter(home)
        self.register_actions()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(check=kind is None)

    def close(self, *, check: bool = True) -> None:
        """End the scripts as REAPER does on exit, then release plugins and watchers."""
        try:
            if check:
                self.stop_scripts()
        finally:
            self._scripts.clear()
            for surface in list(self.surfaces):
                surface.close()
            for project in list(self.projects):
                project.close()
            self._waker.close()
            self._resources.cleanup()

    # ------------------------------------------------------------ scripts

    def register_actions(self) -> None:
        """Give every script in the folder its command, as the installer does; again after adding some."""
        for file in sorted(self.scripts_folder.glob("*.lua")):
            self.add_script(file)

    def add_script(self, file: Path) -> int:
        """As the installer does for a script of Bridge's, and REAPER for any other: by its path in the folder Scripts,
        where it lies in there."""
        if not file.is_file():
            return 0
        inside = Path(self.resource_path) / "Scripts"
        path = file.relative_to(inside).as_posix() if file.is_relative_to(inside) else str(file)
        number = self.commands.setdefault(f"_{path_id(path)}", FIRST_COMMAND + len(self.commands))
        self._actions[number] = file
        return number

    def command_name(self, file_name: str) -> str:
        """The named command of a script, as REAPER would register it."""
        return next(name for name, number in self.commands.items() if self._actions[number].name == file_name)

    def run_command(self, command: int) -> None:
        """Run a registered action by its number; others do nothing here."""
        if command in self._actions:
            self.run_file(self._actions[command])
        elif command == rendering.COMMAND:
            rendering.render_project(self.project)

    def run_action(self, file_name: str) -> None:
        """Start one of the actions in the scripts' folder."""
        self.run_file(self.scripts_folder / file_name)

    def run_file(self, file: Path) -> None:
        """Start a script; its first slice runs at once. What becomes of the same script that runs already is up to its
        `set_action_options`; without, another one runs beside it, as a user may choose in REAPER."""
        for running in [script for script in self._scripts if script.file == file and script.is_ended_by_another_run]:
            is_followed = running.is_followed_by_another_run
            self._end(running)
            if not is_followed:
                return
        command = next((number for number, known in self._actions.items() if known == file), 0)
        window = GfxWindow(self.screen_scale, self.messages.menu_choices)
        script = RunningScript(
            file, lua=self.lua, command=command, call=self._binding.call, draw=self._binding.draw, window=window
        )
        self._scripts.append(script)
        has_deferred = self._run(script, script.start)
        if not has_deferred:
            self.project.history.add(f"ReaScript: {file.name}", -1)  # as REAPER does for scripts that end at once

    def on_tick(self, ticks: int, work: Callable[[], None]) -> None:
        """Call `work` before the scripts run in the `ticks`-th tick from now."""
        self._scheduled.append((self.ticks + ticks, work))

    def tick(self) -> float:
        """One turn of the main loop. Returns the seconds that scripts held it."""
        self.ticks += 1
        due = [work for at, work in self._scheduled if at <= self.ticks]
        self._scheduled = [entry for entry in self._scheduled if entry[0] > self.ticks]
        for work in due:
            work()
        for project in self.projects:
            project.tick(self.ticks)
            if self.automation_override != BYPASSED:
                project.play_envelopes()
        for surface in self.surfaces:
            surface.tick()
        was_collecting = gc.isenabled()
        gc.disable()  # REAPER holds no Python objects whose collection could fall into a slice
        try:
            started_s, busy_s = time.perf_counter(), time.thread_time()
            for script in list(self._scripts):
                self._run(script, script.tick)
            self.slices_s.append(time.perf_counter() - started_s)
            self.busy_s.append(time.thread_time() - busy_s)
        finally:
            if was_collecting:
                gc.enable()
        return self.slices_s[-1]

    def run_until_idle(self, limit_s: float = 30.0) -> None:
        """Tick until no script waits any more; Misuse after `limit_s` seconds."""
        self.run_until(lambda: not self._scripts and not self._scheduled, limit_s)

    def run_until(self, is_done: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Tick until `is_done()`; Misuse after `limit_s` seconds."""
        self._waker.watch()
        deadline_s = time.monotonic() + limit_s
        while not is_done():
            if time.monotonic() > deadline_s:
                names = ", ".join(script.file.name for script in self._scripts)
                raise Misuse(f"{names or 'the stand-in'} still waits after {limit_s:g} s: {self.messages.help[-1:]}")
            self._waker.clear()
            if self.tick() < IDLE_SLICE_S:
                self._waker.wait(TICK_S)

    @property
    def window(self) -> GfxWindow:
        """The one open window of a script; Misuse where there is none, or more."""
        found = [script.window for script in self._scripts if script.window.is_open]
        if len(found) != 1:
            raise Misuse(f"{len(found)} windows of scripts are open, not one")
        return found[0]

    def run_ticks(self, count: int) -> None:
        """So many turns of the main loop, without waiting."""
        for _ in range(count):
            self.tick()

    def settle_window(self, limit: int = 60) -> GfxWindow:
        """Tick until the window has seen all input, and twice more."""
        window = self.window
        for _ in range(limit):
            if not window.is_waiting:
                break
            self.tick()
        self.run_ticks(2)
        return window

    def stop_scripts(self) -> None:
        """The user terminates every running script: only `atexit` runs."""
        for script in list(self._scripts):
            self._end(script)

    def _run(self, script: RunningScript, step: Callable[[], None]) -> bool:
        """One slice of a script; returns whether it goes on."""
        try:
            step()
            self._raise_misuse()
            if self.refresh_prevented:
                raise Misuse(f"{script.file.name} ended a slice with PreventUIRefresh at {self.refresh_prevented}")
            if any(not e.is_sorted for p in self.projects for t in p.every_track() for e in t.envelopes):
                raise Misuse(f"{script.file.name} ended a slice with unsorted envelope points")
        except Misuse:
            self._scripts.remove(script)
            with suppress(Misuse):
                script.exit()
            self.refresh_prevented = 0
            self._raise_misuse()
            raise
        if script.is_waiting:
            return True
        self._end(script)
        return False

    def _end(self, script: RunningScript) -> None:
        self._scripts.remove(script)
        script.exit()
        self._raise_misuse()
        self._check_balance(script.file.name)

    def _raise_misuse(self) -> None:
        if self._binding.broken is not None:
            raise self._binding.broken
        if self._binding.misuses:
            first = self._binding.misuses[0]
            self._binding.misuses.clear()
            raise first

    def _check_balance(self, name: str) -> None:
        left: Mapping[str, int] = {
            "undo blocks": sum(project.history.block_depth for project in self.projects),
            "UI refresh locks": self.refresh_prevented,
            "audio accessors": len(self.accessors),
        }
        if any(left.values()):
            raise Misuse(f"{name} ended and left open: " + ", ".join(f"{n} {what}" for what, n in left.items() if n))


if sys.platform == "win32":  # Lua's io opens files by bytes: let the C library take them as UTF-8, as REAPER does
    import locale

    locale.setlocale(locale.LC_CTYPE, ".UTF8")
