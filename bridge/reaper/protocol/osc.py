"""OSC packets for REAPER's control surface: FX parameters by number, actions by named id.

REAPER's surface parses only the types i, f and s, passes values on unclamped, drops everything queued in a tick
when one message is longer than 1,024 bytes, and loses datagrams that do not come in bundles. The builders here
keep to that. This module opens no socket.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg

from bridge.errors import LinkError

MAX_VALUES_PER_MESSAGE = 16
MAX_MESSAGE_BYTES = 1_024
MAX_MESSAGES_PER_BUNDLE = 20
MAX_DATAGRAM_BYTES = 8_192  # what Bridge's surface entry in reaper.ini states; REAPER's own limit is 32,768


def action(command_id: str) -> bytes:
    """Run an action of REAPER by its named id; numeric ids change between installations and are refused."""
    if not command_id.startswith("_") or not command_id[1:].replace("_", "").isalnum():
        raise LinkError(f"{command_id!r} is no named command id; copy one that starts with '_' from the action list.")
    return bytes(build_msg("/action/str", [command_id]).dgram)


def actions(command_ids: Iterable[str]) -> Iterator[bytes]:
    """Datagrams that run actions by their named ids; REAPER passes over those that it does not know."""
    yield from _bundles(action(command_id) for command_id in command_ids)


def fx_values(tracks: Mapping[int, Mapping[tuple[int, int], float]]) -> Iterator[bytes]:
    """Datagrams that set FX parameters of tracks: bundles of messages of up to 16 floats, each clamped to 0..1. Tracks
    share datagrams: REAPER's system keeps some 256 of them for it, and loses the rest.

    The keys of `tracks` (0 is the master) and those of a track's values, (FX, parameter), are 1-based as on REAPER's
    surface, which reads '/track/3/fx/1,1,2/fxparam/6,7,1/value' pair by pair. Raises LinkError for a value that is no
    number, or an address that REAPER has not.
    """
    for track, values in tracks.items():
        for (fx, parameter), value in values.items():
            _check_value(track, fx, parameter, value)
    yield from _bundles(message for track, values in tracks.items() for message in _value_messages(track, values))


def _check_value(track: int, fx: int, parameter: int, value: float) -> None:
    if track < 0 or fx < 1 or parameter < 1:
        raise LinkError(
            f"track {track}, FX {fx}, parameter {parameter}: REAPER counts FX and parameters from 1, tracks from 0 "
            "(the master)."
        )
    if not math.isfinite(value):
        raise LinkError(f"track {track}, FX {fx}, parameter {parameter}: {value} is no value to send.")


def _value_messages(track: int, values: Mapping[tuple[int, int], float]) -> Iterator[bytes]:
    items = sorted(values.items())
    for start in range(0, len(items), MAX_VALUES_PER_MESSAGE):
        part = items[start : start + MAX_VALUES_PER_MESSAGE]
        places = ",".join(str(fx) for (fx, _), _ in part), ",".join(str(parameter) for (_, parameter), _ in part)
        floats = [min(max(float(value), 0.0), 1.0) for _, value in part]
        yield bytes(build_msg(f"/track/{track}/fx/{places[0]}/fxparam/{places[1]}/value", floats).dgram)


def _bundles(messages: Iterable[bytes]) -> Iterator[bytes]:
    """Pack messages into as few datagrams as the limits allow."""
    head = OscBundleBuilder(IMMEDIATELY).build().dgram
    packed, count = head, 0
    for item in messages:
        if len(item) > MAX_MESSAGE_BYTES:
            raise LinkError(f"An OSC message of {len(item)} bytes is longer than REAPER's {MAX_MESSAGE_BYTES}.")
        entry = struct.pack(">i", len(item)) + item
        if count and (count == MAX_MESSAGES_PER_BUNDLE or len(packed) + len(entry) > MAX_DATAGRAM_BYTES):
            yield packed
            packed, count = head, 0
        packed, count = packed + entry, count + 1
    if count:
        yield packed
