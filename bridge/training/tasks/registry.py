"""The tasks there are, by name."""

from __future__ import annotations

from bridge.errors import SettingsError
from bridge.model.manifest import Provenance
from bridge.training.tasks.channel_strip import ChannelStrip
from bridge.training.tasks.distortion import Distortion
from bridge.training.tasks.level import Level
from bridge.training.tasks.mastering import Mastering
from bridge.training.tasks.nonspeech import Nonspeech
from bridge.training.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (ChannelStrip(), Mastering(), Nonspeech(), Distortion(), Level())}


def task_that_trained(training: Provenance) -> Task:
    """The task that a model learned, as it learned it: what it must be judged by."""
    return task_called(training.task).as_trained(training)


def task_called(name: str) -> Task:
    """SettingsError naming the tasks there are."""
    if name not in TASKS:
        raise SettingsError(f"No task is called {name!r}. Tasks: {', '.join(sorted(TASKS))}.")
    return TASKS[name]
