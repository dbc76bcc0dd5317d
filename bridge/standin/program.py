"""REAPER as its API sees it: project tabs, commands, what a user has set and seen.

The state on which API calls and control surfaces work. How scripts run, and when, is up to `reaper`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

from bridge.plugins.chain.catalog import Catalog
from bridge.standin.fx.fx import StandInFx
from bridge.standin.project.accessor import AudioAccessor
from bridge.standin.project.project import NO_OVERRIDE, ReaperProject
from bridge.standin.ui.messages import UserMessages


class ControlSurface(Protocol):
    """A control surface: read once per tick."""

    def tick(self) -> None: ...

    def close(self) -> None: ...


class ReaperProgram(ABC):
    """What calls and control surfaces reach. Tests set its attributes as a user would."""

    def __init__(self, *, path: str, sample_rate_hz: int, seed: int, resource_path: str) -> None:
        """One project tab is open, `path`. `seed` draws the stock FX."""
        self.resource_path = resource_path
        self._rng = random.Random(seed)
        self._sample_rate_hz = sample_rate_hz
        self._catalog = Catalog()
        self._automation_override = NO_OVERRIDE
        self.projects: list[ReaperProject] = []
        self.project = self.open_project(path)
        self.messages = UserMessages()
        self.ext_state: dict[tuple[str, str], str] = {}
        self.theme_colours = {"col_main_bg2": 0x333333, "col_main_text2": 0xE0E0E0}  # as REAPER 7 looks at first
        self.os_name = ""  # "": of this machine
        self.accessors: list[AudioAccessor] = []
        self.refresh_prevented = 0
        self.commands: dict[str, int] = {}  # named commands and their numbers
        self.toggles: dict[int, int] = {}
        self.surfaces: list[ControlSurface] = []

    @abstractmethod
    def run_command(self, command: int) -> None:
        """Run an action by its number; one that is unknown does nothing."""

    @abstractmethod
    def add_script(self, file: Path) -> int:
        """Enter a script in the action list; its number, 0 where there is no such file."""

    @property
    def automation_override(self) -> int:
        """The global override of all tracks' automation modes, -1 for none."""
        return self._automation_override

    @automation_override.setter
    def automation_override(self, mode: int) -> None:
        self._automation_override = mode
        for project in self.projects:
            project.automation_override = mode

    # ------------------------------------------------------------ projects

    def open_project(self, path: str) -> ReaperProject:
        """A new project tab in front."""
        project = ReaperProject(path, self._sample_rate_hz, self._rng, self._catalog)
        project.automation_override = self._automation_override
        self.projects.append(project)
        self.project = project
        return project

    def switch_to(self, project: ReaperProject) -> None:
        """Bring a project tab to the front."""
        self.project = project

    def close_project(self, project: ReaperProject) -> None:
        """Close a tab; another one comes to the front, a new one if it was the last."""
        self.projects.remove(project)
        project.close()
        if self.project is project:
            self.project = self.projects[0] if self.projects else self.open_project("")

    @property
    def undo_points(self) -> list[str]:
        """What the undo menu lists for the project in front, oldest first."""
        return self.project.history.texts

    def undo(self) -> bool:
        return self.project.history.undo()

    def redo(self) -> bool:
        return self.project.history.redo()

    def turn_knob(self, fx: StandInFx, parameter: str, normalized: float) -> None:
        """The user moves a control of an FX: a change with its own undo point."""
        fx.write(fx.index(parameter), normalized)
        self.project.history.add("Edit FX parameter", 2)
