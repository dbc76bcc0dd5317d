"""The tasks there are, by name."""

from __future__ import annotations

from bridge.errors import SettingsError
from bridge.model.manifest import Provenance
from bridge.training.recipe import task_name
from bridge.training.tasks.channel_strip import ChannelStripTask
from bridge.training.tasks.distortion import DistortionTask
from bridge.training.tasks.evenness import EvennessTask
from bridge.training.tasks.mastering import MasteringTask
from bridge.training.tasks.nonspeech import NonspeechTask
from bridge.training.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (ChannelStripTask(), MasteringTask(), NonspeechTask(), DistortionTask(), EvennessTask())
}


def task_of_model(training: Provenance) -> Task:
    """Return the task that a model learned, as it learned it: what it must be evaluated by."""
    return find_task(training.task).as_learned_by(training)


def find_task(name: str) -> Task:
    """SettingsError naming the tasks there are."""
    if task_name(name) not in TASKS:
        raise SettingsError(f"No task is called {name!r}. Tasks: {', '.join(sorted(TASKS))}.")
    return TASKS[task_name(name)]
