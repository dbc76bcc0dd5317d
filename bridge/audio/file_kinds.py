"""What of audio files is refused before a decoder opens them: kinds that are not read, by their name, and cut ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge.audio.completeness import content_start, missing_part
from bridge.errors import AudioError

SUFFIXES = frozenset({".wav", ".flac", ".aif", ".aiff", ".ogg", ".opus", ".mp3"})
LOOKED_AT_SUFFIXES = SUFFIXES | {".m4a", ".aac", ".wma", ".mp4", ".bwf", ".w64", ".caf"}
"""Of the files in a folder: those, and others that are looked at so that they are named."""

# What a file begins with after its tags: (place, bytes), and what it is then.
_NOT_READ: Mapping[tuple[int, bytes], str] = {
    (0, b"BW64"): "a BW64 file; export it as WAV or RF64",
    (28, b"\x7fFLAC"): "FLAC inside an Ogg file; convert it to .flac",
    (4, b"ftyp"): "an MP4 or M4A file (AAC or ALAC); convert it to WAV or FLAC",
    (0, b"\xff\xf1"): "an AAC file; convert it to WAV or FLAC",
    (0, b"\xff\xf9"): "an AAC file; convert it to WAV or FLAC",
    (0, b"\x30\x26\xb2\x75"): "a WMA file; convert it to WAV or FLAC",
    (0, b"MAC "): "a Monkey's Audio file; convert it to WAV or FLAC",
    (0, b"wvpk"): "a WavPack file; convert it to WAV or FLAC",
    (0, b"\x1a\x45\xdf\xa3"): "a Matroska or WebM file; convert it to WAV or FLAC",
}


def reject_unreadable(path: Path) -> None:
    """Raise AudioError for a file of a kind that is known and not read, and for one that is cut off."""
    with path.open("rb") as file:
        file.seek(content_start(file))
        head = file.read(64)
    for (place, magic), kind in _NOT_READ.items():
        if head[place : place + len(magic)] == magic:
            raise AudioError(f"{path} is {kind}.")
    if (missing := missing_part(path)) is not None:
        raise AudioError(f"{path} {missing}.")
