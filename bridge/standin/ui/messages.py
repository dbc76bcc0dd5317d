"""What a user of the stand-in sees and answers: boxes, console, help lines, menus, dialogs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class UserMessages:
    """What the user has seen: boxes, questions, console texts, help lines. `answers` are given to boxes by title; a
    question that has none is cancelled, or declined where it cannot be."""

    boxes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)  # boxes with more than one button
    console: list[str] = field(default_factory=list)
    help: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    menu_choices: list[str] = field(default_factory=list)  # what is chosen from the next menus; then nothing
    chosen_files: list[str] = field(default_factory=list)  # what the next file dialogs give; then they are cancelled
    inputs: list[str] = field(default_factory=list)  # what is typed into the next input dialogs
