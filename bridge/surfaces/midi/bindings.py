"""Which control of a MIDI surface gives which command: `midi.toml` in Bridge's folder, checked.

    [[control]]
    command = "amount"
    kind = "cc14"       # "note", "cc", "cc14" (controllers N and N + 32), or "pitch" (the faders of Mackie surfaces)
    number = 20
    channel = 1         # as printed on the surface, 1..16; left out: any

This module knows nothing of ports, and keeps no state.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import SettingsError
from bridge.surfaces.commands import COMMANDS, Name

Kind = Literal["note", "cc", "cc14", "pitch"]
Relative = Literal["twos-complement", "binary-offset", "sign-bit"]

FILE_NAME = "midi.toml"
HEADER = "# MIDI controls of Bridge. `reaper-bridge midi learn COMMAND` writes this file; see docs/surfaces.md.\n"

SevenBit = Annotated[int, msgspec.Meta(ge=0, le=127)]


class MidiBinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One control and its command, a table `[[control]]` of `midi.toml`.

    Attributes:
        number: of the note or controller; "pitch" has none.
        channel: 1..16; None: any.
        relative: an encoder that sends steps, and how; None: it sends where it stands.
        step: how far one step of an encoder moves the amount.
        takeover: "pickup": the amount moves once the control has come to where it stands; "jump": at once.
        toggle: each press of a button turns compare on or off; else it is on as long as the button is.
        value: what goes with the command: the name of a style, or the number of a track.
        feedback: whether motors and lights of the control show where the command stands.
    """

    command: Name
    kind: Kind = "cc"
    number: SevenBit = 0
    channel: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    relative: Relative | None = None
    step: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.01
    takeover: Literal["pickup", "jump"] = "pickup"
    toggle: bool = False
    value: str | int | None = None
    feedback: bool = True

    @property
    def place(self) -> tuple[Kind, int, int | None]:
        return ("cc" if self.kind == "cc14" else self.kind, self.number, self.channel)

    @property
    def name(self) -> str:
        """For people: 'controller 20 on channel 1'."""
        kinds = {"note": "note", "cc": "controller", "cc14": "controller (14 bit)", "pitch": "pitch wheel"}
        number = "" if self.kind == "pitch" else f" {self.number}"
        return f"{kinds[self.kind]}{number} on {f'channel {self.channel}' if self.channel else 'any channel'}"


class MidiBindings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All controls of a surface. `output`: the port for motors and lights; '': the one called like the input."""

    output: str = ""
    control: tuple[MidiBinding, ...] = ()


DEFAULT = MidiBindings(
    control=(
        MidiBinding(command="amount", number=20),  # 20 to 31 are undefined in the MIDI standard
        MidiBinding(command="compare", number=21),
        MidiBinding(command="automix", kind="note", number=60),
        MidiBinding(command="undo", kind="note", number=62),
        MidiBinding(command="next", kind="note", number=64),
    )
)
"""The bindings where there is no `midi.toml`."""


State = tuple[int, int, int]
"""Time, size and number of the file: they differ between two states of it."""


def bindings_file_state(home: Path) -> State | None:
    """Return the state of the user's bindings on disk; None where there are none."""
    try:
        now = (home / FILE_NAME).stat()
    except OSError:
        return None
    return now.st_mtime_ns, now.st_size, now.st_ino


def load_bindings(home: Path) -> MidiBindings:
    """Return the user's bindings, or the default ones. SettingsError names what is wrong in the file."""
    file = home / FILE_NAME
    if not os.path.lexists(file):
        return DEFAULT
    if not file.is_file():
        raise SettingsError(f"{file} is no file. Remove it, then learn again.")
    try:
        bindings = msgspec.toml.decode(file.read_bytes(), type=MidiBindings)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}. Mend or remove it, then learn again.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(
            f"{file} is no layout of MIDI controls: {error}. Mend it, or remove it and learn again."
        ) from error
    for binding in bindings.control:
        _check(binding, file)
    return bindings


def save_bindings(bindings: MidiBindings, home: Path) -> Path:
    """Write `midi.toml` in one step; comments in it are lost."""
    lines = [HEADER]
    if bindings.output:
        lines.append(f"output = {_toml(bindings.output)}\n")
    for binding in bindings.control:
        lines.append("\n[[control]]\n")
        lines += [f"{key} = {_toml(value)}\n" for key, value in msgspec.to_builtins(binding).items()]
    file = home / FILE_NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        write_file(file, "".join(lines).encode())
    except OSError as error:
        raise SettingsError(f"Cannot write {file}: {error.strerror}. Check the folder's permissions.") from error
    return file


def with_binding(bindings: MidiBindings, binding: MidiBinding) -> MidiBindings:
    """Return the bindings with this control: others for the same command (and value) or on the same place give way."""
    kept = [
        other
        for other in bindings.control
        if other.place != binding.place and (other.command, other.value) != (binding.command, binding.value)
    ]
    return msgspec.structs.replace(bindings, control=(*kept, binding))


def without_command(bindings: MidiBindings, command: str) -> MidiBindings:
    return msgspec.structs.replace(bindings, control=tuple(b for b in bindings.control if b.command != command))


def _check(binding: MidiBinding, file: Path) -> None:
    """Check what types alone do not."""
    fault = ""
    is_amount = COMMANDS[binding.command].kind is float
    if binding.kind == "cc14" and binding.number > 31:
        fault = f"14-bit controllers have the numbers 0 to 31, not {binding.number}"
    elif binding.relative and not (is_amount and binding.kind == "cc"):
        fault = "only the amount can be moved by an encoder, and encoders are controllers"
    elif binding.command == "style" and not isinstance(binding.value, str):
        fault = 'a control for style needs the name of one: value = "..."'
    elif isinstance(binding.value, int) != (binding.command == "automix") and binding.value is not None:
        fault = f"{binding.command} takes no value like {binding.value!r}"
    elif isinstance(binding.value, str) and binding.command != "style":
        fault = f"{binding.command} takes no text"
    if fault:
        raise SettingsError(f"{file}: {binding.name}: {fault}.")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode() if isinstance(value, str) else str(value)
