"""lib/exchange/json.lua against Python's json, both ways."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
EASY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(VALUES)
@EASY
@pytest.mark.slow
def test_any_value_survives_the_way_through_lua(module: Callable[[str], Any], value: Any) -> None:
    lua_json = module("exchange.json")
    text = json.dumps(value, ensure_ascii=False).encode()
    assert json.loads(lua_json.encode(lua_json.decode(text))) == value


@given(VALUES)
@EASY
@pytest.mark.slow
def test_escaped_and_spaced_text_is_read_alike(module: Callable[[str], Any], value: Any) -> None:
    lua_json = module("exchange.json")
    text = json.dumps(value, ensure_ascii=True, indent=2).encode()
    assert json.loads(lua_json.encode(lua_json.decode(text))) == value


@given(st.binary(max_size=40))
@EASY
def test_any_bytes_become_text_that_python_reads(module: Callable[[str], Any], data: bytes) -> None:
    read = json.loads(module("exchange.json").encode(data).decode("utf-8"))
    try:
        assert read == data.decode("utf-8")
    except UnicodeDecodeError:
        assert "\ufffd" in read


@given(st.binary(max_size=40) | TEXT.map(str.encode))
@EASY
def test_broken_text_is_refused_where_python_refuses_it(module: Callable[[str], Any], data: bytes) -> None:
    lua_json, runtime = module("exchange.json"), module.runtime  # type: ignore[attr-defined]
    is_read = runtime.eval(b"function(f, ...) return (pcall(f, ...)) end")(lua_json.decode, data)
    try:
        json.loads(data.decode("utf-8"), parse_constant=_refuse)
        is_valid = True
    except (ValueError, RecursionError):
        is_valid = False
    if is_valid:
        assert is_read
    elif is_read:
        data.decode("latin-1")  # only bytes that are no UTF-8 inside of text may pass
        assert not _is_utf8(data)


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"a":1,}', "01", "1.", ".5", "+1", "nul", '"\\x"', '"\t"', "[1] 2", '{"a" 1}', '"\\ud8"']
)
def test_what_is_no_json_raises_with_its_place(module: Callable[[str], Any], text: str) -> None:
    with pytest.raises(Exception, match=r"JSON: .* at byte [0-9]+"):
        module("exchange.json").decode(text.encode())


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_raise(module: Callable[[str], Any], number: float) -> None:
    with pytest.raises(Exception, match="JSON has no number"):
        module("exchange.json").encode(number)


def test_half_a_surrogate_pair_becomes_the_replacement_character(module: Callable[[str], Any]) -> None:
    assert module("exchange.json").decode(b'"\\ud83d!"').decode("utf-8") == "\ufffd!"


def test_depth_is_limited_both_ways(module: Callable[[str], Any]) -> None:
    with pytest.raises(Exception, match="deeper"):
        module("exchange.json").decode(b"[" * 100 + b"]" * 100)


def test_an_empty_array_stays_an_array(module: Callable[[str], Any]) -> None:
    lua_json = module("exchange.json")
    assert lua_json.encode(lua_json.decode(b'{"a":[],"b":{}}')) == b'{"a":[],"b":{}}'


def _refuse(name: str) -> None:
    raise ValueError(name)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
