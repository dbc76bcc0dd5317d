"""The messages between the host and a worker, as one table of types, and how they are framed.

MessagePack with a length in front, no pickles. Audio is named by its place in shared memory (`SharedRegion`), never
sent. The host sends `LoadRequest` once for each chain; every other request has exactly one reply, in order, which is
its own or an `ErrorReply`. A `ProgressReply` comes in between: it names the slot at work.
"""

from __future__ import annotations

import struct

import msgspec

from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.chain import Fingerprint, Slot
from bridge.plugins.worker.shared_memory import SharedRegion

_LENGTH = struct.Struct("<I")
MAX_FRAME_BYTES = 256 * 1024 * 1024


class WorkerRequest(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of what the host sends."""


class LoadRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Remember a chain under its key. `paths`: for each slot the bundle to load, '' for built-in effects."""

    key: str
    slots: tuple[Slot, ...]
    paths: tuple[str, ...]


class RenderRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Render `source` into `target`. `normalized`: float32 bytes of (rows, controls); one row does not move."""

    key: str
    normalized: bytes
    rows: int
    block_frames: int
    sample_rate_hz: int
    source: SharedRegion
    target: SharedRegion
    unmap: tuple[str, ...] = ()


class StreamRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Start a stream with fresh state; a `PushRequest` follows for each stretch of audio."""

    key: str
    normalized: bytes
    rows: int
    block_frames: int
    sample_rate_hz: int
    channels: int


class PushRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """The next stretch of the stream; the reply may hold fewer samples, as latency is taken out."""

    source: SharedRegion
    target: SharedRegion
    unmap: tuple[str, ...] = ()


class DescribeRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Load the chain's plugins and describe them."""

    key: str


class CalibrateRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Calibrate one plugin; `only_identity` stops after loading it."""

    plugin: str
    path: str
    only_identity: bool = False


class NamesRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """List the plugins of a bundle."""

    plugin: str
    path: str


class TryStateRequest(WorkerRequest, frozen=True, tag=True, kw_only=True):
    """Load one plugin, give it a state (normalized values by name), and try whether it renders."""

    plugin: str
    path: str
    normalized: dict[str, float]


class WorkerReply(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of what a worker sends."""


class ReadyReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The worker has started."""


class ProgressReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """Work goes on: loading or running this plugin."""

    plugin: str
    is_loading: bool = False


class RenderReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The audio lies in the target."""


class PushReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The first `frames` of the target hold audio."""

    frames: int


class SlotDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A loaded plugin. `channels`: the channel counts that one instance takes."""

    plugin: str
    fingerprint: Fingerprint
    latency_samples: int
    channels: tuple[int, ...]
    load_s: float
    vendor: str = ""


class DescribeReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The plugins of a chain, slot by slot."""

    slots: tuple[SlotDescription, ...]


class CalibrateReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """What trying a plugin showed."""

    calibration: Calibration


class NamesReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The reply to `NamesRequest`."""

    names: tuple[str, ...]


class IdentifyReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The reply to `CalibrateRequest` with `only_identity`."""

    slot: SlotDescription


class ShownParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter of a plugin as it stands: `normalized` as read back, `text` as displayed; `texts`: what it displays
    over its range, as (normalized, text) in rising order."""

    name: str
    normalized: float
    text: str
    texts: tuple[tuple[float, str], ...] = ()


class TryStateReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The plugin renders. `parameters`: those of its state, which hosts may set."""

    fingerprint: Fingerprint
    parameters: tuple[ShownParameter, ...]


class ErrorReply(WorkerReply, frozen=True, tag=True, kw_only=True):
    """The reply is an error: the name of its class in bridge.errors, and its message."""

    error: str
    message: str


AnyRequest = (
    LoadRequest
    | RenderRequest
    | StreamRequest
    | PushRequest
    | DescribeRequest
    | CalibrateRequest
    | TryStateRequest
    | NamesRequest
)
AnyReply = (
    ReadyReply
    | ProgressReply
    | RenderReply
    | PushReply
    | DescribeReply
    | CalibrateReply
    | IdentifyReply
    | TryStateReply
    | NamesReply
    | ErrorReply
)

_encoder = msgspec.msgpack.Encoder()
request_decoder = msgspec.msgpack.Decoder(AnyRequest)
reply_decoder = msgspec.msgpack.Decoder(AnyReply)


def encode_frame(message: WorkerRequest | WorkerReply) -> bytes:
    """Return a message with its length in front, as it goes through a pipe."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into message bodies."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies completed by `data`. Raises ValueError for a length that no message has."""
        self._pending += data
        bodies = []
        while len(self._pending) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._pending)
            if length > MAX_FRAME_BYTES:
                raise ValueError(f"a frame of {length:,} bytes")
            end = _LENGTH.size + length
            if len(self._pending) < end:
                break
            bodies.append(bytes(self._pending[_LENGTH.size : end]))
            del self._pending[:end]
        return bodies
