"""Packets for REAPER's surface stay within what it accepts."""

import math
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from bridge.errors import LinkError
from bridge.reaper.protocol import osc
from bridge.standin import StandIn
from bridge.standin.osc.surface import StandInOscSurface


def unpack(packet: bytes) -> list[OscMessage]:
    return list(OscBundle(packet))  # type: ignore[arg-type]


PLACES = st.tuples(st.integers(1, 40), st.integers(1, 100_000))


@given(values=st.dictionaries(PLACES, st.floats(-5, 5), max_size=600))
def test_every_value_arrives_once_clamped_and_as_a_float(values: dict[tuple[int, int], float]) -> None:
    packets = list(osc.fx_values({3: values}))
    arrived: dict[tuple[int, int], float] = {}
    for packet in packets:
        assert len(packet) <= osc.MAX_DATAGRAM_BYTES
        messages = unpack(packet)
        assert 1 <= len(messages) <= osc.MAX_MESSAGES_PER_BUNDLE
        for message in messages:
            assert message.size <= osc.MAX_MESSAGE_BYTES
            _, track, number, _, fxs, _, parameters, _ = message.address.split("/")
            assert (track, number) == ("track", "3")
            places = list(zip(map(int, fxs.split(",")), map(int, parameters.split(",")), strict=True))
            assert len(places) == len(message.params) <= osc.MAX_VALUES_PER_MESSAGE
            assert all(isinstance(value, float) for value in message.params)
            arrived |= dict(zip(places, message.params, strict=True))
    assert arrived == pytest.approx({k: min(max(v, 0.0), 1.0) for k, v in values.items()}, abs=1e-6)


def test_reaper_sets_every_value_of_a_message(tmp_path: Path) -> None:
    with StandIn(tmp_path, seed=3) as reaper, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        surface = StandInOscSurface(reaper)
        track = reaper.project.add_track("Keys")
        chain = [track.add_fx("ReaComp"), track.add_fx("ReaEQ")]
        values = {(fx, parameter): 0.25 + 0.01 * parameter for fx in (1, 2) for parameter in (2, 3, 5)}
        for packet in osc.fx_values({1: values}):
            out.sendto(packet, ("127.0.0.1", surface.port))
        reaper.tick()
        assert surface.discarded == 0
        assert {place: chain[place[0] - 1].read_normalized(place[1] - 1) for place in values} == pytest.approx(
            values, abs=1e-6
        )


def test_a_thousand_parameters_are_few_datagrams() -> None:
    assert len(list(osc.fx_values({1: {(1, parameter): 0.5 for parameter in range(1, 1001)}}))) <= 4


def test_tracks_share_datagrams() -> None:
    """One value on each of 1,000 tracks: as one datagram each, most of them were lost."""
    tracks = {track: {(1, 1): 0.5} for track in range(1, 1001)}
    packets = list(osc.fx_values(tracks))
    assert len(packets) <= 60
    assert [message.address for packet in packets for message in unpack(packet)] == [
        f"/track/{track}/fx/1/fxparam/1/value" for track in tracks
    ]


@pytest.mark.parametrize(
    ("track", "values"),
    [(-1, {(1, 1): 0.5}), (1, {(0, 1): 0.5}), (1, {(1, 0): 0.5}), (1, {(1, 1): math.nan}), (1, {(1, 1): math.inf})],
)
def test_what_reaper_would_misread_is_not_sent(track: int, values: dict[tuple[int, int], float]) -> None:
    with pytest.raises(LinkError):
        list(osc.fx_values({track: values}))


def test_actions_go_by_named_id() -> None:
    message = OscMessage(osc.action("_RS0123abc"))
    assert (message.address, message.params) == ("/action/str", ["_RS0123abc"])
    for wrong in ("40001", "", "_", "_RS 1", "_RS/../x"):
        with pytest.raises(LinkError, match="named command id"):
            osc.action(wrong)
