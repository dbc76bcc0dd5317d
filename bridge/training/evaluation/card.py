"""The card of a model: what people should know of it, written from its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from bridge.atomic_files import write_file
from bridge.model.manifest import CARD_FILE, Manifest, PredictionUse, read_manifest, write_manifest
from bridge.report.tables import describe_unchanged
from bridge.training.evaluation.tables import has_other_recordings


def record_scores(folder: Path, scores: dict[str, Any]) -> Manifest:
    """Write the scores of `evaluate.evaluate_model` into the manifest and the card of the model in `folder`."""
    manifest = read_manifest(folder)
    manifest = msgspec.structs.replace(manifest, scores=manifest.scores | {"test": scores})
    write_manifest(folder, manifest)
    write_file(folder / CARD_FILE, write_card(manifest).encode())
    return manifest


def write_card(manifest: Manifest) -> str:
    """Markdown for the model's README.md."""
    training = manifest.training
    lines = [f"# {manifest.name}", "", manifest.description, ""]
    if training.is_preliminary:
        lines += ["**Preliminary: trained for a few minutes to prove the way. Its settings are rough.**", ""]
    lines += [
        _use(manifest),
        "",
        "## Training",
        "",
        f"- Command: `{training.command}`",
        f"- {training.minutes:g} minutes, {training.steps:,} updates, {training.examples:,} examples, "
        f"seed {training.seed}, {training.date}, Bridge {training.bridge_version}",
        f"- Rendered at {training.sample_rate_hz:,} Hz; works at 22,050 to 192,000 Hz, mono and stereo",
        *(f"- Source: {source}" for source in training.sources),
        f"- Learned from {len(training.training_files)} recordings; weights and confidence were chosen by "
        f"{len(training.validation)} others: `model.json` names them all. What is in neither list was never heard.",
        "",
        "## Confidence",
        "",
        _confidence(manifest),
        "",
        *_scores(manifest),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _use(manifest: Manifest) -> str:
    sets = f"Sets {len(manifest.chain.controls)} controls of {len(manifest.chain.slots)} plugins"
    if manifest.use.automation is not None:
        return (
            f"{sets}, frame by frame: they move in time and rest where there is nothing to do. What the guard cannot "
            "show to help is taken back, place by place."
        )
    use = manifest.use
    if use.loudness_lufs is not None and use.ceiling_dbtp is not None:
        return (
            f"{sets}. With a reference it comes close to that tone; without one {_alone(use)}. It comes out as loud "
            f"as was asked for, else as loud as the reference, else at {use.loudness_lufs:g} LUFS; no true peak lies "
            f"above {use.ceiling_dbtp:g} dBTP, or what was asked for."
        )
    if use.evens_level:
        alone = "it evens out what is too loud and too soft, at the loudness that the track had"
    elif not use.keeps_loudness:
        alone = "it sounds as what it learned from came out of the device, level included"
    else:
        alone = "it goes to where well-recorded material of its kind lies, at the loudness that the track had"
    return f"{sets}. With a reference it comes close to that sound; without one {alone}."


def _alone(use: PredictionUse) -> str:
    if use.tone_range is None:
        return "it goes to where finished recordings lie"
    return f"only what lies outside of the range of good recordings ({use.tone_range}) is moved, to its edge"


def _confidence(manifest: Manifest) -> str:
    if manifest.use.automation is not None:
        return "The confidence of a control is how sure the network was at its surest, averaged over the places."
    if not manifest.confidence.widening:
        return (
            "The confidence of a control is what the network expects of itself: no right settings were known to fit it."
        )
    return (
        f"The confidence of a control is the chance that it lies within {manifest.confidence.tolerance:.0%} of its "
        f"range from the setting that was {'searched for' if _is_searched(manifest) else 'hidden'}, fitted on the "
        "validation recordings."
    )


def _is_searched(manifest: Manifest) -> bool:
    """Whether nobody knew the right settings, and labels were searched for."""
    use = manifest.use
    return use.evens_level or (not use.keeps_loudness and use.loudness_lufs is None and use.automation is None)


def _scores(manifest: Manifest) -> list[str]:
    scores = manifest.scores.get("test")
    if not scores:
        return []
    methods = {row["method"] for rows in scores["uses"].values() for row in rows}
    searches = ""
    if "CMA-ES" in methods:
        searches = (
            " Renders are of windows of 3 s, the guard's included: random search and CMA-ES get as many as the model "
            "takes, which are few candidates."
        )
    lines = [
        "## Scores on recordings it never heard",
        "",
        f"{len(scores['files'])} recordings, {scores['cases_per_file']} cases of each. Mel distance, frame by frame, "
        "to the true target after / before: the median over cases, with its 95% interval by bootstrap over files. The "
        f"guard is on. Lower is better; doing nothing is 1.{searches}",
        "",
    ]
    for use, rows in scores["uses"].items():
        lines += [f"### {use}", "", *_families(scores, use)]
        if has_other_recordings(scores, use):
            lines += ["Stems of songs:", "", *_table(scores["songs"][use]), ""]
            lines += ["All recordings, with those that are no stems:", ""]
        lines += [*_table(rows), "", describe_unchanged(scores["unchanged"][use]), *_details(scores, use), ""]
    return lines


def _families(scores: dict[str, Any], use: str) -> list[str]:
    """Unheard families first, then heard ones; scores of an older Bridge have neither."""
    lines = []
    for kind, rows in scores.get("families", {}).get(use, {}).items():
        if kind != "each" and rows:
            lines += [f"Of {rows[0]['families']} {kind} families, the median of their medians:", "", *_table(rows), ""]
    return lines


def _table(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "| method | after / before | interval | made worse | dB before | dB after | renders | cases |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['method']} | {row['ratio']:.2f} | {row['ratio_low']:.2f} – {row['ratio_high']:.2f} | "
            f"{row['worse']:.1%} | {row['before_db']:.2f} | {row['after_db']:.2f} | {row.get('renders', 0):.0f} | "
            f"{row['cases']} |"
            for row in rows
        ),
    ]


def _details(scores: dict[str, Any], use: str) -> list[str]:
    """Lines on sample rates, settings and what only the task measures: scores of an older Bridge may lack them."""
    lines = []
    if rates := scores.get("rates", {}).get(use):
        ratios = ", ".join(
            f"{row['ratio']:.2f} at {row['sample_rate_hz'] / 1000:g} kHz ({row['home_ratio']:.2f} at their own)"
            for row in rates
        )
        lines += ["", f"At sample rates it never saw, one case of each recording: {ratios}."]
    if controls := scores.get("controls", {}).get(use):
        errors = ", ".join(f"{row['control']} {row['text']}" for row in controls)
        lines += ["", f"Median error of the settings that were applied, where their plugin acts: {errors}."]
    if task := scores.get("task", {}).get(use):
        lines += ["", f"Medians of what only the task measures: {'; '.join(map(_task_metric, task))}."]
    return lines


def _task_metric(row: dict[str, Any]) -> str:
    before = "" if row["before"] is None else f"{row['before']:.2f} before, "
    return f"{row['measure']} {before}{row['after']:.2f} after ({row['largest_after']:.2f} at most)"
