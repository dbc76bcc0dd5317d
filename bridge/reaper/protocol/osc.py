"""Every OSC address that Bridge hears, sends or knows of REAPER, as one table, and the packets that REAPER accepts.

REAPER's surface parses only the types i, f and s, passes values on unclamped, drops everything queued in a tick
when one message is longer than 1,024 bytes, and loses datagrams that do not come in bundles. The builders here
keep to that. This module opens no socket.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg

from bridge.errors import LinkError, cut

Value = float | int | str
Direction = Literal["to bridge", "from bridge", "to reaper", "from reaper"]

MAX_VALUES_PER_MESSAGE = 16
MAX_MESSAGE_BYTES = 1_024
MAX_MESSAGES_PER_BUNDLE = 20
MAX_TEXT = 300  # characters of a text in feedback: surfaces show one line
MAX_DATAGRAM_BYTES = 8_192  # what Bridge's surface entry in reaper.ini states; REAPER's own limit is 32,768


class OscAddress(NamedTuple):
    """One address: its direction, the types of its arguments ('?' after a type: may be left out), its meaning."""

    path: str
    direction: Direction
    types: str
    meaning: str


ADDRESSES = (
    OscAddress("/bridge/automix", "to bridge", "i?", "auto-mix the selected tracks, or track N (1 is the first)"),
    OscAddress("/bridge/amount", "to bridge", "f", "how far to go from the track as it was to what Bridge set, 0..1"),
    OscAddress("/bridge/compare", "to bridge", "i", "1: hear the track as it was, 0: as Bridge set it"),
    OscAddress("/bridge/undo", "to bridge", "", "take Bridge's last step back"),
    OscAddress("/bridge/style", "to bridge", "s", "name of the style to sound like; empty for none"),
    OscAddress("/bridge/next", "to bridge", "", "auto-mix again with the next style"),
    OscAddress("/bridge/ping", "to bridge", "", "answered with /bridge/status at once"),
    OscAddress("/bridge/status", "from bridge", "s", "what the daemon does: one line"),
    OscAddress("/bridge/progress", "from bridge", "f", "share of the running job that is done, 0..1"),
    OscAddress("/bridge/amount", "from bridge", "f", "where the amount stands, for faders with motors"),
    OscAddress("/bridge/compare", "from bridge", "i", "1 while the track is heard as it was, for lights"),
    OscAddress("/bridge/receipt", "from bridge", "sss", "id, status and message of what REAPER did with a reply"),
    OscAddress(
        "/bridge/result", "from bridge", "sssi", "id, status and message of an answered request, number of writes"
    ),
    OscAddress("/bridge/error", "from bridge", "s", "what went wrong and what to do: one line"),
    OscAddress("/track/{track}/fx/{fxs}/fxparam/{parameters}/value", "to reaper", "f*", "normalized values, 1-based"),
    OscAddress("/action/str", "to reaper", "s", "run the action with this named id (_RS...)"),
    OscAddress("/fx/last_touched/*", "from reaper", "*", "feedback for any FX, echoes of one's own writes included"),
    OscAddress("/fxparam/last_touched/*", "from reaper", "*", "feedback for any parameter, likewise"),
)

HEARD = {address.path: address for address in ADDRESSES if address.direction == "to bridge"}
SENT: dict[str, OscAddress] = {address.path: address for address in ADDRESSES if address.direction == "from bridge"}


def message(path: str, *values: Value) -> bytes:
    """One of Bridge's own feedback messages, its types as the table says."""
    types = SENT[path].types
    if len(values) != len(types):
        raise ValueError(f"{path} takes {len(types)} values, not {len(values)}")
    kinds: dict[str, Callable[[Value], Value]] = {"s": _short, "f": float, "i": int}
    return bytes(build_msg(path, [kinds[kind](value) for kind, value in zip(types, values, strict=True)]).dgram)


def _short(text: Value) -> str:
    """One line of a length that a surface can show."""
    line = cut(str(text).replace("\0", " "), MAX_TEXT)
    return line.encode("utf-8", "replace").decode()  # names of files may be no text


def action(command_id: str) -> bytes:
    """Run an action of REAPER by its named id; numeric ids change between installations and are refused."""
    if not command_id.startswith("_") or not command_id[1:].replace("_", "").isalnum():
        raise LinkError(f"{command_id!r} is no named command id; copy one that starts with '_' from the action list.")
    return bytes(build_msg("/action/str", [command_id]).dgram)


def actions(command_ids: Iterable[str]) -> Iterator[bytes]:
    """Datagrams that run actions by their named ids; REAPER passes over those that it does not know."""
    yield from _bundles(action(command_id) for command_id in command_ids)


def fx_values(track: int, values: Mapping[tuple[int, int], float]) -> Iterator[bytes]:
    """Datagrams that set FX parameters of a track: bundles of messages of up to 16 floats, each clamped to 0..1.

    `track` (0 is the master) and the keys of `values`, (FX, parameter), are 1-based as on REAPER's surface, which reads
    '/track/3/fx/1,1,2/fxparam/6,7,1/value' pair by pair. Raises LinkError for a value that is no number, or an address
    that REAPER has not.
    """
    for (fx, parameter), value in values.items():
        if track < 0 or fx < 1 or parameter < 1:
            raise LinkError(
                f"track {track}, FX {fx}, parameter {parameter}: REAPER counts FX and parameters from 1, tracks from 0 "
                "(the master)."
            )
        if not math.isfinite(value):
            raise LinkError(f"track {track}, FX {fx}, parameter {parameter}: {value} is no value to send.")
    yield from _bundles(_value_messages(track, values))


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
