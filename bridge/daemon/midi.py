"""The daemon's MIDI surface, where one is asked for; what `midi.toml` says holds as soon as it is written.

A surface or a layout that cannot be had is said, and everything else goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.errors import BridgeError
from bridge.settings import Settings
from bridge.surfaces.commands import Command
from bridge.surfaces.feedback import Value

if TYPE_CHECKING:
    from bridge.surfaces.midi.bindings import MidiBindings, State
    from bridge.surfaces.midi.surface import MidiSurface


class MidiService:
    """`refresh` and `close` belong to one thread, `send_feedback` to any. `report` gets lines for the user."""

    def __init__(self, settings: Settings, handle: Callable[[Command], None], report: Callable[[str], None]) -> None:
        self._settings, self._handle, self._report = settings, handle, report
        self._surface: MidiSurface | None = None
        self._state: State | None = None
        self._is_loaded = False

    def refresh(self) -> None:
        """Open the surface, or give it the layout that has been written since. Call it now and then."""
        if not self._settings.midi_input:
            return
        from bridge.surfaces.midi.bindings import bindings_file_state, load_bindings

        state = bindings_file_state(self._settings.home)
        if self._is_loaded and state == self._state:
            return
        self._is_loaded, self._state = True, state
        try:
            self._use(load_bindings(self._settings.home))
        except BridgeError as error:
            self._report(f"MIDI is off: {error}" if self._surface is None else f"MIDI goes on as it was: {error}")

    def _use(self, layout: MidiBindings) -> None:
        if self._surface is not None:
            self._surface.use(layout)
            self._report(f"MIDI: {len(layout.control)} controls are bound, as it was written just now.")
            return
        from bridge.surfaces.midi.surface import MidiSurface  # mido looks for its backend

        surface = MidiSurface(self._settings.midi_input, layout, handle=self._handle, report=self._report)
        surface.open()
        self._surface = surface

    def send_feedback(self, path: str, *values: Value) -> None:
        """Feedback, for what the surface can show of it."""
        if (surface := self._surface) is not None:
            surface.send(path, *values)

    def close(self) -> None:
        surface, self._surface = self._surface, None
        if surface is not None:
            surface.close()
