"""REAPER's OSC control surface: a UDP socket that is read once per tick, and feedback on what has changed.

    surface = OscSurface(reaper, feedback=("127.0.0.1", port))      # surface.port: where to send
    /track/3/fx/1/fxparam/6/value 0.5      /track/3/fx/1,2/fxparam/6,7/value 0.5 0.1
    /track/3/fx/1/bypass 1   /track/3/fx/1/wetdry 0.5   /action 40001   /action/str "_RS..."   /action/_RS...

Numbers count from 1, track 0 is the master, wrong targets are silent, OSC wildcards mean nothing, values are passed
on as they come. Feedback never repeats what was just written at its own address; `last_touched` does.
"""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Iterator, Mapping
from itertools import islice

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.standin.fx.fx import StandInFx
from bridge.standin.osc.wire import OscMessage, TooLong, read_datagram
from bridge.standin.program import ReaperProgram

MAX_PER_TICK = 400  # datagrams that the system keeps for REAPER between two ticks; the rest of a burst is lost
MAX_LIST = 16
FEEDBACK_TRACKS, FEEDBACK_FX, FEEDBACK_PARAMETERS = 8, 8, 16  # DEVICE_*_COUNT: they limit feedback alone
END_OF_EDIT = -1

_NUMBER = re.compile(r"[0-9]{1,9}")
_Shown = dict[str, tuple[float, str]]


class StandInOscSurface:
    """One surface entry of REAPER. It registers with the program; `close` frees the socket."""

    def __init__(
        self, reaper: ReaperProgram, *, host: str = "127.0.0.1", port: int = 0, feedback: tuple[str, int] | None = None
    ) -> None:
        self._reaper = reaper
        self._feedback = feedback
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.discarded = 0  # datagrams and messages that came and did nothing, for tests to look at
        self._shown = self._read_all()
        reaper.surfaces.append(self)

    def close(self) -> None:
        if self in self._reaper.surfaces:
            self._reaper.surfaces.remove(self)
        self._socket.close()

    def tick(self) -> None:
        """Carry out what has come since the last tick, then send what has changed."""
        written: dict[str, float] = {}
        for message in self._receive():
            if message is None or not self._do(message, written):
                self.discarded += 1
        self._send_changes(written)

    # ------------------------------------------------------------ in

    def _receive(self) -> list[OscMessage | None]:
        datagrams = list(self._datagrams())
        self.discarded += max(len(datagrams) - MAX_PER_TICK, 0)
        messages: list[OscMessage | None] = []
        try:
            for data in islice(datagrams, MAX_PER_TICK):
                messages += read_datagram(data)
        except TooLong:
            self.discarded += len(messages) + 1
            return []
        return messages

    def _datagrams(self) -> Iterator[bytes]:
        while True:
            try:
                yield self._socket.recv(65536)
            except BlockingIOError:
                return

    def _do(self, message: OscMessage, written: dict[str, float]) -> bool:
        """Carry out a message; False where it means nothing here. `written` collects addresses and values."""
        match message.address.split("/")[1:]:
            case ["action", *rest]:
                return self._act(rest, message)
            case ["track", track, "fx", fx, "fxparam", parameter, "value"]:
                places = zip(_numbers(fx), _numbers(parameter), strict=False)
                values = islice(zip(places, message.arguments, strict=False), MAX_LIST)
                done = [self._set(track, *place, value, written) for place, value in values]
                return any(done)
            case ["track", track, "fx", fx, "bypass" | "wetdry" as what]:
                found = self._find_fx(track, _numbers(fx)[:1])
                value = message.arguments[0] if message.arguments else ""
                if found is None or isinstance(value, str) or (what == "wetdry" and not isinstance(value, float)):
                    return False
                if what == "bypass":
                    found.is_enabled = value != 0
                else:
                    found.write(found.find(":wet"), value)
                return True
        return False

    def _act(self, rest: list[str], message: OscMessage) -> bool:
        name: int | float | str | None = rest[0] if rest else None
        argument = message.arguments[0] if message.arguments else None
        if name is None or name == "str":
            name = argument
        elif argument is not None and argument != 1:
            return False  # a button that was let go
        if isinstance(name, str):
            name = int(name) if _numbers(name) else self._reaper.commands.get(name)
        if not name:
            return False
        self._reaper.run_command(int(name))
        return True

    def _find_fx(self, track: str, fx: list[int]) -> StandInFx | None:
        tracks = self._reaper.project.every_track()
        numbers = _numbers(track)
        if len(numbers) != 1 or numbers[0] >= len(tracks):
            return None
        chain = tracks[numbers[0]].fx
        return chain[fx[0] - 1] if fx and 1 <= fx[0] <= len(chain) else None

    def _set(self, track: str, fx: int, parameter: int, value: int | float | str, written: dict[str, float]) -> bool:
        found = self._find_fx(track, [fx])
        if found is None or not 1 <= parameter <= found.parameter_count:
            return False
        if not isinstance(value, float) or not math.isfinite(value):
            return value == END_OF_EDIT  # ints are ignored, but for the end of an edit
        found.write(parameter - 1, value, clamp=False)
        written[f"/track/{int(track)}/fx/{fx}/fxparam/{parameter}/value"] = value
        return True

    # ------------------------------------------------------------ out

    def _read_all(self) -> _Shown:
        """What the banks show, by address: (value, text)."""
        return {
            f"/track/{number}/fx/{place}/fxparam/{index + 1}/value": (fx.read_normalized(index), fx.text(index))
            for number, track in enumerate(islice(self._reaper.project.every_track(), FEEDBACK_TRACKS + 1))
            for place, fx in enumerate(track.fx[:FEEDBACK_FX], start=1)
            for index in range(min(len(fx.parameters), FEEDBACK_PARAMETERS))
        }

    def _send_changes(self, written: Mapping[str, float]) -> None:
        if self._feedback is None:
            return
        shown = self._read_all()
        changed = {address: now for address, now in shown.items() if now != self._shown.get(address, now)}
        self._shown = shown
        for address, (value, text) in changed.items():
            if address not in written:
                self._send(address, value)
                self._send(address.removesuffix("value") + "str", text)
        last = next(reversed(changed), None)
        if last is not None:
            self._send("/fxparam/last_touched/value", changed[last][0])

    def _send(self, address: str, value: float | str) -> None:
        assert self._feedback is not None
        builder = OscMessageBuilder(address)
        builder.add_arg(value, "s" if isinstance(value, str) else "f")
        self._socket.sendto(builder.build().dgram, self._feedback)


def _numbers(text: str) -> list[int]:
    """'1,2,5' -> [1, 2, 5]; anything else, wildcards too, names nothing."""
    parts = text.split(",")
    return [int(part) for part in parts] if all(_NUMBER.fullmatch(part) for part in parts) else []
