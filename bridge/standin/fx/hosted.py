"""Real VST3 plugins in the stand-in's chains: each lives in a process of its own, because a plugin may print, hang
or crash. Values are kept on this side and read back from the plugin after every write.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bridge.standin.faults import Misuse
from bridge.standin.fx.fx import StandInFx, StandInParameter
from bridge.types import Audio

_WORKER = Path(__file__).with_name("hosted_worker.py")


class HostedFx(StandInFx):
    """A VST3 plugin from its file. REAPER cannot ask it for the text of a value that is not set, unless
    `formats_values`: REAPER's documentation promises that for Cockos' own extensions only."""

    type = "VST3"

    def __init__(self, file: Path, touch: Callable[[], None], *, formats_values: bool = False) -> None:
        self._process_handle = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER), str(file)],  # by its path: it needs nothing of this package
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._file = file
        described, _ = self._ask({"do": "describe"})
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
            text=lambda value: str(self._ask({"do": "text", "index": index, "value": value})[0]["text"]),
            step=1.0 / (steps - 1) if steps else None,
            is_toggle=described["is_toggle"],
        )

    def _ask(self, question: dict[str, Any], audio: Audio | None = None) -> tuple[dict[str, Any], bytes]:
        """One question to the plugin's process; Misuse where it has gone."""
        body = b"" if audio is None else np.ascontiguousarray(audio, dtype=np.float32).tobytes()
        head = question | {"bytes": len(body), "channels": 0 if audio is None else len(audio)}
        questions, answers = self._process_handle.stdin, self._process_handle.stdout
        assert questions is not None
        assert answers is not None
        line = b""
        if self._process_handle.poll() is None:
            questions.write(json.dumps(head).encode() + b"\n" + body)
            questions.flush()
            line = answers.readline()
        if not line:
            raise Misuse(f"{self._file.name} ended its process in the stand-in (status {self._process_handle.wait()})")
        reply = json.loads(line)
        return reply, answers.read(reply["bytes"])

    def _load(self, index: int) -> float:
        return self._values[index]

    def _store(self, index: int, normalized: float) -> None:
        normalized = min(max(normalized, 0.0), 1.0)  # pedalboard accepts nothing else
        reply, _ = self._ask({"do": "set", "values": [[index, normalized]]})
        self._values[index] = reply["values"][0]

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        _, body = self._ask({"do": "process", "sample_rate_hz": sample_rate_hz}, audio)
        return np.frombuffer(body, np.float32).reshape(len(audio), -1).copy()

    def close(self) -> None:
        """End the plugin's process."""
        for stream in (self._process_handle.stdin, self._process_handle.stdout):
            if stream is not None:
                stream.close()
        self._process_handle.kill()
        self._process_handle.wait()
