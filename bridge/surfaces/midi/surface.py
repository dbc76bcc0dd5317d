"""A MIDI surface as the daemon uses it: commands in, feedback out, whenever it is plugged in.

    with MidiSurface("X-TOUCH", load_bindings(home), handle=..., report=...) as surface:
        surface.send("/bridge/amount", 0.5)

One thread looks for the port, opens it when it comes, closes it when it goes, and moves motors that had to wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from bridge.errors import LinkError
from bridge.surfaces.commands import Command
from bridge.surfaces.midi import ports
from bridge.surfaces.midi.bindings import MidiBindings
from bridge.surfaces.midi.feedback import MidiFeedback
from bridge.surfaces.midi.input import MidiInput, Movement

log = logging.getLogger(__name__)

LOOK_PERIOD_S = 1.0
HALF_LIMIT_S = 0.01  # how long the second half of a 14-bit controller may take


class MidiSurface:
    """A surface that may come and go.

    Args:
        port_name: of its MIDI input, or a part of the name.
        handle: gets commands on the backend's thread and must return quickly.
        report: gets lines for the user on what comes and goes.
    """

    def __init__(
        self,
        port_name: str,
        bindings: MidiBindings,
        *,
        handle: Callable[[Command], None],
        report: Callable[[str], None] = log.warning,
        look_period_s: float = LOOK_PERIOD_S,
    ) -> None:
        self._name, self._bindings, self._handle, self._report = port_name, bindings, handle, report
        self._look_period_s = look_period_s
        self._reader = MidiInput(bindings)
        self._feedback = MidiFeedback(bindings, time.monotonic)
        self._lock = threading.RLock()
        self._work = threading.Event()
        self._is_closing = False
        self._input: Any = None
        self._output: Any = None
        self._opened = ""
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)

    def open(self) -> None:
        """Begin to look for the port. LinkError where this machine has no MIDI; a surface may still come later."""
        ports.input_names()
        self._look()
        self._thread.start()

    def close(self) -> None:
        self._is_closing = True
        self._work.set()
        if self._thread.is_alive():
            self._thread.join()
        self._drop()

    def __enter__(self) -> MidiSurface:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def use(self, bindings: MidiBindings) -> None:
        """Use other controls from now on. Where the amount and compare stand is known still, and shown anew."""
        with self._lock:
            has_other_output = bindings.output != self._bindings.output
            self._bindings = bindings
            self._reader = MidiInput(bindings, self._reader.amount, self._reader.is_compared)
            self._feedback = self._feedback.with_bindings(bindings)
            if has_other_output and self._input is not None:
                before, self._output = self._output, self._open_output(self._opened)
                if before is not None:
                    ports.close(before)
        self._work.set()

    @property
    def is_connected(self) -> bool:
        return self._input is not None

    def send(self, address: str, *values: Any) -> None:
        """Show what the surface can of a feedback message, as OSC surfaces get it. From any thread."""
        with self._lock:
            if address == "/bridge/amount":
                self._reader.set_amount(float(values[0]))
            elif address == "/bridge/compare":
                self._reader.is_compared = bool(values[0])
            self._feedback.update(address, *values)
        self._work.set()

    # ------------------------------------------------------------ in, on the backend's thread

    def _on_message(self, message: Any) -> None:
        self._carry_out(lambda reader: reader.read(message))

    def _carry_out(self, read: Callable[[MidiInput], list[Movement]]) -> None:
        """Read movements, note them for the feedback, and hand their commands on."""
        with self._lock:
            moved = read(self._reader)
            for binding, command in moved:
                value = command.value if command is not None else None
                self._feedback.note_movement(binding, value if isinstance(value, float) else None)
            is_work = bool(moved) or self._reader.is_waiting
        for _, command in moved:
            if command is not None:
                self._handle(command)
        if is_work:
            self._work.set()

    # ------------------------------------------------------------ the surface's own thread

    def _run(self) -> None:
        next_look_s = time.monotonic() + self._look_period_s
        while not self._is_closing:
            with self._lock:
                held_s = self._feedback.wait_s
            until_look_s = max(next_look_s - time.monotonic(), 0.0)
            self._work.wait(until_look_s if held_s is None else min(until_look_s, held_s))
            self._work.clear()
            with self._lock:
                is_half = self._reader.is_waiting
            if is_half:
                threading.Event().wait(HALF_LIMIT_S)
                self._carry_out(MidiInput.flush)
            if time.monotonic() >= next_look_s:
                self._look()
                next_look_s = time.monotonic() + self._look_period_s
            self._show()

    def _show(self) -> None:
        with self._lock:
            if self._output is None:
                return
            try:
                for message in self._feedback.due_messages():
                    ports.send(self._output, message)
            except LinkError as error:
                log.info("%s", error)
                self._drop()

    def _look(self) -> None:
        """Open the port if it has come, close it if it has gone; each is reported once."""
        try:
            names = ports.input_names()
            if self._input is not None and self._opened in names:
                return
            if self._input is not None:
                self._drop()
                self._report(f"The MIDI surface {self._opened} is gone; Bridge waits for it.")
            self._connect(ports.find_port(self._name, names))
            self._fault = ""
        except LinkError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                self._report(f"MIDI waits: {error}")

    def _connect(self, name: str) -> None:
        opened = ports.open_input(name, self._on_message)
        with self._lock:
            self._input, self._opened = opened, name
            self._reader.forget_positions()
            self._feedback.reset()
            self._output = self._open_output(name)
        with_lights = "" if self._output is not None else ", without motors and lights: it has no output"
        self._report(f"The MIDI surface {name} is connected{with_lights}.")
        self._work.set()

    def _open_output(self, input_name: str) -> Any:
        """Return the port for feedback; None where there is none."""
        try:
            return ports.open_output(ports.find_port(self._bindings.output or input_name, ports.output_names()))
        except LinkError as error:
            if self._bindings.output:
                self._report(f"MIDI feedback is off: {error}")
            return None

    def _drop(self) -> None:
        with self._lock:
            opened, self._input, self._output = (self._input, self._output), None, None
        for port in filter(None, opened):
            ports.close(port)
