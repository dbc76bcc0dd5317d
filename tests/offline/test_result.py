"""Lists of what was set: what is heard, and how many settings moved for nothing."""

from __future__ import annotations

from bridge.automix.job import UNHEARD
from bridge.offline.result import ControlRow, audible_rows


def row(control: str, after: float, reason: str) -> ControlRow:
    return ControlRow(
        slot="slot", plugin="builtin:Gain", control=control, unit="dB", before=0.0, after=after,
        text_before="0", text=str(after), confidence=1.0, reason=reason,
    )  # fmt: skip


def test_what_is_not_heard_is_counted() -> None:
    rows = [row("a", 1.0, "It was low."), row("b", 1.0, UNHEARD), row("c", 0.0, ""), row("d", 2.0, UNHEARD)]
    heard, line = audible_rows(rows)
    assert [one.control for one in heard] == ["a"]
    assert line == "2 further settings moved without being heard."
    assert audible_rows(rows[:2])[1] == "1 further setting moved without being heard."


def test_all_are_listed_where_none_is_heard_or_all_are() -> None:
    assert audible_rows([row("b", 1.0, UNHEARD)])[0][0].control == "b"
    assert audible_rows([row("a", 1.0, "It was low.")])[1] == ""
