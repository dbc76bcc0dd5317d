"""The folder through which REAPER's scripts and the daemon talk: layout, atomic writes, careful reads, sweeping.

    spool/requests/<id>.json  audio/<id>.wav  receipts/<id>.json     written by the scripts
    spool/replies/<id>.json   progress/<id>.json                     written by the daemon
    spool/heartbeat.json      offer.json                             likewise: that it lives, and its models
    spool/commands.json                                              how REAPER calls the scripts: those say it
    spool/attempts/<id>.json                                         how often a request was begun
    spool/applied/<track GUID>.json                                  what Bridge last set on a track: the scripts'
    spool/asks/<id>.json  answers/<id>.json                          a call of a script by the daemon, and its answer
    spool/members/<id>.json                                          an answered track that is asked about later

Whatever lies in the folder is material to judge: only regular files with an id for a name are opened, up to a
size, and nothing outside of the folder is. This module decides nothing about jobs.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar

from bridge.errors import LinkError, quoted
from bridge.reaper.protocol.message import Message
from bridge.reaper.protocol.messages import (
    MAX_MESSAGE_BYTES,
    SCHEMA,
    AvailableModel,
    AvailableModels,
    Heartbeat,
    Progress,
    Receipt,
    Reply,
    Request,
    action_of,
    decode,
    encode,
)
from bridge.reaper.protocol.mix_balance import AnsweredTrack, MixBalanceReply, MixBalanceRequest
from bridge.reaper.protocol.script_calls import ScriptCall, ScriptCallAnswer, ScriptCommands
from bridge.reaper.protocol.spool_files import check_regular, entries, read_regular, reason, remove, write_whole
from bridge.reaper.protocol.verification import VerificationReply, VerificationRequest

FOLDERS = ("audio", "requests", "replies", "receipts", "progress", "attempts", "applied", "asks", "answers", "members")
HEARTBEAT_FILE, AVAILABLE_MODELS_FILE, COMMANDS_FILE = "heartbeat.json", "offer.json", "commands.json"
MAX_AUDIO_BYTES = 512 * 1024 * 1024  # 120 s of stereo at 192 kHz in float32 are 184 MB
MIB = 1024 * 1024

HOUR_S = 3600.0
MAX_AGE_S = {  # how long a file may lie before it counts as a leftover
    "audio": 2 * HOUR_S,
    "requests": 2 * HOUR_S,
    "members": 2 * HOUR_S,
    "attempts": 2 * HOUR_S,
    "replies": HOUR_S,
    "progress": HOUR_S,
    "receipts": 7 * 24 * HOUR_S,
    "applied": 90 * 24 * HOUR_S,
    "asks": HOUR_S,
    "answers": HOUR_S,
}
PART_AGE_S = HOUR_S  # an unfinished write

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MESSAGE_NAME = re.compile(rf"({_ID})\.json")
_AUDIO_NAME = re.compile(rf"({_ID})\.wav")
_OWN_NAME = re.compile(rf"{_ID}\.(?:json|wav)(?:\.part)?", re.IGNORECASE)  # REAPER's own GUIDs have capitals

_KINDS: dict[str, type[Request | MixBalanceRequest | VerificationRequest]] = {
    "levels": MixBalanceRequest,
    "verify": VerificationRequest,
}

M = TypeVar("M", bound=Message)


class Attempts(Message, frozen=True):
    """How often work on a request was begun; it outlives a daemon that is killed by the request."""

    schema: int
    id: str
    count: int


class Spool:
    """The spool at `folder`. Every method raises LinkError with a remedy where the disk or a file is at fault."""

    def __init__(self, folder: Path, *, free_mib: int) -> None:
        self.folder = folder
        self._free_mib = free_mib

    def create(self) -> None:
        """Make the folders that are missing, for this user alone: what lies there is what somebody plays. A link in
        the place of one of them is refused."""
        for folder in (self.folder, *(self.folder / name for name in FOLDERS)):
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise LinkError(
                    f"Cannot make the folder {folder}: {reason(error)}. "
                    "Make its parent writable, or set BRIDGE_HOME to another folder (for REAPER too)."
                ) from error
            if folder != self.folder and folder.is_symlink():
                raise LinkError(f"{folder} is a link; the spool must be a folder of its own. Remove the link.")

    # ------------------------------------------------------------ reading

    def pending(self) -> list[str]:
        """The ids of all waiting requests, oldest first."""
        return self._ids("requests")

    def receipts(self) -> list[str]:
        """The ids of all receipts that lie there, oldest first."""
        return self._ids("receipts")

    def _ids(self, folder: str) -> list[str]:
        """Ids by age. Names that are no id are not Bridge's and are skipped."""
        found: list[tuple[int, str]] = []
        for entry in entries(self.folder / folder):
            if match := _MESSAGE_NAME.fullmatch(entry.name):
                try:
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, match[1]))
                except OSError:
                    continue  # taken back by the script since it was listed, or out of reach for now
        return [request_id for _, request_id in sorted(found)]

    def read_request(self, request_id: str) -> Request | MixBalanceRequest | VerificationRequest:
        """Read and check a request. LinkError for a file that is none, or whose name and id differ."""
        name = f"requests/{request_id}.json"
        data = read_regular(self._path("requests", request_id), name, MAX_MESSAGE_BYTES)
        request = decode(data, _KINDS.get(action_of(data), Request), source=name)
        if request.id != request_id:
            raise LinkError(
                f"requests/{request_id}.json says that its id is {request.id}; name and id must agree. It was ignored."
            )
        return request

    def read_reply(self, request_id: str) -> Reply:
        """Read and check the reply to a request."""
        return self._read("replies", request_id, Reply)

    def take_receipt(self, request_id: str) -> Receipt | None:
        """Read a receipt and remove it, also one that cannot be read. None where another thread was faster."""
        return self._take("receipts", request_id, Receipt)

    def script_call_answers(self) -> list[str]:
        """The ids of all answers to script calls that lie there, oldest first."""
        return self._ids("answers")

    def take_script_call_answer(self, answer_id: str) -> ScriptCallAnswer | None:
        """Read an answer and remove it, also one that cannot be read. None where another thread was faster."""
        return self._take("answers", answer_id, ScriptCallAnswer)

    def read_commands(self) -> dict[str, str]:
        """The named ids of scripts in REAPER, by file name; none where no script has noted them."""
        path = self.folder / COMMANDS_FILE
        if not os.path.lexists(path):
            return {}
        data = read_regular(path, COMMANDS_FILE, MAX_MESSAGE_BYTES)
        return decode(data, ScriptCommands, source=COMMANDS_FILE, oldest=1).commands

    def has(self, folder: str, message_id: str) -> bool:
        """Whether a message lies there; so does a link that leads nowhere."""
        return os.path.lexists(self._path(folder, message_id))

    def audio_file(self, name: str) -> Path:
        """The path of an audio file that a request names: a bare name, a regular file, inside the spool."""
        if not _AUDIO_NAME.fullmatch(name):
            raise LinkError(
                f"The request names the audio file {quoted(name)}; only '<id>.wav' inside spool/audio is read."
            )
        path = self.folder / "audio" / name
        check_regular(path, MAX_AUDIO_BYTES, f"audio/{name}")
        return path

    def _take(self, folder: str, message_id: str, kind: type[M]) -> M | None:
        if not self.has(folder, message_id):
            return None
        try:
            return self._read(folder, message_id, kind)
        finally:
            remove(self._path(folder, message_id))

    def _read(self, folder: str, request_id: str, kind: type[M]) -> M:
        name = f"{folder}/{request_id}.json"
        return decode(read_regular(self._path(folder, request_id), name, MAX_MESSAGE_BYTES), kind, source=name)

    # ------------------------------------------------------------ writing

    def save_answered_track(self, track: AnsweredTrack) -> None:
        """Keep what was recorded and answered of a track, for a mix balance."""
        self._write(self._path("members", track.id), track, is_durable=True)

    def read_answered_track(self, request_id: str) -> AnsweredTrack:
        """LinkError where the track was not answered, or too long ago."""
        return self._read("members", request_id, AnsweredTrack)

    def write_reply(self, reply: Reply | MixBalanceReply | VerificationReply) -> None:
        """Write a reply that survives a power cut."""
        self._write(self._path("replies", reply.id), reply, is_durable=True)

    def write_progress(self, progress: Progress) -> None:
        """Write how far a job is."""
        self._write(self._path("progress", progress.id), progress)

    def write_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Show the scripts that a daemon serves this spool."""
        self._write(self.folder / HEARTBEAT_FILE, heartbeat)

    def write_available_models(self, models: Iterable[str]) -> None:
        """Tell the scripts which models there are."""
        offered = tuple(AvailableModel(name=name) for name in models)
        self._write(self.folder / AVAILABLE_MODELS_FILE, AvailableModels(schema=SCHEMA, models=offered))

    def write_script_call(self, call: ScriptCall) -> None:
        """Ask the scripts for something, by one file."""
        self._write(self._path("asks", call.id), call)

    def withdraw_script_call(self, call_id: str) -> bool:
        """Take a call back. False where the scripts were faster."""
        path = self._path("asks", call_id)
        return path.exists() and remove(path)

    def drop_script_calls(self) -> None:
        """Take back the calls of an earlier daemon that nobody answered, and answers that nobody waits for."""
        for folder in ("asks", "answers"):
            for call_id in self._ids(folder):
                remove(self._path(folder, call_id))

    def remove_heartbeat(self) -> None:
        """Show the scripts at once that no daemon serves this spool."""
        remove(self.folder / HEARTBEAT_FILE)

    def begin_attempt(self, request_id: str) -> int:
        """Count one more attempt at this request and return the count, durable before the work begins."""
        path = self._path("attempts", request_id)
        count = 1
        if path.is_file():
            count += self._read("attempts", request_id, Attempts).count
        self._write(path, Attempts(schema=SCHEMA, id=request_id, count=count), is_durable=True)
        return count

    def check_free_space(self) -> None:
        """LinkError when less is free than the setting `spool_free_mib` asks for."""
        free_mib = shutil.disk_usage(self.folder).free / MIB
        if free_mib < self._free_mib:
            raise LinkError(
                f"The disk of {self.folder} has {free_mib:.0f} MiB free, Bridge needs {self._free_mib}. "
                "Free some space and run the action again."
            )

    def _write(self, path: Path, message: Message, *, is_durable: bool = False) -> None:
        if not path.parent.is_dir() or path.parent.is_symlink():  # taken away, or exchanged, since the start
            self.create()
        write_whole(path, encode(message), is_durable=is_durable)

    # ------------------------------------------------------------ removing

    def finish(self, request_id: str, *, keep_audio: bool = False) -> None:
        """Remove what belonged to an answered request. Its reply stays for the script."""
        for folder in ("requests", "progress", "attempts"):
            remove(self._path(folder, request_id))
        if not keep_audio:
            self.drop_audio(f"{request_id}.wav")

    def drop_audio(self, name: str) -> None:
        """Remove an audio file by its bare name; any other name is left alone."""
        if _AUDIO_NAME.fullmatch(name):
            remove(self.folder / "audio" / name)

    def sweep(self, now_s: float | None = None, *, keep: Collection[str] = ()) -> list[Path]:
        """Remove leftovers by age and return them. Files whose names are not Bridge's stay, and those of the ids in
        `keep`: a queue may be hours long, and a clock may jump."""
        now_s = time.time() if now_s is None else now_s
        removed: list[Path] = []
        for folder in FOLDERS:
            for entry in entries(self.folder / folder):
                if not _OWN_NAME.fullmatch(entry.name) or entry.name.partition(".")[0] in keep:
                    continue
                limit_s = PART_AGE_S if entry.name.endswith(".part") else MAX_AGE_S[folder]
                try:
                    age_s = now_s - entry.stat(follow_symlinks=False).st_mtime
                except OSError:
                    continue
                if age_s > limit_s and remove(Path(entry.path)):
                    removed.append(Path(entry.path))
        return removed

    def _path(self, folder: str, request_id: str) -> Path:
        name = f"{request_id}.json"
        if not _MESSAGE_NAME.fullmatch(name):
            raise LinkError(f"{quoted(request_id)} is no id of a request; ids are UUIDs in lower case.")
        return self.folder / folder / name


def request_id_of(path: Path) -> str | None:
    """The id in the name of a request or audio file, or None for any other name."""
    match = _MESSAGE_NAME.fullmatch(path.name)
    return match[1] if match else None
