"""Commands from whatever a surface sends: checked, bounded, never guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import LinkError
from bridge.surfaces.commands import COMMANDS, Command, is_release, parse_command

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8)


@given(name=st.sampled_from(sorted(COMMANDS)) | st.text(max_size=8), arguments=st.lists(ANYTHING, max_size=3))
def test_anything_is_a_command_in_range_or_a_link_error(name: str, arguments: list[object]) -> None:
    try:
        command = parse_command(name, arguments)
    except LinkError as error:
        assert "\n" not in str(error)
        return
    spec = COMMANDS[command.name]
    if isinstance(command.value, int | float):
        assert math.isfinite(command.value)
        assert spec.low <= command.value <= spec.high
        assert isinstance(command.value, spec.kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "arguments", "command"),
    [
        ("amount", [0.4], Command("amount", 0.4)),
        ("amount", [1], Command("amount", 1.0)),
        ("amount", ["0.25"], Command("amount", 0.25)),
        ("automix", [], Command("automix")),
        ("automix", [3.0, "more"], Command("automix", 3)),
        ("automix", [1], Command("automix", 1)),
        ("automix", [1.0], Command("automix")),
        ("automix", [True], Command("automix")),
        ("next", [1.0], Command("next")),
        ("compare", [1.0], Command("compare", 1)),
        ("undo", ["x"], Command("undo")),
        ("style", ["warm vocal"], Command("style", "warm vocal")),
        ("ping", [1], Command("ping")),
    ],
)
def test_surfaces_may_send_numbers_in_any_form(name: str, arguments: list[object], command: Command) -> None:
    assert parse_command(name, arguments) == command


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("amount", [], "needs a value"),
        ("amount", [math.nan], "needs a number"),
        ("amount", ["loud"], "needs a number"),
        ("amount", [7.0], r"^amount takes 0 to 1, not 7\.0: "),
        ("amount", [-0.1], r"^amount takes 0 to 1, not -0\.1: "),
        ("compare", [127], r"^compare takes 0 to 1, not 127: "),
        ("automix", [-1], r"^automix takes 0 to 100000, not -1: "),
        ("style", [3], "needs a text"),
        ("explode", [], "Commands: automix"),
        ("x" * 100_000, [], "^.{1,200}$"),
        ("amount", ["9" * 100_000 + "x"], "^.{1,200}$"),
        ("style", [b"z" * 100_000], "^.{1,200}$"),
    ],
)
def test_what_is_no_command_is_said(name: str, arguments: list[object], said: str) -> None:
    with pytest.raises(LinkError, match=said):
        parse_command(name, arguments)


def test_a_button_let_go_is_known() -> None:
    assert [is_release([value]) for value in (0, 0.0, False, 1, 1.0, "0")] == [True, True, True, False, False, False]
    assert not is_release([])
