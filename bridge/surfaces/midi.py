"""The MIDI surface: controllers and notes become the same commands as OSC messages.

mido needs a backend to reach the system's ports (`pip install python-rtmidi`); without one this surface says so
and everything else works. Reading a message needs no backend.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

import mido
import msgspec

from bridge.errors import LinkError
from bridge.surfaces.commands import COMMANDS, Command, Name, parse_command

Kind = Literal["control_change", "note_on"]


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One control of a MIDI surface. `channel` None: any. `number`: of the controller or note, 0..127."""

    kind: Kind
    number: int
    command: Name
    channel: int | None = None


BINDINGS = (
    Binding("control_change", 20, "amount"),
    Binding("control_change", 21, "compare"),
    Binding("note_on", 60, "automix"),
    Binding("note_on", 62, "undo"),
)
"""What works unless a layout says otherwise: controllers 20 and 21 are undefined in the MIDI standard."""


def command_of(message: Any, bindings: tuple[Binding, ...] = BINDINGS) -> Command | None:
    """The command that a mido message asks for, or None. A note's release and velocity 0 ask for nothing."""
    for binding in bindings:
        if message.type != binding.kind or binding.channel not in (None, message.channel):
            continue
        number, value = (
            (message.control, message.value) if binding.kind == "control_change" else (message.note, message.velocity)
        )
        if number != binding.number:
            continue
        spec = COMMANDS[binding.command]
        if spec.kind is None or spec.is_optional:
            return Command(binding.command) if value > 0 else None
        share = value / 127
        return parse_command(binding.command, [share if spec.kind is float else int(share >= 0.5)])
    return None


class MidiSurface:
    """Listens to one MIDI input port by name; `handle` gets its commands on mido's thread and must return quickly."""

    def __init__(
        self, port_name: str, *, handle: Callable[[Command], None], bindings: tuple[Binding, ...] = BINDINGS
    ) -> None:
        self._port_name, self._handle, self._bindings = port_name, handle, bindings
        self._port: Any = None

    def open(self) -> None:
        """LinkError where no backend is installed, or no port has the name."""
        names = input_names()
        if self._port_name not in names:
            known = ", ".join(names) or "none"
            raise LinkError(
                f"No MIDI input is called {self._port_name!r}. Inputs: {known}. Connect it or name another."
            )
        self._port = mido.open_input(self._port_name, callback=self._on_message)

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def __enter__(self) -> MidiSurface:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _on_message(self, message: Any) -> None:
        if (command := command_of(message, self._bindings)) is not None:
            self._handle(command)


def input_names() -> list[str]:
    """The MIDI inputs of this machine. LinkError where mido has no backend to ask."""
    try:
        return list(mido.get_input_names())
    except (ImportError, OSError) as error:
        raise LinkError(
            f"MIDI cannot be reached: {error}. Install a backend with `pip install python-rtmidi`; OSC works without."
        ) from error
