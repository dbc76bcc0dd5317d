"""The MIDI ports of this machine, by names that survive a replug; every way in which there may be none, as an error.

mido needs a backend to reach the system's ports: python-rtmidi. Where it is missing, or the system has no MIDI at all,
a LinkError says so, and everything else of Bridge works.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import mido

from bridge.errors import LinkError

T = TypeVar("T")

_ALSA_NUMBERS = re.compile(r"\s+\d+:\d+$")  # another one after each replug


def input_names() -> list[str]:
    """Return the MIDI inputs of this machine. LinkError where they cannot be listed."""
    return _attempt(lambda: list(mido.get_input_names()))


def output_names() -> list[str]:
    return _attempt(lambda: list(mido.get_output_names()))


def find_port(wanted: str, names: Sequence[str]) -> str:
    """Return the port of this name, or the only one whose name holds it. LinkError where there are none, or several."""
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: _plain(name) == _plain(wanted),
        lambda name: _plain(wanted) in _plain(name),
    )
    for test in tests:
        found = list(dict.fromkeys(filter(test, names)))
        if len(found) == 1:
            return found[0]
        if found:
            raise LinkError(
                f"Several MIDI ports are called like {wanted!r}: {', '.join(found)}. Write more of the name."
            )
    known = ", ".join(names) or "none"
    raise LinkError(f"No MIDI port is called {wanted!r}. There are: {known}. Connect it, or name another.")


def open_input(name: str, callback: Callable[[Any], None]) -> Any:
    """Open a port whose messages go to `callback`, on a thread of the backend's."""
    return _attempt(lambda: mido.open_input(name, callback=callback))


def open_output(name: str) -> Any:
    return _attempt(lambda: mido.open_output(name))


def send(port: Any, message: Any) -> None:
    """LinkError where the port is gone."""
    _attempt(lambda: port.send(message))


def close(port: Any) -> None:
    """Close a port, also one that is gone."""
    try:
        _attempt(port.close)
    except LinkError:
        return


def _attempt(work: Callable[[], T]) -> T:
    try:
        return work()
    except (ImportError, AttributeError) as error:  # the package named rtmidi is another one, without what mido needs
        raise LinkError(
            f"MIDI cannot be reached: {error}. Install a backend for the Python that Bridge runs on: "
            f'"{sys.executable}" -m pip install python-rtmidi. OSC works without.'
        ) from error
    except (OSError, ValueError) as error:  # python-rtmidi's own errors are OSErrors
        raise LinkError(
            f"This machine's MIDI cannot be reached: {str(error).rstrip('.')}. On Linux it needs ALSA's sequencer "
            "(`modprobe snd-seq`); a port that another program holds must be closed there. OSC works without."
        ) from error


def _plain(name: str) -> str:
    return _ALSA_NUMBERS.sub("", name).strip().lower()
