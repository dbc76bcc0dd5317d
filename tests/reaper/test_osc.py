"""Packets for REAPER's surface stay within what it accepts, and the table of addresses is the surfaces' too."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from bridge.errors import LinkError
from bridge.reaper import osc
from bridge.surfaces.commands import COMMANDS


def unpack(packet: bytes) -> list[OscMessage]:
    return list(OscBundle(packet))  # type: ignore[arg-type]


@given(values=st.dictionaries(st.integers(1, 100_000), st.floats(-5, 5), max_size=600))
def test_every_value_arrives_once_clamped_and_as_a_float(values: dict[int, float]) -> None:
    packets = list(osc.fx_parameters(3, 2, values))
    arrived: dict[int, float] = {}
    for packet in packets:
        assert len(packet) <= osc.MAX_DATAGRAM_BYTES
        messages = unpack(packet)
        assert 1 <= len(messages) <= osc.MAX_MESSAGES_PER_BUNDLE
        for message in messages:
            assert message.size <= osc.MAX_MESSAGE_BYTES
            head, _, tail = message.address.partition("/fxparam/")
            assert head == "/track/3/fx/2"
            numbers = [int(number) for number in tail.removesuffix("/value").split(",")]
            assert len(numbers) == len(message.params) <= osc.MAX_VALUES_PER_MESSAGE
            assert all(isinstance(value, float) for value in message.params)
            arrived |= dict(zip(numbers, message.params, strict=True))
    assert arrived == pytest.approx({k: min(max(v, 0.0), 1.0) for k, v in values.items()}, abs=1e-6)


def test_a_thousand_parameters_are_few_datagrams() -> None:
    assert len(list(osc.fx_parameters(1, 1, dict.fromkeys(range(1, 1001), 0.5)))) <= 4


@pytest.mark.parametrize(
    ("track", "fx", "values"),
    [(-1, 1, {1: 0.5}), (1, 0, {1: 0.5}), (1, 1, {0: 0.5}), (1, 1, {1: math.nan}), (1, 1, {1: math.inf})],
)
def test_what_reaper_would_misread_is_not_sent(track: int, fx: int, values: dict[int, float]) -> None:
    with pytest.raises(LinkError):
        list(osc.fx_parameters(track, fx, values))


def test_actions_go_by_named_id() -> None:
    message = OscMessage(osc.action("_RS0123abc"))
    assert (message.address, message.params) == ("/action/str", ["_RS0123abc"])
    for wrong in ("40001", "", "_", "_RS 1", "_RS/../x"):
        with pytest.raises(LinkError, match="named command id"):
            osc.action(wrong)


def test_feedback_has_the_types_of_the_table() -> None:
    message = OscMessage(osc.message("/bridge/result", "id", "apply", "ok", 3))
    assert message.params == ["id", "apply", "ok", 3]
    assert OscMessage(osc.message("/bridge/progress", 1)).params == [1.0]
    with pytest.raises(ValueError, match="takes 4"):
        osc.message("/bridge/result", "id")


def test_the_table_holds_each_address_once_and_every_command() -> None:
    places = [(address.path, address.direction) for address in osc.ADDRESSES]
    assert len(places) == len(set(places))
    assert {path.removeprefix("/bridge/") for path in osc.HEARD} == set(COMMANDS)
    kinds = {"": None, "i": int, "i?": int, "f": float, "s": str}
    for path, address in osc.HEARD.items():
        spec = COMMANDS[path.removeprefix("/bridge/")]  # type: ignore[index]
        assert kinds[address.types] is spec.kind
        assert address.types.endswith("?") == spec.is_optional
