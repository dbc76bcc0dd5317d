"""Roles by name, measured on names that people gave: none is wrong, and most that say a role are understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mix_balance.role_by_name import ROLES, role_by_name

FILE = Path(__file__).parents[1] / "data" / "track_names.tsv"
NONE, HELD_OUT = "-", "held out"


def names() -> list[tuple[str, str, str]]:
    """(name, role, source) of each; the role is `-` where the name says none."""
    rows = [line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")][1:]
    return [(name, role, source) for name, role, source in rows]


def test_no_role_is_wrong() -> None:
    wrong = [(name, role, found) for name, role, _ in names() if (found := role_by_name(name)) and found != role]
    assert wrong == []


@pytest.mark.parametrize(("is_held_out", "share"), [(False, 0.98), (True, 0.9)])
def test_most_names_that_say_a_role_are_understood(is_held_out: bool, share: float) -> None:
    """Those that were read after the words had been written tell what to expect of others."""
    said = [name for name, role, source in names() if role != NONE and source.startswith(HELD_OUT) == is_held_out]
    assert len(said) > 50
    assert sum(role_by_name(name) is not None for name in said) >= share * len(said)


def test_the_list_holds_every_role_and_many_names_without_one() -> None:
    roles = [role for _, role, _ in names()]
    assert set(roles) == {*ROLES, NONE}
    assert roles.count(NONE) > 100


@pytest.mark.parametrize("name", ["", " ", "\x00", "\ud800", "\u0301", "A" * 700, "🎸" * 40, "İstanbul", "ǅ"])
def test_no_name_is_too_odd(name: str) -> None:
    assert role_by_name(name) is None
