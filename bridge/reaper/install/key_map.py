"""Bridge's actions in REAPER's `reaper-kb.ini`: one line for each script, under an id that is known in advance.

    SCR 4 0 RS2256b9... "Custom: Bridge: Auto-mix track" Bridge/bridge_automix.lua

A user's key bindings to the actions (`KEY ... _RS2256b9...`) are the user's own: they stay when the actions go, and
work again when they come back. Only edits lines: reads and writes no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bridge.reaper.install.actions import ReaperAction
from bridge.reaper.install.text_file import TextFile, body_of, insert, remove

SCRIPT, MAIN_SECTION = 4, 0

_LINE = re.compile(r"\s*SCR\s+\d+\s+(\d+)\s+(RS\w+)\s.*", re.IGNORECASE)


def line_of(action: ReaperAction) -> str:
    path = f'"{action.path}"' if " " in action.path else action.path
    return f'SCR {SCRIPT} {MAIN_SECTION} {action.id[1:]} "Custom: {action.title}" {path}'


def registered(text: TextFile) -> set[str]:
    """The ids (with the underscore) of all scripts in the main section."""
    return {f"_{found[2]}" for found in _scripts(text) if int(found[1]) == MAIN_SECTION}


def add(text: TextFile, actions: Sequence[ReaperAction], ours: Iterable[str] | None) -> tuple[TextFile, list[str]]:
    """With a line for each action, and the ids of those that were added: what a user has loaded stays the user's.

    `ours`: the ids that an earlier `add` returned.
    """
    before = set(ours or ())
    lines = {body_of(line) for line in text.lines}
    if before == {action.id for action in actions} and all(line_of(action) in lines for action in actions):
        return text, [action.id for action in actions]
    text = take_out(text, before)
    there = registered(text)
    added = [action for action in actions if action.id not in there]
    if added:
        text = insert(text, len(text.lines), [line_of(action) for action in added])
    return text, [action.id for action in added]


def take_out(text: TextFile, ids: Iterable[str]) -> TextFile:
    """Without the scripts of these ids."""
    gone = {command_id.upper() for command_id in ids}
    for at in reversed(range(len(text.lines))):
        found = _LINE.fullmatch(body_of(text.lines[at]))
        if found and f"_{found[2]}".upper() in gone and int(found[1]) == MAIN_SECTION:
            text = remove(text, at)
    return text


def _scripts(text: TextFile) -> Iterable[re.Match[str]]:
    return (found for line in text.lines if (found := _LINE.fullmatch(body_of(line))))
