"""Frames survive any cut of the stream, and every message comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.plugins.chain.chain import Slot
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import SharedRegion

REGION = SharedRegion("/dev/shm/x", 2, 48_000)
REQUESTS = [
    protocol.LoadRequest(key="k", slots=(Slot(name="a", plugin="builtin:Gain"),), paths=("",)),
    protocol.RenderRequest(
        key="k", normalized=b"\0" * 64, rows=1, block_frames=512, sample_rate_hz=48_000, source=REGION, target=REGION
    ),
    protocol.StreamRequest(key="k", normalized=b"", rows=1, block_frames=1, sample_rate_hz=1, channels=1),
    protocol.PushRequest(source=REGION, target=REGION, unmap=("a", "b")),
    protocol.DescribeRequest(key="k"),
    protocol.CalibrateRequest(plugin="vst3:X", path="/x"),
]


@given(st.lists(st.integers(min_value=1, max_value=60), min_size=1))
def test_frames_survive_any_cut(cuts: list[int]) -> None:
    stream = b"".join(map(protocol.encode_frame, REQUESTS))
    reader, bodies = protocol.FrameReader(), []
    position = 0
    while position < len(stream):
        step = cuts[position % len(cuts)]
        bodies += reader.feed(stream[position : position + step])
        position += step
    assert [protocol.request_decoder.decode(body) for body in bodies] == REQUESTS


def test_a_length_that_no_message_has() -> None:
    with pytest.raises(ValueError, match="frame"):
        protocol.FrameReader().feed(b"\xff\xff\xff\xff")


def test_job_messages_are_small() -> None:
    """16 controls: some 250 bytes; audio never travels in a message."""
    assert len(protocol.encode_frame(REQUESTS[1])) < 400
