"""What `bridge automix` is to do with one file, checked before anything is loaded. Nothing here loads torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.audio.files import check_written_name
from bridge.errors import AudioError, ModelError
from bridge.model.manifest import Manifest


@dataclass(frozen=True)
class FileJob:
    """One file to auto-mix, and how.

    Attributes:
        source, target: the file to read, and the one to write.
        reference: a file to come close to; `style`: the name of a stored one.
        model: name or folder; None: one that was trained for `chain_file`, or else the default.
        refine_s: how long to search for better settings, in seconds.
        amount_percent: 0..100, how far to go.
        automation: whether settings that move are asked for; only models that have such settings take it.
        loudness_lufs, ceiling_dbtp: for models with a loudness target; None for the model's own.
    """

    source: Path
    target: Path
    reference: Path | None = None
    style: str | None = None
    model: str | None = None
    chain_file: Path | None = None
    refine_s: float = 0.0
    amount_percent: float = 100.0
    automation: bool = False
    loudness_lufs: float | None = None
    ceiling_dbtp: float | None = None


def check_target(job: FileJob) -> None:
    """AudioError for a target that is one of the inputs, lies in no folder, or is of a kind that is not written."""
    check_written_name(job.target)
    for given in (job.source, job.reference):
        if given is not None and job.target.exists() and given.exists() and job.target.samefile(given):
            raise AudioError(
                f"{job.target} is one of the inputs; name another file with -o, and nothing is overwritten."
            )
    if not job.target.parent.is_dir():
        raise AudioError(f"The folder {job.target.parent} does not exist; make it, or choose another with -o.")


def check_options(job: FileJob, manifest: Manifest) -> None:
    """ModelError for an option that the job's model does not know."""
    name, settings = manifest.name, manifest.use
    if manifest.is_automation:
        given = {
            "--reference": job.reference,
            "--style": job.style,
            "--refine": job.refine_s or None,
            "--loudness": job.loudness_lufs,
            "--ceiling": job.ceiling_dbtp,
        }
        for option, value in given.items():
            if value is not None:
                raise ModelError(f"The settings of the model {name} move in time; it knows no {option}.")
    elif job.automation:
        raise ModelError(
            f"The model {name} sets one value per control and knows no --automation: leave the option out, or name a "
            "model whose card says that its settings move in time."
        )
    elif None in (settings.loudness_lufs, settings.ceiling_dbtp) and (job.loudness_lufs, job.ceiling_dbtp) != (
        None,
        None,
    ):
        raise ModelError(
            f"The model {name} has no loudness and true peak to reach: leave --loudness and --ceiling out, or name a "
            "model that has them, such as mastering."
        )
