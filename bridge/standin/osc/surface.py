"""REAPER's OSC control surface: a UDP socket that is read once per tick, and feedback on what has changed.

    surface = OscSurface(reaper, feedback=("127.0.0.1", port))      # surface.port: where to send
    /track/3/fx/1/fxparam/6/value 0.5      /track/3/fx/1,2/fxparam/6,7/value 0.5 0.1
    /track/3/fx/1/bypass 1   /track/3/fx/1/wetdry 0.5   /action 40001   /action/str "_RS..."   /action/_RS...

Numbers count from 1, track 0 is the master, wrong targets are silent, values are passed on as they come, and OSC
wildcards lead elsewhere (see `patterns`). Feedback never repeats what was just written at its own address;
`last_touched` does.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from itertools import islice

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.standin.fx.fx import StandInFx
from bridge.standin.osc.patterns import Pattern, find_pattern
from bridge.standin.osc.wire import Arguments, OscMessage, read_tick
from bridge.standin.program import ReaperProgram

RECEIVE_BUFFER_BYTES = 212_992  # what the system keeps for REAPER between two ticks; the rest of a burst is lost
FEEDBACK_TRACKS, FEEDBACK_FX, FEEDBACK_PARAMETERS = 8, 8, 16  # DEVICE_*_COUNT: they limit feedback alone
END_OF_EDIT = -1

_Shown = dict[str, tuple[float, str]]


class StandInOscSurface:
    """One surface entry of REAPER. It registers with the program; `close` frees the socket."""

    def __init__(
        self, reaper: ReaperProgram, *, host: str = "127.0.0.1", port: int = 0, feedback: tuple[str, int] | None = None
    ) -> None:
        self._reaper = reaper
        self._feedback = feedback
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * RECEIVE_BUFFER_BYTES
        )  # what is lost is said here
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

    def _receive(self) -> Iterator[OscMessage | None]:
        kept, used = [], 0
        for data in self._datagrams():
            used += buffer_bytes(len(data))
            if used <= RECEIVE_BUFFER_BYTES:
                kept.append(data)
            else:
                self.discarded += 1
        return read_tick(kept)

    def _datagrams(self) -> Iterator[bytes]:
        while True:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                return
            if data:
                yield data

    def _do(self, message: OscMessage, written: dict[str, float]) -> bool:
        """Carry out a message; False where it does nothing here. `written` collects addresses and values."""
        found = find_pattern(message.address)
        if found is None:
            return False
        pattern, repeats = found
        arguments = Arguments(message.arguments)
        done = [self._do_once(pattern, places, arguments, message.address, written) for places in repeats]
        return any(done)

    def _do_once(
        self, pattern: Pattern, places: list[str], arguments: Arguments, address: str, written: dict[str, float]
    ) -> bool:
        if pattern.key == "ACTION":
            return self._act(pattern, places, arguments)
        numbers = [self._number(place) for place in places]
        if pattern.key == "FX_PARAM_VALUE":
            return bool(numbers) and self._set(numbers, arguments, address, written)
        found = self._find_fx(numbers)
        if pattern.key == "FX_BYPASS":
            wanted = arguments.trigger(pattern.flag)
            if found is not None and wanted:
                found.is_enabled = wanted > 0
            return found is not None and wanted != 0
        value = arguments.pop(float)
        if found is not None and value is not None:
            found.write(found.find(":wet"), value)
        return found is not None and value is not None

    def _act(self, pattern: Pattern, places: list[str], arguments: Arguments) -> bool:
        if places and arguments.trigger(pattern.flag) > 0:
            return self._run(places[0])
        done = False
        while (number := arguments.pop(int) or 0) > 0 or (name := arguments.pop(str)):
            arguments.pop(float)
            done = self._run(str(number) if number > 0 else name or "") or done
        return done

    def _run(self, command: str) -> bool:
        number = self._number(command)
        if number:
            self._reaper.run_command(number)
        return number != 0

    def _number(self, place: str) -> int:
        """A number of an address, or that of a named command; 0 where there is none."""
        return int(place) if place.isdecimal() else self._reaper.commands.get(place, 0)

    def _find_fx(self, numbers: list[int]) -> StandInFx | None:
        """The FX whose numbers, [FX, track], an address holds. Where one is missing it is the device's: the first FX,
        the master."""
        fx, track = numbers[0] if numbers else 1, numbers[1] if len(numbers) > 1 else 0
        tracks = self._reaper.project.every_track()
        chain = tracks[track].fx if track < len(tracks) else []
        return chain[fx - 1] if 1 <= fx <= len(chain) else None

    def _set(self, numbers: list[int], arguments: Arguments, address: str, written: dict[str, float]) -> bool:
        value, end = arguments.pop(float), arguments.pop(int)
        found, parameter = self._find_fx(numbers[1:]), numbers[0]
        if found is None or not 1 <= parameter <= found.parameter_count:
            return False
        if value is None:
            return end == END_OF_EDIT  # ints are ignored, but for the end of an edit
        found.write(parameter - 1, value, clamp=False)
        written[address] = value
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


def buffer_bytes(size: int) -> int:
    """What a datagram takes of the system's buffer: Linux counts the memory, 256 of the smallest or 48 of 3.3 KB."""
    needed = size + 384
    return 256 + (576 if needed <= 576 else 1 << max(needed - 1, 1).bit_length())
