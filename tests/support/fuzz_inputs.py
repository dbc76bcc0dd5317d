"""Made-up OSC packets and spool files, the same for the same seed: nonsense, and what is nearly right."""

from __future__ import annotations

import copy
import json
import os
import random
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pythonosc.osc_message_builder import build_msg

NUMBERS = (0, -1, 1, 2, 49, 2**31, -(2**63), 2**63, 1e308, -1e308, 1e-320, 0.5, 48_000, 1 << 32)
TEXTS = (
    "", "x", "1", "../../../etc/passwd", "/etc/passwd", "..\\..\\secret.wav", "C:\\Windows\\win.ini", "\\\\host\\share",
    "CON", "a" * 5_000, "\0", "\uffff", "ÄÖ\u202e", "%s%n", "{}", "nan", "-inf dB", "1e999", "∞", "<b>",
    "vst3:/tmp/evil.vst3", "channel-strip", "../models/channel-strip", "warm\nvocal",
)  # fmt: skip
PATHS = ("automix", "amount", "compare", "undo", "style", "next", "ping", "", "/", "x", "amount/1", "status")
WRONG_NAMES = (
    "x.json",
    "..json",
    ".json",
    "{id}.JSON",
    "{id}.json.part",
    "{id}",
    "{id}.wav",
    " {id}.json",
    "{id}.json ~",
)
FOLDERS = ("requests", "receipts", "answers", "audio", "progress", "attempts", "applied", "asks", "replies")


@dataclass
class Packets:
    """OSC packets. Floats and booleans abound, for those are what a surface sends."""

    rng: random.Random

    def __call__(self) -> bytes:
        kind = self.rng.random()
        if kind < 0.15:
            return self.rng.randbytes(self.rng.randrange(200))
        if kind < 0.25:
            return self._bundle(self.rng.randrange(7))
        packet = self._message()
        return self._damaged(packet) if kind < 0.6 else packet

    def _message(self) -> bytes:
        rng = self.rng
        prefix = rng.choice(["/bridge/"] * 8 + ["/", "/bridge", "//bridge/", "/*/"])
        given = [self._argument() for _ in range(rng.choice((0, 1, 1, 1, 2, 40)))]
        return bytes(build_msg(prefix + rng.choice(PATHS), given).dgram)

    def _argument(self) -> object:
        rng = self.rng
        return rng.choice(
            [
                rng.random(), rng.choice((-3.0, 1e38, float("nan"), float("inf"), 0.0, 1.0)), rng.randrange(-3, 200),
                True, False, None, rng.choice(TEXTS).replace("\0", ""), rng.randbytes(rng.randrange(1, 9)),
                rng.randrange(-(2**31), 2**31), [1, [2.0]],
            ]
        )  # fmt: skip

    def _damaged(self, packet: bytes) -> bytes:
        data = bytearray(packet)
        for _ in range(self.rng.randrange(1, 4)):
            at = self.rng.randrange(len(data) or 1)
            what = self.rng.randrange(4)
            if what == 0 and data:
                data[at] = self.rng.randrange(256)
            elif what == 1:
                del data[at:]
            elif what == 2:
                data[at:at] = self.rng.randbytes(self.rng.randrange(1, 9))
            else:
                data += data[: self.rng.randrange(len(data) + 1)]
        return bytes(data[:60_000])

    def _bundle(self, depth: int) -> bytes:
        time_tag = self.rng.choice((1, 0, 2**64 - 1, self.rng.getrandbits(64)))
        data = b"#bundle\0" + struct.pack(">Q", time_tag)
        for _ in range(self.rng.randrange(4)):
            inner = self._bundle(depth - 1) if depth > 0 and self.rng.random() < 0.5 else self._message()
            size = len(inner) if self.rng.random() < 0.9 else self.rng.choice((-1, 0, 2**31 - 1))
            data += struct.pack(">i", size) + inner
        return data


@dataclass
class SpoolFiles:
    """Puts one made-up thing into `spool` with each call. `template`: a good request as JSON; `secret`: a file outside.

    `asked`: ids under which a request was put in; each must be answered. `has_sound` of a share of them: those may turn
    out as jobs.
    """

    rng: random.Random
    spool: Path
    secret: Path
    template: dict[str, object]
    put_audio: Callable[[str], None]
    sound_share: float = 0.02
    asked: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        rng, name = self.rng, str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        folder = rng.choices(FOLDERS, (50, 10, 10, 6, 2, 4, 4, 2, 2))[0]
        if rng.random() < 0.08:
            self._put(self.spool / folder / rng.choice(WRONG_NAMES).format(id=name), self._text(name))
            return
        if folder == "audio":
            self._odd_thing(self.spool / "audio" / f"{name}.wav", rng.randbytes(rng.randrange(300)))
            return
        path = self.spool / folder / f"{name}.json"
        if folder == "requests":
            self.asked.append(name)
            if rng.random() < 0.05:
                self._put(self.spool / "attempts" / f"{name}.json", self._text(name))
            if rng.random() < self.sound_share:
                self.put_audio(f"{name}.wav")
            elif rng.random() < 0.3:
                self._odd_thing(self.spool / "audio" / f"{name}.wav", rng.randbytes(rng.randrange(300)))
        self._odd_thing(path, self._text(name))

    def _odd_thing(self, path: Path, content: bytes) -> None:
        """Mostly a file; now and then a link, a pipe, a folder, or one more name of a file outside."""
        kind = self.rng.random()
        if kind < 0.03:
            path.symlink_to(self.rng.choice((self.secret, self.secret.parent, Path("nowhere"), Path("/dev/zero"))))
        elif kind < 0.04 and hasattr(os, "mkfifo"):
            os.mkfifo(path)
        elif kind < 0.05:
            path.mkdir()
        else:
            self._put(path, content)

    def _put(self, path: Path, content: bytes) -> None:
        part = path.with_name(f"{uuid.uuid4().hex}.made-up")
        part.write_bytes(content)
        part.rename(path)

    def _text(self, name: str) -> bytes:
        rng, kind = self.rng, self.rng.random()
        if kind < 0.1:
            return rng.randbytes(rng.randrange(400))
        if kind < 0.13:
            return rng.choice(
                (
                    b"[" * 200_000,
                    b'{"schema":' * 50_000,
                    b"\xef\xbb\xbf{}",
                    b"",
                    b"null",
                    b"1e999",
                    b'"' + b"x" * 100_000,
                )
            )
        message = copy.deepcopy(self.template)
        message["id"] = name
        audio = message["audio"]
        assert isinstance(audio, dict)
        audio["file"] = f"{name}.wav"
        for _ in range(rng.choice((0, 1, 1, 2, 5))):
            self._change(message)
        data = json.dumps(message).encode()
        if kind < 0.3:
            at = rng.randrange(len(data))
            data = data[:at] if rng.random() < 0.5 else data[:at] + rng.randbytes(1) + data[at + 1 :]
        return data

    def _change(self, tree: object) -> None:
        """One place of a tree of JSON becomes something else."""
        rng = self.rng
        while True:
            places = list(tree) if isinstance(tree, dict) else list(range(len(tree))) if isinstance(tree, list) else []
            if not places:
                return
            place = rng.choice(places)
            inner = tree[place]  # type: ignore[index]
            if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
                break
            tree = inner
        if rng.random() < 0.15 and isinstance(tree, dict):
            del tree[place]
        elif rng.random() < 0.1 and isinstance(tree, list):
            tree.extend([inner] * rng.choice((1, 30)))
        else:
            tree[place] = rng.choice([rng.choice(NUMBERS), rng.choice(TEXTS), None, True, [], {}, [[[]]], {"x": 1}])  # type: ignore[index]


def clear(folder: Path) -> None:
    """Take out what the daemon rightly leaves: what is not Bridge's, and folders in the place of files."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
