"""Feedback to control surfaces: one table of the OSC messages that Bridge sends them, and their encoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pythonosc.osc_message_builder import build_msg

from bridge.errors import truncated

Value = float | int | str

MAX_TEXT = 300  # characters: surfaces show one line


class FeedbackSpec(NamedTuple):
    """One message: its address, the OSC type tags of its arguments, and what they mean."""

    address: str
    types: str
    meaning: str


FEEDBACK: dict[str, FeedbackSpec] = {
    spec.address: spec
    for spec in (
        FeedbackSpec("/bridge/status", "s", "what the daemon does: one line"),
        FeedbackSpec("/bridge/progress", "f", "share of the running job that is done, 0..1"),
        FeedbackSpec("/bridge/amount", "f", "where the amount stands, for faders with motors"),
        FeedbackSpec("/bridge/compare", "i", "1 while the track is heard as it was, for lights"),
        FeedbackSpec("/bridge/receipt", "sss", "id, status and message of what REAPER did with a reply"),
        FeedbackSpec("/bridge/result", "sssi", "id, status and message of a reply to a request, number of writes"),
        FeedbackSpec("/bridge/error", "s", "what went wrong and what to do: one line"),
    )
}


def feedback_message(address: str, *values: Value) -> bytes:
    """Return the OSC message for an address of `FEEDBACK`, its values of the types that the table states."""
    types = FEEDBACK[address].types
    if len(values) != len(types):
        raise ValueError(f"{address} takes {len(types)} values, not {len(values)}")
    convert: dict[str, Callable[[Value], Value]] = {"s": _line, "f": float, "i": int}
    return bytes(build_msg(address, [convert[tag](value) for tag, value in zip(types, values, strict=True)]).dgram)


def _line(text: Value) -> str:
    """Return one line of a length that a surface can show."""
    line = truncated(str(text).replace("\0", " "), MAX_TEXT)
    return line.encode("utf-8", "replace").decode()  # names of files may be no text
