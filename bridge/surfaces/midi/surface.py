"""A MIDI surface as the daemon uses it: commands in, feedback out, whenever it is plugged in.

    with MidiSurface("X-TOUCH", load_layout(home), handle=..., say=...) as surface:
        surface.tell("/bridge/amount", 0.5)

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
from bridge.surfaces.midi.bindings import MidiBinding, MidiBindings
from bridge.surfaces.midi.feedback import MidiFeedback
from bridge.surfaces.midi.input import MidiInput

log = logging.getLogger(__name__)

LOOK_PERIOD_S = 1.0
HALF_LIMIT_S = 0.01  # how long the second half of a 14-bit controller may take


class MidiSurface:
    """`handle` gets commands on the backend's thread and must return quickly; `say` tells the user of what comes and
    goes. Feedback is taken from any thread."""

    def __init__(
        self,
        port_name: str,
        layout: MidiBindings,
        *,
        handle: Callable[[Command], None],
        say: Callable[[str], None] = log.warning,
        look_period_s: float = LOOK_PERIOD_S,
    ) -> None:
        self._name, self._layout, self._handle, self._say = port_name, layout, handle, say
        self._look_period_s = look_period_s
        self._reader = MidiInput(layout)
        self._display = MidiFeedback(layout, time.monotonic)
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

    def use(self, layout: MidiBindings) -> None:
        """Other controls from now on. Where the amount and compare stand is known still, and shown anew."""
        with self._lock:
            has_other_output = layout.output != self._layout.output
            self._layout = layout
            self._reader = MidiInput(layout, self._reader.amount, self._reader.is_compared)
            self._display = self._display.using(layout)
            if has_other_output and self._input is not None:
                before, self._output = self._output, self._open_output(self._opened)
                if before is not None:
                    ports.close(before)
        self._work.set()

    @property
    def is_connected(self) -> bool:
        return self._input is not None

    def tell(self, path: str, *values: Any) -> None:
        """Feedback, as OSC surfaces get it; what this surface can show of it, it will."""
        with self._lock:
            if path == "/bridge/amount":
                self._reader.hear_amount(float(values[0]))
            elif path == "/bridge/compare":
                self._reader.is_compared = bool(values[0])
            self._display.tell(path, *values)
        self._work.set()

    # ------------------------------------------------------------ in, on the backend's thread

    def _on_message(self, message: Any) -> None:
        with self._lock:
            moved = self._reader.read(message)
            self._note(moved)
            is_waiting = self._reader.is_waiting
        self._pass_on(moved)
        if moved or is_waiting:
            self._work.set()

    def _note(self, moved: list[tuple[MidiBinding, Command | None]]) -> None:
        for binding, command in moved:
            is_value = command is not None and isinstance(command.value, float)
            self._display.moved(binding, float(command.value or 0.0) if command and is_value else None)

    def _pass_on(self, moved: list[tuple[MidiBinding, Command | None]]) -> None:
        for _, command in moved:
            if command is not None:
                self._handle(command)

    # ------------------------------------------------------------ the surface's own thread

    def _run(self) -> None:
        next_look_s = time.monotonic() + self._look_period_s
        while not self._is_closing:
            self._work.wait(max(self._wait_s(next_look_s - time.monotonic()), 0.0))
            self._work.clear()
            if self._is_half_heard():
                self._flush()
            if time.monotonic() >= next_look_s:
                self._look()
                next_look_s = time.monotonic() + self._look_period_s
            self._show()

    def _wait_s(self, until_look_s: float) -> float:
        with self._lock:
            held_s = self._display.wait_s
        return until_look_s if held_s is None else min(until_look_s, held_s)

    def _is_half_heard(self) -> bool:
        with self._lock:
            return self._reader.is_waiting

    def _flush(self) -> None:
        threading.Event().wait(HALF_LIMIT_S)
        with self._lock:
            moved = self._reader.flush()
            self._note(moved)
        self._pass_on(moved)

    def _show(self) -> None:
        with self._lock:
            if self._output is None:
                return
            try:
                for message in self._display.due():
                    ports.send(self._output, message)
            except LinkError as error:
                log.info("%s", error)
                self._drop()

    def _look(self) -> None:
        """Open the port if it has come, close it if it has gone; each is said once."""
        try:
            names = ports.input_names()
            if self._input is not None and self._opened in names:
                return
            if self._input is not None:
                self._drop()
                self._say(f"The MIDI surface {self._opened} is gone; Bridge waits for it.")
            self._connect(ports.find_port(self._name, names))
            self._fault = ""
        except LinkError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                self._say(f"MIDI waits: {error}")

    def _connect(self, name: str) -> None:
        opened = ports.open_input(name, self._on_message)
        with self._lock:
            self._input, self._opened = opened, name
            self._reader.forget_positions()
            self._display.forget()
            self._output = self._open_output(name)
        with_lights = "" if self._output is not None else ", without motors and lights: it has no output"
        self._say(f"The MIDI surface {name} is connected{with_lights}.")
        self._work.set()

    def _open_output(self, input_name: str) -> Any:
        """The port for feedback; None where there is none, unless one was asked for by name."""
        try:
            return ports.open_output(ports.find_port(self._layout.output or input_name, ports.output_names()))
        except LinkError as error:
            if self._layout.output:
                self._say(f"MIDI feedback is off: {error}")
            return None

    def _drop(self) -> None:
        with self._lock:
            opened, self._input, self._output = (self._input, self._output), None, None
        for port in opened:
            if port is not None:
                ports.close(port)
