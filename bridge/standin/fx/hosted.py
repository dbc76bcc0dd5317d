"""Real VST3 plugins in the stand-in's chains: each runs in a process of its own, because a plugin may print, hang
or crash. Values are kept on this side and read back from the plugin after every write.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.standin.faults import Misuse
from bridge.standin.fx import hosted_worker
from bridge.standin.fx.fx import StandInFx, StandInParameter
from bridge.standin.fx.hosted_worker import Frame, read_frame, write_frame
from bridge.types import Audio


class HostedFx(StandInFx):
    """A VST3 plugin from its file. REAPER cannot get the text of a value that is not set, unless
    `formats_values`: REAPER's documentation promises that for Cockos' own extensions only."""

    type = "VST3"

    def __init__(self, file: Path, touch: Callable[[], None], *, formats_values: bool = False) -> None:
        self._process_handle = subprocess.Popen(
            [sys.executable, "-P", hosted_worker.__file__, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._process_handle.stdin is not None
        assert self._process_handle.stdout is not None
        self._streams = self._process_handle.stdin, self._process_handle.stdout
        self._file = file
        described, _ = self._request("describe")
        identifier = hashlib.sha1(described["name"].encode(), usedforsecurity=False).hexdigest()[:32].upper()
        super().__init__(
            name=f"VST3: {described['name']} ({described['vendor']})",
            ident=f"{file}<{int(identifier[:8], 16)}{{{identifier}",
            parameters=[self._parameter(index, p) for index, p in enumerate(described["parameters"])],
            touch=touch,
            formats_values=formats_values,
        )
        self._values = [parameter.default for parameter in self.parameters]

    def _parameter(self, index: int, described: dict[str, Any]) -> StandInParameter:
        steps = described["steps"]
        return StandInParameter(
            name=described["name"],
            ident=f"{index}:{described['name'].replace(' ', '_')}",
            default=described["default"],
            text=lambda value: str(self._request("text", index=index, value=value)[0]["text"]),
            step=1.0 / (steps - 1) if steps else None,
            is_toggle=described["is_toggle"],
        )

    def _request(self, do: str, audio: Audio | None = None, **fields: Any) -> Frame:
        """Have the plugin's process carry out a request; Misuse where it has ended."""
        stdin, stdout = self._streams
        reply = None
        if self._process_handle.poll() is None:
            write_frame(stdin, {"do": do} | fields, audio)
            reply = read_frame(stdout)
        if reply is None:
            raise Misuse(f"{self._file.name} ended its process in the stand-in (status {self._process_handle.wait()})")
        return reply

    def _load(self, index: int) -> float:
        return self._values[index]

    def _store(self, index: int, normalized: float) -> None:
        normalized = min(max(normalized, 0.0), 1.0)  # pedalboard accepts nothing else
        self._values[index] = self._request("set", index=index, value=normalized)[0]["value"]

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        output = self._request("process", audio, sample_rate_hz=sample_rate_hz)[1]
        assert output is not None
        return output

    def close(self) -> None:
        """End the plugin's process."""
        for stream in self._streams:
            stream.close()
        self._process_handle.kill()
        self._process_handle.wait()
