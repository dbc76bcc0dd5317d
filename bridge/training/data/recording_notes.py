"""What the table beside recordings says of them, for tasks that learn from some kinds of sound alone: kind and side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.training.data.families import families_of
from bridge.training.data.recordings import AudioFileEntry, Side

REPORTED_FAMILIES = frozenset(
    {
        "breaths_cc0", "everything_is_free", "fof_sectoid", "kevin_macleod", "librivox_sonnets", "ljspeech", "nabucasa",
        "nit_song070", "spleeter", "ultrastar", "vocadito",
    }
)  # fmt: skip
CHOOSING_FAMILIES = frozenset({"digabi", "librosa_data", "sms_tools", "thorsten"})


@dataclass(frozen=True)
class RecordingNotes:
    """Whose a recording is, what it is (the table's `what` begins with the kind), whether it may be learned from."""

    family: str
    what: str
    may_train: bool = True

    @property
    def kind(self) -> str:
        """The first word of what it is: "speech", "breath", "vocals", "mix" ..."""
        return self.what.split(maxsplit=1)[0].lower()

    @property
    def side(self) -> Side:
        """The side of the family: what is reported on was neither trained with nor chosen by."""
        if self.family in REPORTED_FAMILIES or not self.may_train:
            return "test"
        return "validation" if self.family in CHOOSING_FAMILIES else "train"


def read_notes(files: Sequence[AudioFileEntry]) -> dict[Path, RecordingNotes]:
    """Return the notes of those of `files` of which a table says what they are, by their path."""
    families = families_of(files)
    return {
        file.path: RecordingNotes(family.name, family.what, family.may_train)
        for file in files
        if (family := families[file.name]).what.strip()
    }
