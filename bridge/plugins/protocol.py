"""What the host and a worker say to each other, as one table of types, and how it is framed.

MessagePack with a length in front, no pickles. Audio is named by its place in shared memory (`Region`), never sent.
The host asks `Load` once for each chain; then each `Render`, `Begin` + `Push`, `Describe` or `Measure` is answered
in order by exactly one `Rendered`, `Pushed`, `Described`, `Measured` or `Failed`. `Doing` comes in between: a sign
of progress that names the slot at work.
"""

from __future__ import annotations

import struct

import msgspec

from bridge.plugins.calibration import Calibration
from bridge.plugins.chain import Fingerprint, Slot
from bridge.plugins.shared_audio import Region

_LENGTH = struct.Struct("<I")
MAX_FRAME_BYTES = 256 * 1024 * 1024


class Ask(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of what the host sends."""


class Load(Ask, frozen=True, tag=True, kw_only=True):
    """Remember a chain under its key. `paths`: for each slot the bundle to load, '' for built-in effects."""

    key: str
    slots: tuple[Slot, ...]
    paths: tuple[str, ...]


class Render(Ask, frozen=True, tag=True, kw_only=True):
    """Render `source` into `target`. `settings`: float32 bytes of (rows, controls); one row does not move."""

    key: str
    settings: bytes
    rows: int
    block_frames: int
    sample_rate_hz: int
    source: Region
    target: Region
    forget: tuple[str, ...] = ()


class Begin(Ask, frozen=True, tag=True, kw_only=True):
    """Start a stream with fresh state: `Push` follows, with `frames` of audio each."""

    key: str
    settings: bytes
    rows: int
    block_frames: int
    sample_rate_hz: int
    channels: int


class Push(Ask, frozen=True, tag=True, kw_only=True):
    """The next stretch of the stream; the answer may hold fewer samples, as latency is taken out."""

    source: Region
    target: Region
    forget: tuple[str, ...] = ()


class Describe(Ask, frozen=True, tag=True, kw_only=True):
    """Load the chain's plugins and tell what they are."""

    key: str


class Measure(Ask, frozen=True, tag=True, kw_only=True):
    """Calibrate one plugin; `only_identity` stops after loading it."""

    plugin: str
    path: str
    only_identity: bool = False


class Answer(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of what a worker sends."""


class Ready(Answer, frozen=True, tag=True, kw_only=True):
    """The worker has started."""


class Doing(Answer, frozen=True, tag=True, kw_only=True):
    """Work goes on: loading or running this plugin."""

    plugin: str
    is_loading: bool = False


class Rendered(Answer, frozen=True, tag=True, kw_only=True):
    """The audio lies in the target."""


class Pushed(Answer, frozen=True, tag=True, kw_only=True):
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


class Described(Answer, frozen=True, tag=True, kw_only=True):
    slots: tuple[SlotDescription, ...]


class Measured(Answer, frozen=True, tag=True, kw_only=True):
    calibration: Calibration


class Identified(Answer, frozen=True, tag=True, kw_only=True):
    """The answer to `Measure` with `only_identity`."""

    slot: SlotDescription


class Failed(Answer, frozen=True, tag=True, kw_only=True):
    """The answer is an error: the name of its class in bridge.errors, and its message."""

    error: str
    message: str


Asks = Load | Render | Begin | Push | Describe | Measure
Answers = Ready | Doing | Rendered | Pushed | Described | Measured | Identified | Failed

_encoder = msgspec.msgpack.Encoder()
ask_decoder = msgspec.msgpack.Decoder(Asks)
answer_decoder = msgspec.msgpack.Decoder(Answers)


def frame(message: Ask | Answer) -> bytes:
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
